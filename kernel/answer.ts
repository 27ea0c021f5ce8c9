// Prints what the reports that were scanned are answered, one reply behind the other: as `src/wire/reply.ts` does, one at a time.
import {
  CLIENT_START,
  NANOSECONDS,
  RECEIVED_NANOSECONDS,
  RECEIVED_SECONDS,
  REPLY_END,
  ROW_BYTES,
  ROWS,
  SECONDS,
  STAMP_END,
  WINDOW,
} from './rows';

/** The most bytes of the replies to one scan: of longer ones fewer are printed. The same in `src/wire/kernel.ts`, as `NAME_BYTES` is. */
const REPLIES_BYTES = 8192;
/** The most bytes of what a reply begins with: up to the space behind the server's name. */
const NAME_BYTES = 128;
/** Text is copied sixteen bytes at a time. */
const SLACK_BYTES = 32;
/** A sign, ten digits, a point and nine. */
const SKEW_BYTES: usize = 21;
export const NAME = memory.data(NAME_BYTES + SLACK_BYTES, 16);
export const REPLIES = memory.data(REPLIES_BYTES + SLACK_BYTES, 16);

const LF: u8 = 0x0a;
const SPACE: u8 = 0x20;
const PLUS: u8 = 0x2b;
const MINUS: u8 = 0x2d;
const POINT: u8 = 0x2e;
const ZERO = 0x30;
const NANOSECONDS_PER_SECOND: i64 = 1_000_000_000;

/**
 * Prints the replies to the first `count` results, which are reports, from `REPLIES + start` on: they begin with the first `nameBytes` of `NAME`. The
 * first was received at the given time, each further one a nanosecond later. Returns how many had room.
 */
export function answer(count: u32, start: u32, nameBytes: u32, receivedSeconds: f64, receivedNanoseconds: i32): u32 {
  let seconds = receivedSeconds;
  let nanoseconds = receivedNanoseconds;
  let at = REPLIES + start;
  for (let index: u32 = 0; index < count; index += 1) {
    const row = ROWS + index * ROW_BYTES;
    const text = load<u32>(row, CLIENT_START);
    const textBytes = load<u32>(row, STAMP_END) - text;
    // Between its parts, and behind them, are single spaces.
    if (at + nameBytes + SKEW_BYTES + textBytes + 2 > REPLIES + REPLIES_BYTES) return index;
    copy(NAME, at, nameBytes);
    // Both times are within what 64 bits of nanoseconds hold.
    const wholeSeconds = <i64>seconds - <i64>load<f64>(row, SECONDS);
    at = skew(at + nameBytes, wholeSeconds * NANOSECONDS_PER_SECOND + nanoseconds - load<i32>(row, NANOSECONDS));
    store<u8>(at, SPACE);
    copy(WINDOW + text, at + 1, textBytes);
    at += 1 + textBytes;
    store<u8>(at, LF);
    at += 1;
    store<f64>(row, seconds, RECEIVED_SECONDS);
    store<i32>(row, nanoseconds, RECEIVED_NANOSECONDS);
    store<u32>(row, at - REPLIES - start, REPLY_END);
    nanoseconds += 1;
    if (nanoseconds === <i32>NANOSECONDS_PER_SECOND) {
      nanoseconds = 0;
      seconds += 1;
    }
  }
  return count;
}

/** Copies bytes, and up to fifteen more: what is behind them is not there yet. */
function copy(from: usize, to: usize, count: usize): void {
  for (let at: usize = 0; at < count; at += 16) v128.store(to + at, v128.load(from + at));
}

/** Prints a number of nanoseconds as seconds with nine decimals and a sign; returns where it ends. */
function skew(start: usize, skewNs: i64): usize {
  store<u8>(start, skewNs < 0 ? MINUS : PLUS);
  const size = <u64>(skewNs < 0 ? -skewNs : skewNs);
  const seconds = size / <u64>NANOSECONDS_PER_SECOND;
  const nanoseconds = <u32>(size - seconds * <u64>NANOSECONDS_PER_SECOND);
  let at = start + 1;
  if (seconds < 10) store<u8>(at, ZERO + <u8>seconds);
  else {
    let digits: usize = 2;
    for (let rest = seconds / 100; rest !== 0; rest /= 10) digits += 1;
    let rest = seconds;
    for (let index = at + digits; index > at; rest /= 10) {
      index -= 1;
      store<u8>(index, ZERO + <u8>(rest % 10));
    }
    at += digits - 1;
  }
  const first = nanoseconds / 100_000_000;
  store<u8>(at + 1, POINT);
  store<u8>(at + 2, ZERO + <u8>first);
  store<u64>(at + 3, digitsOf(nanoseconds - first * 100_000_000));
  return at + 11;
}

/** Eight digits of a number below 100,000,000, the first of them the lowest byte. */
function digitsOf(value: u32): u64 {
  // Halves of four digits, then of two, then of one: the quotient below, the remainder above it. Each division is exact in its range.
  const high = value / 10_000;
  const fours = <u64>high | ((<u64>(value - high * 10_000)) << 32);
  const hundreds = ((fours * 10_486) >> 20) & 0x0000007f0000007f;
  const twos = hundreds | ((fours - hundreds * 100) << 16);
  const tens = ((twos * 103) >> 10) & 0x000f000f000f000f;
  return (tens | ((twos - tens * 10) << 8)) + 0x3030303030303030;
}
