// ISO 6709 positions in decimal degrees, latitude then longitude, each with its sign: `+34.068930-118.445127`.
// Knows bytes and degrees, nothing of who is there.
import { asciiText, isDigit } from './bytes.ts';

/** Degrees north (-90 to 90) and east (-180 to 180). */
export interface Position {
  latitude: number;
  longitude: number;
}

/** Decimal digits a double holds exactly; further ones are a fraction of a nanometre and do not change the position. */
const EXACT_DIGITS = 15;

/**
 * Reads `[+-]D+(.D+)?[+-]D+(.D+)?` (ASCII digits; no altitude, no solidus, no exponent) from `bytes[start, end)`.
 * False if it is anything else or out of range; `into` is then undefined.
 */
export function parseLocation(bytes: Uint8Array, start: number, end: number, into: Position): boolean {
  const middle = endOfNumber(bytes, start, end);
  if (middle < 0 || endOfNumber(bytes, middle, end) !== end) return false;
  into.latitude = degrees(bytes, start, middle, 90);
  into.longitude = degrees(bytes, middle, end, 180);
  return !Number.isNaN(into.latitude) && !Number.isNaN(into.longitude);
}

/**
 * A location that `parseLocation` accepted, as `latitude,longitude` with the client's own digits but no `+` and no
 * leading zeros: the form that HTTP providers take, where a raw `+` would mean a space.
 */
export function latitudeLongitude(location: Uint8Array): string {
  const text = asciiText(location);
  const middle = endOfNumber(location, 0, location.length);
  const latitude = plainNumber(text, location, 0, middle);
  return `${latitude},${plainNumber(text, location, middle, location.length)}`;
}

/** The number that stands at `[start, end)`, in the text and as bytes. */
function plainNumber(text: string, bytes: Uint8Array, start: number, end: number): string {
  const point = endOfDigits(bytes, start + 1, end);
  let first = start + 1;
  while (first < point - 1 && bytes[first] === 0x30) first += 1;
  const digits = text.slice(first, Math.min(end, point + 1 + EXACT_DIGITS));
  return bytes[start] === 0x2d ? `-${digits}` : digits;
}

/** Where the signed number that starts at `start` ends, or -1 if none starts there. */
function endOfNumber(bytes: Uint8Array, start: number, end: number): number {
  if (bytes[start] !== 0x2b && bytes[start] !== 0x2d) return -1;
  let at = endOfDigits(bytes, start + 1, end);
  if (at === start + 1) return -1;
  if (at < end && bytes[at] === 0x2e) {
    const fraction = at + 1;
    at = endOfDigits(bytes, fraction, end);
    if (at === fraction) return -1;
  }
  return at;
}

function endOfDigits(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isDigit(bytes[at] as number)) at += 1;
  return at;
}

/** The value of a signed number that is known to be one; NaN when it is more than `most`, by however little. */
function degrees(bytes: Uint8Array, start: number, end: number, most: number): number {
  let value = 0;
  let digits = 0;
  let decimals = 0;
  let inFraction = false;
  let dropped = false;
  for (let at = start + 1; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte === 0x2e) {
      if (value > most) return Number.NaN;
      inFraction = true;
    } else if (digits < EXACT_DIGITS) {
      value = value * 10 + byte - 0x30;
      if (value > 0) digits += 1;
      if (inFraction) decimals += 1;
    } else if (inFraction) {
      dropped ||= byte !== 0x30;
    } else {
      return Number.NaN;
    }
  }
  value /= 10 ** decimals;
  if (value > most || (value === most && dropped)) return Number.NaN;
  return bytes[start] === 0x2d ? -value : value;
}
