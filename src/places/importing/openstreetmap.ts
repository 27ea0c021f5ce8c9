// Named points of interest out of an OSM PBF file. A way or relation stands where the middle of its box is, so its nodes must be
// found: nodes come first in the file, and which are needed is known at its end. Hence two passes, and a third over the ways when
// a relation has some; each reads only the blocks that it needs.
import { DETAIL_KEYS, PLACE_KEYS, placeTypes, vicinityOf } from '../openstreetmap-types.ts';
import { Bounds } from './bounds.ts';
import type { Format } from './format.ts';
import type { Intake } from './intake.ts';
import { type BlockReader, type Member, readOsmBlock, type Tags } from './osm-block.ts';
import { OsmFile } from './osm-file.ts';

const KEYS = {
  neededKey: 'name',
  otherKeys: new Set(PLACE_KEYS),
  shownKeys: new Set(DETAIL_KEYS),
};

/** A way or relation that is a place, until it is known where it is. */
interface Outline {
  readonly label: string;
  readonly name: string;
  readonly types: readonly string[];
  readonly vicinity: string;
  readonly bounds: Bounds;
}

/** Share of the first pass in the work. */
const FIRST_PASS = 0.6;

class Import {
  readonly #file: OsmFile;
  readonly #intake: Intake;
  readonly #outlines: Outline[] = [];
  /** For each node that an outline has: its id, and the outline's number. */
  readonly #nodeIds: number[] = [];
  readonly #nodeOutlines: number[] = [];
  readonly #outlinesByWay = new Map<number, number[]>();

  constructor(file: OsmFile, intake: Intake) {
    this.#file = file;
    this.#intake = intake;
  }

  async run(): Promise<void> {
    const blocks = Array.from({ length: this.#file.blocks }, (_, number) => number);
    const withNodes: number[] = [];
    const withWays: number[] = [];
    const first: BlockReader = { ...KEYS, node: this.#node, way: this.#way, relation: this.#relation };
    for await (const { number, bytes } of this.#file.read(blocks)) {
      const { hasNodes, hasWays } = readOsmBlock(bytes, first);
      if (hasNodes) withNodes.push(number);
      if (hasWays) withWays.push(number);
      this.#intake.progress((FIRST_PASS * (number + 1)) / blocks.length);
    }
    if (this.#outlinesByWay.size > 0) await this.#readAgain(withWays, { ...KEYS, everyWay: this.#memberWay });
    if (this.#nodeIds.length > 0) await this.#readAgain(withNodes, { ...KEYS, everyNode: this.#nodeFinder() });
    for (const { label, name, types, vicinity, bounds } of this.#outlines) {
      // An extract may leave out the nodes of a way that only reaches into it.
      if (bounds.isEmpty) this.#intake.refuse(label, 'none of its nodes is in the file');
      else this.#intake.add(label, { name, types, vicinity, latitude: bounds.latitude, longitude: bounds.longitude });
    }
  }

  async #readAgain(blocks: readonly number[], reader: BlockReader): Promise<void> {
    for await (const { number, bytes } of this.#file.read(blocks)) {
      readOsmBlock(bytes, reader);
      this.#intake.progress(FIRST_PASS + ((1 - FIRST_PASS) * (number + 1)) / this.#file.blocks);
    }
  }

  readonly #node = (id: number, latitude: number, longitude: number, tags: Tags): void => {
    const place = this.#placeFrom(tags);
    if (place) this.#intake.add(`node ${id}`, { ...place, latitude, longitude });
  };

  readonly #way = (id: number, refs: readonly number[], tags: Tags): void => {
    const outline = this.#addOutline(`way ${id}`, tags);
    if (outline !== undefined) for (const ref of refs) this.#need(ref, outline);
  };

  readonly #relation = (id: number, members: readonly Member[], tags: Tags): void => {
    const outline = this.#addOutline(`relation ${id}`, tags);
    if (outline === undefined) return;
    for (const { kind, id: member } of members) {
      if (kind === 'node') this.#need(member, outline);
      if (kind !== 'way') continue;
      const outlines = this.#outlinesByWay.get(member) ?? [];
      outlines.push(outline);
      this.#outlinesByWay.set(member, outlines);
    }
  };

  readonly #memberWay = (id: number, refs: () => readonly number[]): void => {
    for (const outline of this.#outlinesByWay.get(id) ?? []) for (const ref of refs()) this.#need(ref, outline);
  };

  #addOutline(label: string, tags: Tags): number | undefined {
    const place = this.#placeFrom(tags);
    return place && this.#outlines.push({ label, ...place, bounds: new Bounds() }) - 1;
  }

  #need(node: number, outline: number): void {
    this.#nodeIds.push(node);
    this.#nodeOutlines.push(outline);
  }

  #placeFrom(tags: Tags): Pick<Outline, 'name' | 'types' | 'vicinity'> | undefined {
    const types = placeTypes(tags);
    if (types !== undefined) return { name: tags['name'] as string, types, vicinity: vicinityOf(tags) };
    this.#intake.leaveOut();
    return undefined;
  }

  /** Nodes mostly stand in the order of their ids: then what is needed is walked along beside them, and nothing is searched. */
  #nodeFinder(): (id: number, latitude: number, longitude: number) => void {
    const order = Uint32Array.from(this.#nodeIds, (_, at) => at);
    order.sort((one, other) => (this.#nodeIds[one] as number) - (this.#nodeIds[other] as number));
    const ids = Float64Array.from(order, (at) => this.#nodeIds[at] as number);
    let next = 0;
    return (id, latitude, longitude) => {
      if (next > 0 && (ids[next - 1] as number) >= id) next = firstNotBelow(ids, id);
      while ((ids[next] as number) < id) next += 1;
      for (; ids[next] === id; next += 1) {
        this.#outlines[this.#nodeOutlines[order[next] as number] as number]?.bounds.extend(latitude, longitude);
      }
    };
  }
}

function firstNotBelow(sorted: Float64Array, number: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < number) low = middle + 1;
    else high = middle;
  }
  return low;
}

async function read(path: string, _: unknown, intake: Intake): Promise<void> {
  const file = await OsmFile.open(path);
  try {
    await new Import(file, intake).run();
  } finally {
    await file.close();
  }
}

export const OPENSTREETMAP: Format = {
  name: 'osm',
  unit: 'element',
  origin: {
    key: 'openstreetmap',
    source: 'OpenStreetMap',
    licence: 'ODbL-1.0',
    licenceUrl: 'https://opendatacommons.org/licenses/odbl/1-0/',
    attribution: '© OpenStreetMap contributors (ODbL 1.0).',
    url: 'https://www.openstreetmap.org/copyright',
  },
  read,
};
