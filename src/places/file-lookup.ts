// Lookups over opened .places files: nearest chunks first, until no further chunk can hold a nearer place. Imported only when the
// first lookup comes: this is where the index's code is.
import { boxHaversine } from './box-distance.ts';
import { distanceKm, EARTH_RADIUS_KM, haversineToKm, kmToHaversine, RADIANS_PER_DEGREE } from '../wire/distance.ts';
import { ChunkCache } from './chunk-cache.ts';
import { CHUNKS_A_TURN, SOURCES } from './limits.ts';
import { type FoundPlace, NearbyPrinter } from './nearby-printer.ts';
import { type PlaceFilter, PlaceFilters } from './place-filter.ts';
import { PlacesFile, type PlacesSource, UNITS_PER_DEGREE } from './places-file.ts';
import { PlacesError, type PlacesQuery } from './provider.ts';

/** In radians, some metres: more than rounding could cost. */
const WINDOW_MARGIN = 1e-6;
const HALF_ROUND: number = 180 * UNITS_PER_DEGREE;

interface RankedPlace extends FoundPlace {
  readonly distanceKm: number;
}

/** A chunk that may hold something within the radius. */
interface Candidate {
  readonly cache: ChunkCache;
  readonly filter: PlaceFilter;
  readonly chunk: number;
  /** Of its box. */
  readonly haversine: number;
}

interface OpenedFile {
  readonly cache: ChunkCache;
  readonly filters: PlaceFilters;
}

export class FileLookup {
  readonly sources: readonly PlacesSource[];
  readonly #files: readonly OpenedFile[];
  readonly #printer: NearbyPrinter;

  /** @throws {PlacesError} when one of the files is missing, none of ours, or not whole */
  constructor(paths: readonly string[], keptBytes?: number) {
    const files: PlacesFile[] = [];
    try {
      for (const path of paths) files.push(PlacesFile.open(path));
      this.sources = files.flatMap((file) => file.header.sources);
      if (this.sources.length > SOURCES) throw new PlacesError(`more than ${SOURCES} sources in one answer`);
    } catch (error) {
      for (const file of files) file.close();
      throw error;
    }
    this.#files = files.map((file) => ({
      cache: new ChunkCache(file, keptBytes),
      filters: new PlaceFilters(file.header.kinds),
    }));
    this.#printer = new NearbyPrinter(files);
  }

  /** At once when all that is needed is in memory, else when it has been read. @throws {PlacesError}, or rejects with one */
  near(query: PlacesQuery, signal: AbortSignal): Uint8Array | Promise<Uint8Array> {
    const search = new Search(query, this.#candidates(query));
    const waiting = search.goOn();
    return waiting === undefined ? this.#print(query, search) : this.#wait(query, search, waiting, signal);
  }

  close(): void {
    for (const { cache } of this.#files) cache.file.close();
  }

  async #wait(
    query: PlacesQuery,
    search: Search,
    waiting: Promise<void>,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    for (let next: Promise<void> | undefined = waiting; next !== undefined; next = search.goOn()) {
      await next;
      if (signal.aborted) throw new PlacesError('the client that asked is gone');
    }
    return this.#print(query, search);
  }

  #print({ limit }: PlacesQuery, { found }: Search): Uint8Array {
    return this.#printer.print(limit === 0 ? [] : found, found.length > 0);
  }

  /** Nearest first. */
  #candidates(query: PlacesQuery): Candidate[] {
    const { latitude, longitude, radiusKm } = query;
    const cosine = Math.cos(latitude * RADIANS_PER_DEGREE);
    const within = kmToHaversine(radiusKm);
    const { west, south, east, north } = windowAround(latitude, longitude, radiusKm);
    const candidates: Candidate[] = [];
    for (const { cache, filters } of this.#files) {
      const filter = filters.of(query);
      if (filter === undefined) continue;
      const { file } = cache;
      for (let chunk = 0; chunk < file.chunks; chunk += 1) {
        if (file.north(chunk) < south || file.south(chunk) > north) continue;
        if (file.east(chunk) < west || file.west(chunk) > east) continue;
        const haversine = chunkHaversine(file, chunk, cosine, latitude, longitude);
        if (haversine <= within) candidates.push({ cache, filter, chunk, haversine });
      }
    }
    return candidates.sort((one, other) => one.haversine - other.haversine);
  }
}

