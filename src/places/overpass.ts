// OpenStreetMap through an Overpass server: no key, real shops and cafés, the public server or one's own. Polite to it: it is told who
// asks, gets two requests at once at most, is left alone when it has had enough, and is asked for nothing twice: the licence
// (ODbL) allows to keep answers, so those for a cell of some 500 m are kept and searched here for the position itself.
import { BoundedCache } from './cache.ts';
import { baseUrl, HttpExchanges, refuseFailure } from './http-exchange.ts';
import { InFlight } from './in-flight.ts';
import {
  CACHE_BYTES,
  CACHE_ENTRIES,
  CELL_DEGREES,
  CELL_REACH_KM,
  OVERPASS_ANSWER_BYTES,
  OVERPASS_REST_FIRST_MS,
  OVERPASS_REST_LEAST_MS,
  OVERPASS_REST_MOST_MS,
  OVERPASS_TURNS,
  OVERPASS_WAITING,
  RINGS_KM,
} from './live-limits.ts';
import { nearest, type OverpassPlace, type OverpassPlaces, printOverpass, readOverpass } from './overpass-places.ts';
import { overpassQuery } from './overpass-query.ts';
import { type Attribution, PlacesError, type PlacesProvider, type PlacesQuery } from './provider.ts';
import { Turns } from './turns.ts';

export interface OverpassOptions {
  /** The server, by default the public one: its base URL, or with `/api`, or that of the interpreter itself. */
  readonly url?: string;
  /** For each request. */
  readonly timeoutMs: number;
  /** How long answers are kept; 0 keeps none. */
  readonly keepMs: number;
  /** Who asks: program and version. */
  readonly userAgent: string;
  /** Called before each request is sent; throws a PlacesError when none may be. */
  readonly spend?: () => void;
  /** Monotonic. */
  readonly nowMs?: () => number;
}

const OVERPASS = 'Overpass';
const PUBLIC_URL = 'https://overpass-api.de';

/** Too many requests, and a server too busy to begin: both pass. */
const HAD_ENOUGH = [429, 504];

export class OverpassProvider implements PlacesProvider {
  readonly name = 'overpass';
  readonly #url: string;
  readonly #userAgent: string;
  readonly #exchanges: HttpExchanges;
  readonly #cells: BoundedCache<OverpassPlaces>;
  readonly #asking = new InFlight<OverpassPlaces>();
  readonly #nowMs: () => number;
  #restsUntilMs = 0;
  #restMs = 0;

  /** @throws {PlacesError} when the base URL is none */
  constructor(options: OverpassOptions) {
    this.#url = interpreterAt(baseUrl(OVERPASS, options.url ?? PUBLIC_URL));
    this.#userAgent = options.userAgent;
    const turns = new Turns(OVERPASS_TURNS, OVERPASS_WAITING);
    this.#exchanges = new HttpExchanges({
      who: OVERPASS,
      timeoutMs: options.timeoutMs,
      answerBytes: OVERPASS_ANSWER_BYTES,
      turn: (signal) => turns.take(signal),
      spend: () => {
        this.#refuseWhileResting();
        options.spend?.();
      },
    });
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#cells = new BoundedCache({ entries: CACHE_ENTRIES, bytes: CACHE_BYTES, keepMs: options.keepMs }, this.#nowMs);
  }

  async near(query: PlacesQuery, signal: AbortSignal): Promise<Uint8Array> {
    const { latitude, longitude, radiusKm } = query;
    const wanted = Math.max(1, query.limit);
    let found: OverpassPlace[] = [];
    for (const ringKm of RINGS_KM) {
      const cell = await this.#cell(query, ringKm, signal);
      if (cell === undefined) break;
      // A ring is whole only as far as it reaches; beyond it there may be nearer ones that were not asked for.
      found = nearest(cell.places, latitude, longitude, Math.min(ringKm, radiusKm));
      if (found.length >= wanted || ringKm >= radiusKm || cell.isCut) break;
    }
    return printOverpass(found.slice(0, query.limit), found.length > 0);
  }

  async about(): Promise<readonly Attribution[]> {
    return [];
  }

  close(): void {
    this.#exchanges.close();
    this.#cells.clear();
  }

  /** The places of everywhere within `ringKm` of anywhere in the position's cell; undefined when none can be wanted. */
  async #cell(query: PlacesQuery, ringKm: number, signal: AbortSignal): Promise<OverpassPlaces | undefined> {
    const { type, keyword, language } = query;
    const latitude = cellMiddle(query.latitude);
    const longitude = cellMiddle(query.longitude);
    const text = overpassQuery(query, latitude, longitude, ringKm + CELL_REACH_KM);
    if (text === undefined) return undefined;
    const key = JSON.stringify([latitude, longitude, ringKm, type, keyword, language]);
    const kept = this.#cells.get(key);
    if (kept !== undefined) return kept;
    return this.#asking.share(key, signal, async (shared) => {
      const places = await this.#ask(text, query, shared);
      this.#cells.set(key, places, places.bytes + key.length);
      return places;
    });
  }

  #ask(text: string, query: PlacesQuery, signal: AbortSignal): Promise<OverpassPlaces> {
    const headers = { 'user-agent': this.#userAgent };
    const init = { method: 'POST', headers, body: new URLSearchParams({ data: text }) };
    return this.#exchanges.ask(this.#url, init, signal, async (response, body) => {
      if (HAD_ENOUGH.includes(response.status)) throw this.#rest(response);
      refuseFailure(OVERPASS, response);
      if (!response.ok) throw new PlacesError(`Overpass refused: HTTP ${response.status}`);
      try {
        const places = readOverpass(await body(), query);
        this.#restMs = 0;
        return places;
      } catch (error) {
        if (error instanceof PlacesError) throw new PlacesError(`Overpass's answer is of no use: ${error.message}`);
        throw error;
      }
    });
  }

  #rest({ status, headers }: Response): PlacesError {
    const asked = retryAfterMs(headers.get('retry-after'));
    // Two requests that were out together are one refusal.
    const isNew = this.#nowMs() >= this.#restsUntilMs;
    if (isNew) this.#restMs = Math.min(OVERPASS_REST_MOST_MS, Math.max(OVERPASS_REST_FIRST_MS, this.#restMs * 2));
    const restMs = Math.min(OVERPASS_REST_MOST_MS, Math.max(OVERPASS_REST_LEAST_MS, asked ?? this.#restMs));
    this.#restsUntilMs = Math.max(this.#restsUntilMs, this.#nowMs() + restMs);
    return new PlacesError(
      `Overpass has had enough (HTTP ${status}): it is left alone for ${Math.ceil(restMs / 1000)} s`,
    );
  }

  #refuseWhileResting(): void {
    const leftMs = this.#restsUntilMs - this.#nowMs();
    if (leftMs > 0) throw new PlacesError(`Overpass is left alone for another ${Math.ceil(leftMs / 1000)} s`);
  }
}

function interpreterAt(base: string): string {
  if (base.endsWith('/interpreter')) return base;
  return base.endsWith('/api') ? `${base}/interpreter` : `${base}/api/interpreter`;
}

/** The middle of the cell that a coordinate is in, in degrees. */
function cellMiddle(degrees: number): string {
  return (Math.round(degrees / CELL_DEGREES) * CELL_DEGREES).toFixed(3);
}

/** Seconds, or a date. Undefined when it is neither. */
function retryAfterMs(text: string | null): number | undefined {
  if (text === null || text === '') return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? undefined : ms;
}
