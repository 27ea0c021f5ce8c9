// What one block of an OSM PBF file says: nodes, ways and relations, as far as somebody asks. Most elements have no name and are no
// place; for them no object is made. Knows the format's messages; nothing of what is a place.
import { PbfReader } from 'pbf';
import { PlacesError } from '../provider.ts';

export type Tags = Readonly<Record<string, string>>;

export interface Member {
  readonly kind: 'node' | 'way' | 'relation';
  readonly id: number;
}

/** Who looks at a block. What is undefined is not even decoded. */
export interface BlockReader {
  /** Elements are shown to the functions below when they have a tag of a key that is needed, and one of the others. */
  readonly neededKey: string;
  readonly otherKeys: ReadonlySet<string>;
  /** Further keys that are shown. */
  readonly shownKeys: ReadonlySet<string>;
  readonly node?: (id: number, latitude: number, longitude: number, tags: Tags) => void;
  readonly way?: (id: number, refs: readonly number[], tags: Tags) => void;
  readonly relation?: (id: number, members: readonly Member[], tags: Tags) => void;
  /** Every node there is, in degrees. */
  readonly everyNode?: (id: number, latitude: number, longitude: number) => void;
  /** Every way there is. */
  readonly everyWay?: (id: number, refs: () => readonly number[]) => void;
}

export interface BlockSummary {
  elements: number;
  hasNodes: boolean;
  hasWays: boolean;
}

const NEEDED = 1;
const OTHER = 2;
const SHOWN = 3;
const MEMBER_KINDS = ['node', 'way', 'relation'] as const;

/** One element that is not in a dense group, as its message has it. */
interface Element {
  id: number;
  keys: number[];
  values: number[];
  latitude: number;
  longitude: number;
  refs: number[];
  memberKinds: number[];
  memberIds: number[];
}

interface Dense {
  ids: number[];
  latitudes: number[];
  longitudes: number[];
  keysAndValues: number[];
}

/** @throws {PlacesError} when the block is no block */
export function readOsmBlock(bytes: Uint8Array, reader: BlockReader): BlockSummary {
  return new Block(bytes, reader).read();
}

class Block {
  readonly #pbf: PbfReader;
  readonly #reader: BlockReader;
  readonly #summary: BlockSummary = { elements: 0, hasNodes: false, hasWays: false };
  readonly #strings: string[] = [];
  /** What each string is as a key: NEEDED, OTHER, SHOWN or 0. */
  #keys = new Uint8Array(0);
  #granularity = 100;
  #latitudeOffset = 0;
  #longitudeOffset = 0;
  /** Whether any element can be what somebody looks for by its tags. */
  #mayHavePlaces = false;

  constructor(bytes: Uint8Array, reader: BlockReader) {
    this.#pbf = new PbfReader(bytes);
    this.#reader = reader;
  }

