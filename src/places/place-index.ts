// Finds the rows of one artefact that are nearest to a position. Knows coordinates and kinds; not what is printed.
import { around } from 'geokdbush';
import KDBush from 'kdbush';
import { EARTH_RADIUS_KM } from '../wire/distance.ts';
import type { Artefact } from './artefact.ts';

const UNITS_PER_DEGREE = 1e7;
const RADIANS_PER_DEGREE = Math.PI / 180;
/** Some metres more than rounding could cost. */
const BAND_MARGIN_DEGREES = 1e-4;
/** Layout of kdbush's buffer, version 1: what `KDBush.from` takes. */
const KDBUSH_HEADER_BYTES = 8;
const KDBUSH_MAGIC = 0xdb;
const KDBUSH_VERSION_AND_FLOAT64 = 0x18;

/** Nobody who asks what is near means a helipad on a hospital's roof; `type` still finds it. */
const ONLY_WHEN_ASKED_FOR = 'heliport';

export class PlaceIndex {
  readonly artefact: Artefact;
  readonly #tree: KDBush;
  /** For each type, which kinds a lookup of it wants: 1 at their numbers. */
  readonly #wantedByType = new Map<string | undefined, Uint8Array>();

  constructor(artefact: Artefact) {
    this.artefact = artefact;
    this.#tree = treeOver(artefact);
    const { kinds } = artefact;
    const wanted = (isWanted: (types: readonly string[]) => boolean): Uint8Array =>
      Uint8Array.from(kinds, (kind) => (isWanted(kind.types) ? 1 : 0));
    this.#wantedByType.set(
      undefined,
      wanted((types) => !types.includes(ONLY_WHEN_ASKED_FOR)),
    );
    for (const type of new Set(kinds.flatMap((kind) => kind.types))) {
      this.#wantedByType.set(
        type,
        wanted((types) => types.includes(type)),
      );
    }
  }

  /** Numbers of the nearest rows, nearest first, none beyond the radius. `limit` is at least 1. */
  nearest(latitude: number, longitude: number, limit: number, radiusKm: number, type?: string): number[] {
    const wanted = this.#wantedByType.get(type);
    if (wanted === undefined) return [];
    const { kindNumbers, coordinates } = this.artefact;
    const { south, north } = latitudesWithin(latitude, radiusKm);
    // The search ends at the first point that it finds beyond the radius. So those must not be left out, wanted or not: else a
    // type that is rare, or a desert, would make it walk through the whole world.
    const isCandidate = (row: number): boolean => {
      if (wanted[kindNumbers[row] as number] === 1) return true;
      const y = coordinates[row * 2 + 1] as number;
      return y < south || y > north;
    };
    return around(this.#tree, longitude, latitude, limit, radiusKm, isCandidate);
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

/** A band in the artefact's units that holds the whole circle. */
function latitudesWithin(latitude: number, radiusKm: number): { south: number; north: number } {
  const reach = radiusKm / EARTH_RADIUS_KM / RADIANS_PER_DEGREE + BAND_MARGIN_DEGREES;
  return { south: (latitude - reach) * UNITS_PER_DEGREE, north: (latitude + reach) * UNITS_PER_DEGREE };
}
