// Positions as whole numbers, in units of 1e-7 degree: 11 mm of latitude. Knows bytes and degrees, nothing of who is there.
import { SPACE } from './bytes.ts';
import { type Position, parseLocation } from './location.ts';

export const UNITS_PER_DEGREE = 1e7;

const MINUS = 0x2d;
const POINT = 0x2e;
const MOST_DECIMALS = 7;
/** By the number of decimals, what makes units of a number that was read without its point. */
const FACTORS: Int32Array = Int32Array.from(
  { length: MOST_DECIMALS + 1 },
  (_, decimals) => 10 ** (MOST_DECIMALS - decimals),
);

/**
 * Rounds a location that `parseLocation` accepts to units, into these two at `index`: north of the equator, and east of Greenwich. It
 * begins at `start` and ends before a space. Numbers with up to seven decimals, which are nearly all, are read as integers.
 */
export function readUnits(
  bytes: Uint8Array,
  start: number,
  norths: Int32Array,
  easts: Int32Array,
  index: number,
): void {
  const middle = readNumber(bytes, start, norths, index);
  if (middle > 0 && readNumber(bytes, middle, easts, index) > 0) return;
  parseLocation(bytes, start, bytes.indexOf(SPACE, start), position);
  norths[index] = Math.round(position.latitude * UNITS_PER_DEGREE);
  easts[index] = Math.round(position.longitude * UNITS_PER_DEGREE);
}

const position: Position = { latitude: 0, longitude: 0 };

/** One number with its sign; returns where it ends, or -1 if it has more decimals than units have. Any other fits in 32 bits. */
function readNumber(bytes: Uint8Array, start: number, into: Int32Array, index: number): number {
  let value = 0;
  let at = start + 1;
  let digit = (bytes[at] as number) - 0x30;
  while (digit >= 0 && digit <= 9) {
    value = (Math.imul(value, 10) + digit) | 0;
    at += 1;
    digit = (bytes[at] as number) - 0x30;
  }
  let decimals = 0;
  if (digit === POINT - 0x30) {
    const fraction = at + 1;
    at = fraction;
    digit = (bytes[at] as number) - 0x30;
    while (digit >= 0 && digit <= 9) {
      value = (Math.imul(value, 10) + digit) | 0;
      at += 1;
      digit = (bytes[at] as number) - 0x30;
    }
    decimals = at - fraction;
    if (decimals > MOST_DECIMALS) return -1;
  }
  value = Math.imul(value, FACTORS[decimals] as number);
  into[index] = bytes[start] === MINUS ? -value : value;
  return at;
}
