// Finds the rows of one artefact that are nearest to a position. Knows coordinates and kinds; not what is printed.
import { around } from 'geokdbush';
import KDBush from 'kdbush';
import type { Artefact } from './artefact.ts';

const UNITS_PER_DEGREE = 1e7;
/** Layout of kdbush's buffer, version 1: what `KDBush.from` takes. */
const KDBUSH_HEADER_BYTES = 8;
const KDBUSH_MAGIC = 0xdb;
const KDBUSH_VERSION_AND_FLOAT64 = 0x18;

/** Nobody who asks what is near means a helipad on a hospital's roof; `type` still finds it. */
const ONLY_WHEN_ASKED_FOR = 'heliport';

/** Which kinds a lookup wants; `undefined`: all of them. */
type WantedKinds = Uint8Array | undefined;

export class PlaceIndex {
  readonly artefact: Artefact;
  readonly #tree: KDBush;
  readonly #wantedByType = new Map<string | undefined, WantedKinds>();

  constructor(artefact: Artefact) {
    this.artefact = artefact;
    this.#tree = treeOver(artefact);
    const types = new Set(artefact.kinds.flatMap((kind) => kind.types));
    this.#wantedByType.set(undefined, wantedKinds(artefact, (kind) => !kind.includes(ONLY_WHEN_ASKED_FOR)));
    for (const type of types) this.#wantedByType.set(type, wantedKinds(artefact, (kind) => kind.includes(type)));
  }

  /** Numbers of the nearest rows, nearest first, none beyond the radius. */
  nearest(latitude: number, longitude: number, limit: number, radiusKm: number, type?: string): number[] {
    if (!this.#wantedByType.has(type)) return [];
    const wanted = this.#wantedByType.get(type);
    if (wanted === undefined) return around(this.#tree, longitude, latitude, limit, radiusKm);
    const { kindNumbers } = this.artefact;
    const isWanted = (row: number): boolean => wanted[kindNumbers[row] ?? 0] === 1;
    return around(this.#tree, longitude, latitude, limit, radiusKm, isWanted);
  }

  latitude(row: number): number {
    return (this.artefact.coordinates[row * 2 + 1] ?? 0) / UNITS_PER_DEGREE;
  }

  longitude(row: number): number {
    return (this.artefact.coordinates[row * 2] ?? 0) / UNITS_PER_DEGREE;
  }
}

/** The rows are in the tree's order already: the ids are their numbers, and nothing is sorted here. */
function treeOver({ places, nodeSize, coordinates }: Artefact): KDBush {
  const IdArray = places < 65536 ? Uint16Array : Uint32Array;
  const idBytes = places * IdArray.BYTES_PER_ELEMENT;
  const coordinatesAt = KDBUSH_HEADER_BYTES + idBytes + ((8 - (idBytes % 8)) % 8);
  const buffer = new ArrayBuffer(coordinatesAt + coordinates.length * 8);
  new Uint8Array(buffer).set([KDBUSH_MAGIC, KDBUSH_VERSION_AND_FLOAT64]);
  new Uint16Array(buffer, 2, 1)[0] = nodeSize;
  new Uint32Array(buffer, 4, 1)[0] = places;
  const ids = new IdArray(buffer, KDBUSH_HEADER_BYTES, places);
  for (let row = 0; row < places; row += 1) ids[row] = row;
  const degrees = new Float64Array(buffer, coordinatesAt, coordinates.length);
  for (let at = 0; at < coordinates.length; at += 1) degrees[at] = (coordinates[at] ?? 0) / UNITS_PER_DEGREE;
  return KDBush.from(buffer);
}

function wantedKinds({ kinds }: Artefact, isWanted: (types: readonly string[]) => boolean): WantedKinds {
  const wanted = Uint8Array.from(kinds, (kind) => (isWanted(kind.types) ? 1 : 0));
  return wanted.includes(0) ? wanted : undefined;
}
