// Finds the rows of one chunk that are nearest to a position. Knows coordinates; not what is wanted, nor what is printed.
import { around } from 'geokdbush';
import type KDBush from 'kdbush';
import { EARTH_RADIUS_KM, RADIANS_PER_DEGREE } from '../wire/distance.ts';
import { LEAF_PLACES } from './limits.ts';
import { type Chunk, UNITS_PER_DEGREE } from './places-file.ts';

/** Some metres more than rounding could cost. */
const BAND_MARGIN_DEGREES = 1e-4;

/** 0, 1, 2...: the rows are in the tree's order already, so that all chunks share their ids. */
let identity = new Uint16Array(0);

export class ChunkIndex {
  readonly chunk: Chunk;
  readonly #tree: KDBush;

  constructor(chunk: Chunk) {
    this.chunk = chunk;
    const { places, coordinates } = chunk;
    if (places > identity.length) identity = Uint16Array.from({ length: places }, (_, row) => row);
    const coords = new Float64Array(coordinates.length);
    for (let at = 0; at < coords.length; at += 1) coords[at] = (coordinates[at] as number) / UNITS_PER_DEGREE;
    // All that geokdbush looks at.
    const tree: Pick<KDBush, 'ids' | 'coords' | 'nodeSize'> = {
      ids: identity.subarray(0, places),
      coords,
      nodeSize: LEAF_PLACES,
    };
    this.#tree = tree as KDBush;
  }

  /** Numbers of the nearest wanted rows, nearest first, none beyond the radius. `limit` is at least 1. */
  nearest(
    latitude: number,
    longitude: number,
    limit: number,
    radiusKm: number,
    isWanted: (row: number) => boolean,
  ): number[] {
    const { coordinates } = this.chunk;
    const { south, north } = latitudesWithin(latitude, radiusKm);
    // The search ends at the first point that it finds beyond the radius. So those must not be left out, wanted or not: else a
    // rare type would make it walk through the whole chunk.
    const isCandidate = (row: number): boolean => {
      const y = coordinates[row * 2 + 1] as number;
      return y < south || y > north || isWanted(row);
    };
    return around(this.#tree, longitude, latitude, limit, radiusKm, isCandidate);
  }

  latitude(row: number): number {
    return (this.chunk.coordinates[row * 2 + 1] as number) / UNITS_PER_DEGREE;
  }

  longitude(row: number): number {
    return (this.chunk.coordinates[row * 2] as number) / UNITS_PER_DEGREE;
  }
}

/** A band in the file's units that holds the whole circle. */
function latitudesWithin(latitude: number, radiusKm: number): { south: number; north: number } {
  const reach = radiusKm / EARTH_RADIUS_KM / RADIANS_PER_DEGREE + BAND_MARGIN_DEGREES;
  return { south: (latitude - reach) * UNITS_PER_DEGREE, north: (latitude + reach) * UNITS_PER_DEGREE };
}
