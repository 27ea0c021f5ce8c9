// OSM PBF files that a test makes up, as the format's description has them. Knows the wire format; nothing of our reader.
import { deflateSync } from 'node:zlib';
import { PbfWriter } from 'pbf';

export interface MadeNode {
  readonly id: number;
  readonly latitude: number;
  readonly longitude: number;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface MadeWay {
  readonly id: number;
  readonly refs: readonly number[];
  readonly tags?: Readonly<Record<string, string>>;
}

export interface MadeRelation {
  readonly id: number;
  /** 0 node, 1 way, 2 relation. */
  readonly members: readonly (readonly [0 | 1 | 2, number])[];
  readonly tags?: Readonly<Record<string, string>>;
}

export interface MadeOsm {
  readonly nodes?: readonly MadeNode[];
  readonly ways?: readonly MadeWay[];
  readonly relations?: readonly MadeRelation[];
  /** Nodes one by one, as old programs write them, and blocks that are not compressed. */
  readonly plain?: boolean;
  readonly features?: readonly string[];
}

export function madeOsm({ nodes = [], ways = [], relations = [], plain = false, features }: MadeOsm): Buffer {
  const header = new PbfWriter();
  for (const feature of features ?? ['OsmSchema-V0.6', 'DenseNodes']) header.writeStringField(4, feature);
  const blocks = [blob('OSMHeader', header.finish(), plain)];
  if (nodes.length > 0)
    blocks.push(block(plain, (strings, group) => (plain ? plainNodes : denseNodes)(nodes, strings, group)));
  if (ways.length > 0) blocks.push(block(plain, (strings, group) => writeWays(ways, strings, group)));
  if (relations.length > 0) blocks.push(block(plain, (strings, group) => writeRelations(relations, strings, group)));
  return Buffer.concat(blocks);
}

/** A string's number in the table of a block. */
type Strings = (text: string) => number;

/** Everything finer than the usual 1e-7 degree, with an offset: who reads must use both. */
const GRANULARITY = 10;
const OFFSET = 1_000_000_000;
const units = (degrees: number): number => Math.round((degrees * 1e9 - OFFSET) / GRANULARITY);

const differences = (numbers: readonly number[]): number[] =>
  numbers.map((number, at) => number - (numbers[at - 1] ?? 0));

function block(plain: boolean, write: (strings: Strings, group: PbfWriter) => void): Buffer {
  const table = [''];
  const strings: Strings = (text) => {
    const known = table.indexOf(text);
    return known >= 0 ? known : table.push(text) - 1;
  };
  const group = new PbfWriter();
  write(strings, group);
  const pbf = new PbfWriter();
  pbf.writeMessage(1, (_, inner) => table.forEach((text) => inner.writeBytesField(1, Buffer.from(text))), undefined);
  pbf.writeBytesField(2, group.finish());
  pbf.writeVarintField(17, GRANULARITY);
  pbf.writeVarintField(19, OFFSET);
  pbf.writeVarintField(20, OFFSET);
  return blob('OSMData', pbf.finish(), plain);
}

function blob(type: string, content: Uint8Array, plain: boolean): Buffer {
  const body = new PbfWriter();
  if (plain) body.writeBytesField(1, content);
  else {
    body.writeVarintField(2, content.length);
    body.writeBytesField(3, deflateSync(content));
  }
  const bytes = body.finish();
  const header = new PbfWriter();
  header.writeStringField(1, type);
  header.writeVarintField(3, bytes.length);
  const headerBytes = header.finish();
  const length = Buffer.alloc(4);
  length.writeUInt32BE(headerBytes.length);
  return Buffer.concat([length, headerBytes, bytes]);
}

function denseNodes(nodes: readonly MadeNode[], strings: Strings, group: PbfWriter): void {
  const keysAndValues = nodes.flatMap(({ tags = {} }) => [...Object.entries(tags).flat().map(strings), 0]);
  group.writeMessage(
    2,
    (_, dense) => {
      dense.writePackedSVarint(1, differences(nodes.map((node) => node.id)));
      dense.writePackedSVarint(8, differences(nodes.map((node) => units(node.latitude))));
      dense.writePackedSVarint(9, differences(nodes.map((node) => units(node.longitude))));
      dense.writePackedVarint(10, keysAndValues);
    },
    undefined,
  );
}

function plainNodes(nodes: readonly MadeNode[], strings: Strings, group: PbfWriter): void {
  for (const { id, latitude, longitude, tags } of nodes) {
    group.writeMessage(
      1,
      (_, node) => {
        node.writeSVarintField(1, id);
        writeTags(tags, strings, node);
        node.writeSVarintField(8, units(latitude));
        node.writeSVarintField(9, units(longitude));
      },
      undefined,
    );
  }
}

function writeTags(tags: MadeNode['tags'] = {}, strings: Strings, pbf: PbfWriter): void {
  pbf.writePackedVarint(2, Object.keys(tags).map(strings));
  pbf.writePackedVarint(3, Object.values(tags).map(strings));
}

function writeWays(ways: readonly MadeWay[], strings: Strings, group: PbfWriter): void {
  for (const { id, refs, tags } of ways) {
    group.writeMessage(
      3,
      (_, way) => {
        way.writeVarintField(1, id);
        writeTags(tags, strings, way);
        way.writePackedSVarint(8, differences(refs));
      },
      undefined,
    );
  }
}

function writeRelations(relations: readonly MadeRelation[], strings: Strings, group: PbfWriter): void {
  for (const { id, members, tags } of relations) {
    group.writeMessage(
      4,
      (_, relation) => {
        relation.writeVarintField(1, id);
        writeTags(tags, strings, relation);
        relation.writePackedVarint(
          8,
          members.map(() => 0),
        );
        relation.writePackedSVarint(9, differences(members.map(([, member]) => member)));
        relation.writePackedVarint(
          10,
          members.map(([kind]) => kind),
        );
      },
      undefined,
    );
  }
}