  read(): BlockSummary {
    const groups: number[] = [];
    const { node, way, relation } = this.#reader;
    const looksAtTags = node !== undefined || way !== undefined || relation !== undefined;
    // Granularity and offsets come behind the groups that need them.
    this.#pbf.readFields((tag, _, pbf) => {
      if (tag === 1 && looksAtTags) pbf.readMessage(this.#readString, undefined);
      else if (tag === 2) {
        const end = pbf.readVarint() + pbf.pos;
        groups.push(pbf.pos, end);
        pbf.pos = end;
      } else if (tag === 17) this.#granularity = pbf.readVarint();
      else if (tag === 19) this.#latitudeOffset = pbf.readVarint(true);
      else if (tag === 20) this.#longitudeOffset = pbf.readVarint(true);
    }, undefined);
    this.#readKeys();
    for (let at = 0; at < groups.length; at += 2) {
      this.#pbf.pos = groups[at] as number;
      this.#pbf.readFields(this.#readGroup, undefined, groups[at + 1] as number);
    }
    return this.#summary;
  }

  readonly #readString = (tag: number, _: undefined, pbf: PbfReader): void => {
    if (tag === 1) this.#strings.push(pbf.readString());
  };

  #readKeys(): void {
    const { neededKey, otherKeys, shownKeys } = this.#reader;
    this.#keys = Uint8Array.from(this.#strings, (text) =>
      text === neededKey ? NEEDED : otherKeys.has(text) ? OTHER : shownKeys.has(text) ? SHOWN : 0,
    );
    this.#mayHavePlaces = this.#keys.includes(NEEDED) && this.#keys.includes(OTHER);
  }

  readonly #readGroup = (tag: number, _: undefined, pbf: PbfReader): void => {
    const { node, everyNode, way, everyWay, relation } = this.#reader;
    if (tag === 2) {
      this.#summary.hasNodes = true;
      this.#readDense(pbf.readMessage(readDense, { ids: [], latitudes: [], longitudes: [], keysAndValues: [] }));
      return;
    }
    if (tag < 1 || tag > 4) return;
    this.#summary.elements += 1;
    this.#summary.hasNodes ||= tag === 1;
    this.#summary.hasWays ||= tag === 3;
    const byTags = tag === 1 ? node : tag === 3 ? way : relation;
    const every = tag === 1 ? everyNode : tag === 3 ? everyWay : undefined;
    // What is not read here is passed over by whoever called.
    if (every === undefined && (byTags === undefined || !this.#mayHavePlaces)) return;
    this.#show(tag, pbf.readMessage(tag === 1 ? readNode : tag === 3 ? readWay : readRelation, emptyElement()));
  };

  #show(tag: number, element: Element): void {
    const { node, everyNode, way, everyWay, relation } = this.#reader;
    const { id } = element;
    const tags = this.#tagsOf(element);
    if (tag === 1) {
      const [latitude, longitude] = [this.#latitude(element.latitude), this.#longitude(element.longitude)];
      everyNode?.(id, latitude, longitude);
      if (tags) node?.(id, latitude, longitude, tags);
    } else if (tag === 3) {
      everyWay?.(id, () => summed(element.refs));
      if (tags) way?.(id, summed(element.refs), tags);
    } else if (tags) {
      const ids = summed(element.memberIds);
      if (ids.length !== element.memberKinds.length) throw new PlacesError(`relation ${id} is damaged`);
      const members = ids.map((member, at) => ({
        kind: MEMBER_KINDS[element.memberKinds[at] ?? 0] ?? 'node',
        id: member,
      }));
      relation?.(id, members, tags);
    }
  }

  #readDense({ ids, latitudes, longitudes, keysAndValues }: Dense): void {
    if (latitudes.length !== ids.length || longitudes.length !== ids.length) {
      throw new PlacesError('a group of nodes is damaged');
    }
    this.#summary.elements += ids.length;
    const { node, everyNode } = this.#reader;
    const looksAtTags = node !== undefined && this.#mayHavePlaces && keysAndValues.length > 0;
    if (everyNode === undefined && !looksAtTags) return;
    let [id, latitude, longitude, at] = [0, 0, 0, 0];
    for (let index = 0; index < ids.length; index += 1) {
      id += ids[index] as number;
      latitude += latitudes[index] as number;
      longitude += longitudes[index] as number;
      everyNode?.(id, this.#latitude(latitude), this.#longitude(longitude));
      if (!looksAtTags) continue;
      const start = at;
      let seen = 0;
      // Ended by a zero; at the end of a damaged group there is nothing.
      for (let key = keysAndValues[at]; key; at += 2, key = keysAndValues[at]) seen |= this.#bitOf(key);
      if (seen === 3)
        node?.(id, this.#latitude(latitude), this.#longitude(longitude), this.#tags(keysAndValues, start, at));
      at += 1;
    }
  }

  #latitude(units: number): number {
    return (this.#latitudeOffset + this.#granularity * units) / 1e9;
  }

  #longitude(units: number): number {
    return (this.#longitudeOffset + this.#granularity * units) / 1e9;
  }

  #bitOf(key: number): number {
    const what = this.#keys[key];
    return what === NEEDED ? 1 : what === OTHER ? 2 : 0;
  }

  /** undefined for an element without the tags that are looked for. */
  #tagsOf({ keys, values }: Element): Tags | undefined {
    if (!this.#mayHavePlaces) return undefined;
    let seen = 0;
    for (const key of keys) seen |= this.#bitOf(key);
    if (seen !== 3) return undefined;
    const pairs = keys.flatMap((key, at) => [key, values[at] ?? -1]);
    return this.#tags(pairs, 0, pairs.length);
  }

  #tags(pairs: readonly number[], start: number, end: number): Tags {
    const tags: Record<string, string> = {};
    for (let at = start; at < end; at += 2) {
      const [key = -1, value = -1] = [pairs[at], pairs[at + 1]];
      const text = this.#strings[value];
      if (text === undefined) throw new PlacesError('a tag is damaged');
      if (this.#keys[key] !== 0) tags[this.#strings[key] as string] = text;
    }
    return tags;
  }
}

function emptyElement(): Element {
  return { id: 0, keys: [], values: [], latitude: 0, longitude: 0, refs: [], memberKinds: [], memberIds: [] };
}

function readDense(tag: number, dense: Dense, pbf: PbfReader): void {
  if (tag === 1) pbf.readPackedSVarint(dense.ids);
  else if (tag === 8) pbf.readPackedSVarint(dense.latitudes);
  else if (tag === 9) pbf.readPackedSVarint(dense.longitudes);
  else if (tag === 10) pbf.readPackedVarint(dense.keysAndValues);
}

function readTags(tag: number, element: Element, pbf: PbfReader): boolean {
  if (tag === 2) pbf.readPackedVarint(element.keys);
  else if (tag === 3) pbf.readPackedVarint(element.values);
  else return false;
  return true;
}

function readNode(tag: number, element: Element, pbf: PbfReader): void {
  if (readTags(tag, element, pbf)) return;
  if (tag === 1) element.id = pbf.readSVarint();
  else if (tag === 8) element.latitude = pbf.readSVarint();
  else if (tag === 9) element.longitude = pbf.readSVarint();
}

function readWay(tag: number, element: Element, pbf: PbfReader): void {
  if (readTags(tag, element, pbf)) return;
  if (tag === 1) element.id = pbf.readVarint();
  else if (tag === 8) pbf.readPackedSVarint(element.refs);
}

function readRelation(tag: number, element: Element, pbf: PbfReader): void {
  if (readTags(tag, element, pbf)) return;
  if (tag === 1) element.id = pbf.readVarint();
  else if (tag === 9) pbf.readPackedSVarint(element.memberIds);
  else if (tag === 10) pbf.readPackedVarint(element.memberKinds);
}

/** Each is written as what it is more than the one before. */
function summed(differences: readonly number[]): number[] {
  let sum = 0;
  return differences.map((difference) => {
    sum += difference;
    return sum;
  });
}
