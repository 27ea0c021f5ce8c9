// The report that nearly every client sends, read in one pass over its bytes: `IAMAT <client> <location> <stamp>` with single spaces,
// nothing at its ends, and numbers of a usual length. Everything else, right or wrong, is left to `parseCommand`, which
// knows the whole grammar; a property test holds the two together.
import { isDigit, LF, passAboveSpace, SPACE, Words } from './bytes.ts';
import type { Command } from './command.ts';
import type { Instant } from './instant.ts';
import type { Position } from './location.ts';

/** A location's number has at most this many digits behind its point here. */
const MOST_DECIMALS = 12;
/** Ten digits of seconds are the largest number that fits, and its neighbourhood; nine always fit, and so does this century. */
const SECONDS_BELOW = 9_223_372_036;

const POINT = 0x2e;
/** More digits than these may not fit in 31 bits. */
const SMALL_DIGITS = 9;
/** What the last of so many decimals of a second is worth. */
const NANOSECONDS: Int32Array = Int32Array.from({ length: SMALL_DIGITS + 1 }, (_, decimals) => 10 ** (9 - decimals));

const POWERS: Float64Array = Float64Array.from({ length: MOST_DECIMALS + 1 }, (_, exponent) => 10 ** exponent);

/**
 * Reads the line that starts at `start`, if it is such a report and ends before `end`: into `command`, as `parseCommand` would.
 * Returns where its LF is, or -1 if `parseCommand` must look.
 */
export function parsePlainReport(bytes: Uint8Array, start: number, end: number, command: Command): number {
  // The shortest: `IAMAT c +1+1 1` and its LF.
  if (end - start < 15) return -1;
  if (bytes[start] !== 0x49 || bytes[start + 1] !== 0x41 || bytes[start + 2] !== 0x4d) return -1;
  if (bytes[start + 3] !== 0x41 || bytes[start + 4] !== 0x54 || bytes[start + 5] !== SPACE) return -1;
  const clientStart = start + 6;
  let at = passAboveSpace(from.of(bytes), clientStart, end);
  while (at < end && (bytes[at] as number) > SPACE) at += 1;
  if (at === clientStart || at >= end || bytes[at] !== SPACE) return -1;
  command.clientStart = clientStart;
  command.clientEnd = at;
  command.locationStart = at + 1;
  at = degrees(bytes, at + 1, end, 90);
  if (at < 0) return -1;
  command.position.latitude = read[0] as number;
  at = degrees(bytes, at, end, 180);
  if (at < 0 || at >= end || bytes[at] !== SPACE) return -1;
  command.position.longitude = read[0] as number;
  command.locationEnd = at;
  command.stampStart = at + 1;
  at = seconds(bytes, at + 1, end, command.stamp);
  if (at < 0 || at >= end || bytes[at] !== LF) return -1;
  command.stampEnd = at;
  return at;
}

/**
 * Reads a location of a usual form, as `parseLocation` would; false if that must look.
 */
export function parsePlainLocation(bytes: Uint8Array, start: number, end: number, into: Position): boolean {
  const middle = degrees(bytes, start, end, 90);
  if (middle < 0) return false;
  into.latitude = read[0] as number;
  if (degrees(bytes, middle, end, 180) !== end) return false;
  into.longitude = read[0] as number;
  return true;
}

/** Reads a stamp of a usual form, as `parseStamp` would; false if that must look. */
export function parsePlainStamp(bytes: Uint8Array, start: number, end: number, into: Instant): boolean {
  return seconds(bytes, start, end, into) === end;
}

/** What reports are read from. */
const from = new Words();

/** What `degrees` and `digits` read: in typed arrays, because a variable of the module would be a new object for each number. */
const read: Float64Array = new Float64Array(1);
const whole: Int32Array = new Int32Array(1);

/** `[+-]D+(.D+)?` up to `most`; returns where it ends, or -1. */
function degrees(bytes: Uint8Array, start: number, end: number, most: number): number {
  const sign = bytes[start];
  if (sign !== 0x2b && sign !== 0x2d) return -1;
  let at = digits(bytes, start + 1, end);
  // Three are enough for any degree.
  if (at === start + 1 || at > start + 4) return -1;
  let value = whole[0] as number;
  if (at < end && bytes[at] === POINT) {
    const fraction = at + 1;
    at = digits(bytes, fraction, end);
    value = value * (POWERS[at - fraction] as number) + (whole[0] as number);
    const rest = at;
    if (at === fraction + SMALL_DIGITS) {
      at = digits(bytes, rest, end);
      value = value * (POWERS[at - rest] as number) + (whole[0] as number);
    }
    const decimals = at - fraction;
    if (decimals === 0 || decimals > MOST_DECIMALS) return -1;
    value /= POWERS[decimals] as number;
  }
  if (value > most) return -1;
  read[0] = sign === 0x2d ? -value : value;
  return at;
}

/** `D+(.D+)?` into a stamp; returns where it ends, or -1. */
function seconds(bytes: Uint8Array, start: number, end: number, stamp: Instant): number {
  let at = digits(bytes, start, end);
  let read = whole[0] as number;
  if (at === start + SMALL_DIGITS && at < end && isDigit(bytes[at] as number)) {
    read = read * 10 + (bytes[at] as number) - 0x30;
    at += 1;
  }
  if (at === start || read >= SECONDS_BELOW) return -1;
  stamp.seconds = read;
  stamp.nanoseconds = 0;
  if (at >= end || bytes[at] !== POINT) return at;
  const fraction = at + 1;
  at = digits(bytes, fraction, end);
  if (at === fraction) return -1;
  stamp.nanoseconds = Math.imul(whole[0] as number, NANOSECONDS[at - fraction] as number);
  return at;
}

/**
 * Reads the digits that stand at `start`, at most as many as a small integer holds: what a double adds up takes three times as long.
 * Returns where they end; the number is in `whole`.
 */
function digits(bytes: Uint8Array, start: number, end: number): number {
  const last = Math.min(end, start + SMALL_DIGITS);
  let value = 0;
  let at = start;
  for (; at < last; at += 1) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) break;
    value = Math.imul(value, 10) + digit;
  }
  whole[0] = value;
  return at;
}