/** A unit more on each side than its places need: rounding must not leave one out that lies just on the edge. */
function chunkHaversine(file: PlacesFile, chunk: number, cosine: number, latitude: number, longitude: number): number {
  const south = (file.south(chunk) - 1) / UNITS_PER_DEGREE;
  const north = (file.north(chunk) + 1) / UNITS_PER_DEGREE;
  const west = (file.west(chunk) - 1) / UNITS_PER_DEGREE;
  const east = (file.east(chunk) + 1) / UNITS_PER_DEGREE;
  return boxHaversine(cosine, latitude, longitude, west, south, east, north);
}

/** Latitudes and longitudes that hold the whole circle, in the file's units: of the boxes most are outside, for little work. */
function windowAround(latitude: number, longitude: number, radiusKm: number): Record<'west' | 'south' | 'east' | 'north', number> {
  const reach = radiusKm / EARTH_RADIUS_KM + WINDOW_MARGIN;
  const units = UNITS_PER_DEGREE / RADIANS_PER_DEGREE;
  const south = latitude * UNITS_PER_DEGREE - reach * units;
  const north = latitude * UNITS_PER_DEGREE + reach * units;
  const sine = Math.sin(reach) / Math.cos(latitude * RADIANS_PER_DEGREE);
  const reachAcross = sine < 1 ? Math.asin(sine) * units : Number.POSITIVE_INFINITY;
  const west = longitude * UNITS_PER_DEGREE - reachAcross;
  const east = longitude * UNITS_PER_DEGREE + reachAcross;
  const isRound = west < -HALF_ROUND || east > HALF_ROUND;
  return isRound ? { west: -HALF_ROUND, south, east: HALF_ROUND, north } : { west, south, east, north };
}

/** One lookup on its way through the chunks. */
class Search {
  /** The nearest so far, nearest first; at least one if there is one, since the status depends on it. */
  found: RankedPlace[] = [];
  readonly #query: PlacesQuery;
  readonly #candidates: readonly Candidate[];
  readonly #wanted: number;
  #next = 0;

  constructor(query: PlacesQuery, candidates: readonly Candidate[]) {
    this.#query = query;
    this.#candidates = candidates;
    this.#wanted = Math.max(1, query.limit);
  }

  /** Searches what is in memory, for a turn; what to wait for before going on, or undefined when it is done. */
  goOn(): Promise<void> | undefined {
    for (let searched = 0; this.#next < this.#candidates.length; searched += 1) {
      const { cache, filter, chunk, haversine } = this.#candidates[this.#next] as Candidate;
      const radiusKm = this.#reachKm();
      if (haversineToKm(haversine) > radiusKm) return undefined;
      const index = cache.get(chunk);
      if (index === undefined) return cache.load(chunk);
      if (searched === CHUNKS_A_TURN) return new Promise((resolve) => setImmediate(resolve));
      this.#next += 1;
      const { latitude, longitude } = this.#query;
      const isWanted = (row: number): boolean => filter.isWanted(index.chunk, row);
      for (const row of index.nearest(latitude, longitude, this.#wanted, radiusKm, isWanted)) {
        const distance = distanceKm(latitude, longitude, index.latitude(row), index.longitude(row));
        this.found.push({ chunk: index.chunk, row, distanceKm: distance });
      }
      this.found.sort((one, other) => one.distanceKm - other.distanceKm);
      this.found.length = Math.min(this.found.length, this.#wanted);
    }
    return undefined;
  }

  /** Nothing farther away than this is of use. */
  #reachKm(): number {
    const farthest = this.found[this.#wanted - 1];
    return farthest === undefined ? this.#query.radiusKm : Math.min(farthest.distanceKm, this.#query.radiusKm);
  }
}
