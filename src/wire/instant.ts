// Points in time to the nanosecond, as two integers that a double holds exactly; a single double could not tell
// 1520023934.918963997 s from ...998. Also the grammar of stamps and the print of skews. Knows no clock.
import { type ByteWriter, digitsOf, isDigit, setDecimal } from './bytes.ts';

/** POSIX time: `seconds` (may be negative) plus `nanoseconds`, 0 to 999,999,999. */
export interface Instant {
  seconds: number;
  nanoseconds: number;
}

const NANOSECONDS_PER_SECOND = 1_000_000_000;

/** What a signed 64-bit count of nanoseconds can hold: +-9,223,372,036.854775807 s (and ...808 below zero). */
const MOST_SECONDS = 9_223_372_036;
const MOST_NANOSECONDS = 854_775_807;

/** Below zero, at zero or above it, as `left` is before, at or after `right`. */
export function compareInstants(left: Instant, right: Instant): number {
  return left.seconds - right.seconds || left.nanoseconds - right.nanoseconds;
}

export function copyInstant(source: Instant, into: Instant): void {
  into.seconds = source.seconds;
  into.nanoseconds = source.nanoseconds;
}

/**
 * Reads a stamp, `-?D+(.D+)?` in seconds, from `bytes[start, end)`. Digits after the ninth decimal are allowed and do not
 * count. False if it is anything else, or does not fit in 64-bit nanoseconds; `into` is then undefined.
 */
export function parseStamp(bytes: Uint8Array, start: number, end: number, into: Instant): boolean {
  let at = start;
  const negative = bytes[at] === 0x2d;
  if (negative) at += 1;
  const integerStart = at;
  let seconds = 0;
  while (at < end && isDigit(bytes[at] as number)) {
    seconds = seconds * 10 + (bytes[at] as number) - 0x30;
    if (seconds > MOST_SECONDS) return false;
    at += 1;
  }
  if (at === integerStart) return false;
  let nanoseconds = 0;
  if (at < end) {
    if (bytes[at] !== 0x2e || at + 1 === end) return false;
    at += 1;
    let decimals = 0;
    for (; at < end; at += 1) {
      const byte = bytes[at] as number;
      if (!isDigit(byte)) return false;
      if (decimals === 9) continue;
      nanoseconds = nanoseconds * 10 + byte - 0x30;
      decimals += 1;
    }
    for (; decimals < 9; decimals += 1) nanoseconds *= 10;
  }
  if (seconds === MOST_SECONDS && nanoseconds > MOST_NANOSECONDS + (negative ? 1 : 0)) return false;
  if (negative && nanoseconds > 0) {
    into.seconds = -seconds - 1;
    into.nanoseconds = NANOSECONDS_PER_SECOND - nanoseconds;
  } else {
    into.seconds = negative && seconds > 0 ? -seconds : seconds;
    into.nanoseconds = nanoseconds;
  }
  return true;
}

/** Prints `received - stamp` as a skew: always signed, exactly nine decimals, `+0.263873386`. */
export function writeSkew(out: ByteWriter, received: Instant, stamp: Instant): void {
  let seconds = received.seconds - stamp.seconds;
  let nanoseconds = received.nanoseconds - stamp.nanoseconds;
  if (nanoseconds < 0) {
    seconds -= 1;
    nanoseconds += NANOSECONDS_PER_SECOND;
  }
  const negative = seconds < 0;
  if (negative) {
    seconds = nanoseconds > 0 ? -seconds - 1 : -seconds;
    nanoseconds = nanoseconds > 0 ? NANOSECONDS_PER_SECOND - nanoseconds : 0;
  }
  const digits = digitsOf(seconds);
  out.reserve(digits + 11);
  const { bytes } = out;
  let at = out.length;
  bytes[at] = negative ? 0x2d : 0x2b;
  at = setDecimal(bytes, at + 1, seconds, digits);
  bytes[at] = 0x2e;
  out.length = setDecimal(bytes, at + 1, nanoseconds, 9);
}

/** The instant one nanosecond later. */
export function nextNanosecond(instant: Instant): Instant {
  return instant.nanoseconds === NANOSECONDS_PER_SECOND - 1
    ? { seconds: instant.seconds + 1, nanoseconds: 0 }
    : { seconds: instant.seconds, nanoseconds: instant.nanoseconds + 1 };
}
