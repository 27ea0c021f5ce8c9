// Lookups over opened .places files: nearest chunks first, until no further chunk can hold a nearer place. Imported only when the
// first lookup comes: this is where the index's code is.
import { boxHaversine } from './box-distance.ts';
import { ChunkCache } from './chunk-cache.ts';
import { CHUNKS_A_TURN, SOURCES } from './limits.ts';
import { NearbyPrinter } from './nearby-printer.ts';
import { NearestPlaces } from './nearest-places.ts';
import { type PlaceFilter, PlaceFilters } from './place-filter.ts';
import { PlacesFile, type PlacesSource, UNITS_PER_DEGREE } from './places-file.ts';
import { PlacesError, type PlacesQuery } from './provider.ts';

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
    const search = this.#search(query);
    const waiting = search.goOn();
    return waiting === undefined ? this.#print(query, search) : this.#wait(query, search, waiting, signal);
  }

  /** Of a document that `near` gave. */
  statusOf(document: Uint8Array): string {
    return this.#printer.statusOf(document);
  }

  close(): void {
    for (const { cache } of this.#files) cache.file.close();
  }

  async #wait(query: PlacesQuery, search: Search, waiting: Promise<void>, signal: AbortSignal): Promise<Uint8Array> {
    for (let next: Promise<void> | undefined = waiting; next !== undefined; next = search.goOn()) {
      await next;
      if (signal.aborted) throw new PlacesError('the client that asked is gone');
    }
    return this.#print(query, search);
  }

  #print({ limit }: PlacesQuery, { nearest: { found } }: Search): Uint8Array {
    return this.#printer.print(limit === 0 ? [] : found, found.length > 0);
  }

  #search(query: PlacesQuery): Search {
    const { latitude, longitude, radiusKm, limit } = query;
    // At least one, if there is one: the status depends on it.
    const nearest = new NearestPlaces(latitude, longitude, radiusKm, Math.max(1, limit));
    const candidates: Candidate[] = [];
    for (const { cache, filters } of this.#files) {
      const filter = filters.of(query);
      if (filter === undefined) continue;
      const { file } = cache;
      for (let chunk = 0; chunk < file.chunks; chunk += 1) {
        if (!nearest.mayReach(file.west(chunk), file.south(chunk), file.east(chunk), file.north(chunk))) continue;
        const haversine = chunkHaversine(file, chunk, nearest.cosine, latitude, longitude);
        if (haversine <= nearest.reach) candidates.push({ cache, filter, chunk, haversine });
      }
    }
    candidates.sort((one, other) => one.haversine - other.haversine);
    return new Search(nearest, candidates);
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

/** One lookup on its way through the chunks, nearest first. */
class Search {
  readonly nearest: NearestPlaces;
  readonly #candidates: readonly Candidate[];
  #next = 0;

  constructor(nearest: NearestPlaces, candidates: readonly Candidate[]) {
    this.nearest = nearest;
    this.#candidates = candidates;
  }

  /** Searches what is in memory, for a turn; what to wait for before going on, or undefined when it is done. */
  goOn(): Promise<void> | undefined {
    for (let searched = 0; this.#next < this.#candidates.length; searched += 1) {
      const { cache, filter, chunk, haversine } = this.#candidates[this.#next] as Candidate;
      if (haversine > this.nearest.reach) return undefined;
      const loaded = cache.get(chunk);
      if (loaded === undefined) return cache.load(chunk);
      if (searched === CHUNKS_A_TURN) return new Promise((resolve) => setImmediate(resolve));
      this.#next += 1;
      this.nearest.search(loaded, filter.isWanted);
    }
    return undefined;
  }
}
