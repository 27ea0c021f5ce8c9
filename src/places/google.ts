// What both of Google's searches have in common: where they are asked, how metres are written, and how their key is kept.
// Nothing is ever stored: the terms forbid it.
import { HttpExchanges } from './http-exchange.ts';
import { GOOGLE_TURNS, GOOGLE_WAITING } from './live-limits.ts';
import { PlacesError } from './provider.ts';
import { Turns } from './turns.ts';

export interface GoogleOptions {
  /** Base URL instead of Google's own, with or without a path; the API's own path is appended. */
  readonly url?: string;
  /** Without one none is sent, and Google refuses itself. */
  readonly key?: string;
  /** For the whole exchange, from connecting to the last byte. */
  readonly timeoutMs: number;
  /** Largest answer that is read; Google's 20 results are about 40 KB. */
  readonly answerBytes: number;
  /** Called before each request is sent; throws a PlacesError when none may be. */
  readonly spend?: () => void;
}

export const GOOGLE = 'Google';

/** Google's keys have 39 characters, a proxy's may have fewer. What is shorter than this may well be a word of an honest answer. */
const SHORTEST_SECRET = 8;

/** JSON may write any character so: it does not hide a key from who reads it. */
const ESCAPES = /\\(?:u([\da-f]{4})|(["\\/]))/gi;

/** @throws {PlacesError} when the JSON document holds the key, which nobody may see */
export function refuseBetrayal(document: Uint8Array, key: string | undefined): void {
  if (key === undefined || key.length < SHORTEST_SECRET) return;
  const bytes = Buffer.from(document.buffer, document.byteOffset, document.length);
  const text = bytes
    .toString()
    .replace(
      ESCAPES,
      (_, code: string, character: string) => character ?? String.fromCharCode(Number.parseInt(code, 16)),
    );
  if (text.includes(key) || text.includes(encodeURIComponent(key)))
    throw new PlacesError("Google's answer repeats the API key, so nobody gets it");
}

/** To the millimetre, so that 1.1 km are 1100 m and not 1100.0000000000002. */
export function metresFrom(radiusKm: number): number {
  return Number((radiusKm * 1000).toFixed(3));
}

/** Exchanges with Google, so many at once; further ones wait within their time. */
export function googleExchanges(options: GoogleOptions): HttpExchanges {
  const turns = new Turns(GOOGLE_TURNS, GOOGLE_WAITING);
  return new HttpExchanges({ ...options, who: GOOGLE, turn: (signal) => turns.take(signal) });
}
