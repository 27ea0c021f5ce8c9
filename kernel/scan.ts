// Finds the plain reports in a client's bytes and the plain records in a neighbour's, one after the other, as many at a time as are wanted:
// their parts, and the numbers of their stamps. Eight digits are read with three multiplications, and sixteen bytes of an ID are looked at
// together, as JavaScript cannot.
//
// Whatever is in any way unusual ends the scan: the grammar is in `src/wire/command.ts` and `src/wire/record.ts`, this is only a faster way
// through the middle of it, and property tests hold them together.
import {
  BODY_START,
  CLIENT_END,
  CLIENT_START,
  LOCATION_END,
  NANOSECONDS,
  ORDER_NANOSECONDS,
  ORDER_SECONDS,
  ORIGIN,
  RECEIVED_NANOSECONDS,
  RECEIVED_SECONDS,
  ROW_BYTES,
  ROWS,
  SECONDS,
  SEQUENCE,
  SLOT,
  STAMP_END,
  WINDOW,
} from './rows';

const LF = 0x0a;
const SPACE: u8 = 0x20;
const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
/** `IAMA`, the lowest byte first. */
const IAMA: u32 = 0x414d4149;
/** `T `. */
const T_SPACE: u16 = 0x2054;

/** A number of a location has at most this many decimals here: with them, a location and a stamp are within 64 bytes. */
const MOST_DECIMALS: usize = 12;
/** So many seconds always fit in 64 bits of nanoseconds. */
const SECONDS_BELOW: u64 = 9_223_372_036;
/** As `EARLIEST_SECONDS` in limits.ts, above zero. */
const TIME_SECONDS_MOST: u64 = 0x10000000000;
const NANOSECONDS_MOST: u64 = 999_999_999;
const NUMBER_MOST: u64 = 0x1fffffffffffff;
/** A batch names fewer. */
const ORIGIN_MOST: u64 = 0x40000000;
/** Of digits: more seconds than these do not fit, further decimals do not count. */
const SECONDS_DIGITS: usize = 10;
const NANOSECONDS_DIGITS: usize = 9;
/** A flag of a record; another one, or one more, is no plain record's. */
const ORDER_IS_STAMP: u8 = 1;
/** A field's length is one byte below this. */
const LONG: u8 = 0x80;

/** What a number of so many decimals is multiplied with to be nanoseconds. */
const NANOSECONDS_OF = memory.data<u32>([
  1_000_000_000, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1,
]);

/** Where the varint that was read last ends. */
let end: usize = 0;

/** Finds reports, each a line, in the window's bytes `[start, limit)`; returns how many, at most `most`. */
export function reports(start: usize, limit: usize, most: u32): u32 {
  const windowEnd = WINDOW + limit;
  let at = WINDOW + start;
  let row = ROWS;
  let count: u32 = 0;
  for (; count < most; count += 1) {
    if (load<u32>(at) !== IAMA || load<u16>(at + 4) !== T_SPACE) break;
    const clientStart = at + 6;
    const clientEnd = endAboveSpace(clientStart, windowEnd);
    if (clientEnd === clientStart || load<u8>(clientEnd) !== SPACE) break;
    const stampEnd = locationAndStamp(clientEnd + 1, windowEnd, row);
    if (stampEnd === 0 || stampEnd >= windowEnd || load<u8>(stampEnd) !== LF) break;
    if (load<u8>(<usize>load<u32>(row, LOCATION_END) + WINDOW) !== SPACE) break;
    store<u32>(row, clientStart - WINDOW, CLIENT_START);
    store<u32>(row, clientEnd - WINDOW, CLIENT_END);
    store<i32>(row, -1, SLOT);
    at = stampEnd + 1;
    row += ROW_BYTES;
  }
  return count;
}

/** Finds records of a batch in the window's bytes `[start, limit)`; returns how many, at most `most`. */
export function records(start: usize, limit: usize, most: u32): u32 {
  const windowEnd = WINDOW + limit;
  let at = WINDOW + start;
  let row = ROWS;
  let count: u32 = 0;
  for (; count < most; count += 1) {
    const origin = varint(at);
    const bodyStart = end;
    const sequence = varint(bodyStart);
    const receivedSeconds = varint(end);
    const receivedNanoseconds = varint(end);
    if (origin > ORIGIN_MOST || sequence === 0 || sequence > NUMBER_MOST) break;
    if (!isTime(receivedSeconds, receivedNanoseconds)) break;
    const flags = load<u8>(end);
    end += 1;
    store<i32>(row, -1, ORDER_NANOSECONDS);
    if (flags !== ORDER_IS_STAMP) {
      const orderSeconds = varint(end);
      const orderNanoseconds = varint(end);
      if (flags !== 0 || !isTime(orderSeconds, orderNanoseconds)) break;
      store<i32>(row, <i32>orderNanoseconds, ORDER_NANOSECONDS);
      store<f64>(row, <f64>(orderSeconds >> 1), ORDER_SECONDS);
    }
    const clientStart = end + 1;
    const clientEnd = clientStart + load<u8>(end);
    if (clientEnd === clientStart || clientEnd - clientStart >= LONG || clientEnd >= windowEnd) break;
    const locationStart = clientEnd + 1;
    const locationEnd = locationStart + load<u8>(clientEnd);
    const stampStart = locationEnd + 1;
    const stampEnd = stampStart + load<u8>(locationEnd);
    if (stampEnd > windowEnd || endAboveSpace(clientStart, clientEnd) !== clientEnd) break;
    if (locationAndStamp(locationStart, stampEnd, row) !== stampEnd) break;
    if (<usize>load<u32>(row, LOCATION_END) + WINDOW !== locationEnd) break;
    store<u32>(row, clientStart - WINDOW, CLIENT_START);
    store<u32>(row, clientEnd - WINDOW, CLIENT_END);
    store<i32>(row, -1, SLOT);
    store<u32>(row, <u32>receivedNanoseconds, RECEIVED_NANOSECONDS);
    store<u32>(row, <u32>origin, ORIGIN);
    store<u32>(row, bodyStart - WINDOW, BODY_START);
    store<f64>(row, <f64>(receivedSeconds >> 1), RECEIVED_SECONDS);
    store<f64>(row, <f64>sequence, SEQUENCE);
    at = stampEnd;
    row += ROW_BYTES;
  }
  return count;
}

/** Passes over bytes above the space's up to `most`: returns where the first other one is. */
function endAboveSpace(start: usize, most: usize): usize {
  for (let at = start; at < most; at += 16) {
    const found = i8x16.bitmask(i8x16.le_u(v128.load(at), i8x16.splat(<i8>SPACE)));
    if (found !== 0) return min(at + ctz(found), most);
  }
  return most;
}

/**
 * Reads a location, two of `[+-]D+(.D+)?` within their limits, any byte that is no digit, and a stamp, `D+(.D+)?`, into a row. Returns where
 * the stamp ends, not behind `limit`, or 0.
 */
function locationAndStamp(start: usize, limit: usize, row: usize): usize {
  // A bit for each of 64 bytes that is no digit; those that were passed are taken away, so none is looked at twice.
  let others =
    othersOf(start) | (othersOf(start + 16) << 16) | (othersOf(start + 32) << 32) | (othersOf(start + 48) << 48);
  if (limit - start < 64) others |= (<u64>1) << (<u64>(limit - start));
  if ((others & 1) === 0) return 0;
  others &= others - 1;
  const latitudePoint = start + <usize>ctz(others);
  if (load<u8>(latitudePoint) === POINT) others &= others - 1;
  const longitude = start + <usize>ctz(others);
  others &= others - 1;
  const longitudePoint = start + <usize>ctz(others);
  if (load<u8>(longitudePoint) === POINT) others &= others - 1;
  const locationEnd = start + <usize>ctz(others);
  others &= others - 1;
  const stampPoint = start + <usize>ctz(others);
  if (stampPoint < limit && load<u8>(stampPoint) === POINT) others &= others - 1;
  const stampEnd = start + <usize>ctz(others);
  if (!isDegrees(start, latitudePoint, longitude, 90)) return 0;
  if (!isDegrees(longitude, longitudePoint, locationEnd, 180)) return 0;
  store<u32>(row, locationEnd - WINDOW, LOCATION_END);
  store<u32>(row, stampEnd - WINDOW, STAMP_END);
  return readStamp(locationEnd + 1, stampPoint, stampEnd, row) ? stampEnd : 0;
}

/** Which of 16 bytes are no digits. */
function othersOf(at: usize): u64 {
  return i8x16.bitmask(i8x16.gt_u(i8x16.sub(v128.load(at), i8x16.splat(0x30)), i8x16.splat(9)));
}

/** Whether a sign stands at `start`, and between it and `at`, with a point at `point` unless that is `at`, a number that is at most `most`. */
function isDegrees(start: usize, point: usize, at: usize, most: u32): bool {
  const sign = load<u8>(start);
  const digits = point - start - 1;
  // Three are enough for any degree.
  if ((sign !== PLUS && sign !== MINUS) || digits === 0 || digits > 3) return false;
  const whole = numberOf(load<u64>(start + 1), digits);
  if (point === at) return whole <= most;
  // What may be over the limit only by its decimals is left to who reads them.
  const decimals = at - point - 1;
  return whole < most && decimals !== 0 && decimals <= MOST_DECIMALS;
}

/** Reads the stamp between `start` and `at`, with a point at `point` unless that is `at`, into a row. */
function readStamp(start: usize, point: usize, at: usize, row: usize): bool {
  const digits = point - start;
  if (digits === 0 || digits > SECONDS_DIGITS) return false;
  let seconds: u64 = numberOf(load<u64>(start), min(digits, 8));
  for (let more = start + 8; more < point; more += 1) seconds = seconds * 10 + load<u8>(more) - 0x30;
  if (seconds >= SECONDS_BELOW) return false;
  store<f64>(row, <f64>seconds, SECONDS);
  store<u32>(row, 0, NANOSECONDS);
  if (point === at) return true;
  const decimals = at - point - 1;
  if (decimals === 0 || decimals > NANOSECONDS_DIGITS) return false;
  let nanoseconds = numberOf(load<u64>(point + 1), min(decimals, 8));
  if (decimals > 8) nanoseconds = nanoseconds * 10 + load<u8>(point + 9) - 0x30;
  store<u32>(row, nanoseconds * load<u32>(NANOSECONDS_OF + (decimals << 2)), NANOSECONDS);
  return true;
}

/** Whether a time of a record is one, and not before 1970: seconds are written as zigzag, and what is odd is below zero. */
function isTime(seconds: u64, nanoseconds: u64): bool {
  return (seconds & 1) === 0 && seconds >> 1 <= TIME_SECONDS_MOST && nanoseconds <= NANOSECONDS_MOST;
}

/** A varint of at most eight bytes (see `ByteWriter`); sets `end`. Larger than any number may be if it is longer. */
function varint(at: usize): u64 {
  const word = load<u64>(at);
  const last = ~word & 0x8080808080808080;
  if (last === 0) return u64.MAX_VALUE;
  const bits = <u64>ctz(last) + 1;
  end = at + <usize>(bits >> 3);
  // Seven bits of each byte; then fourteen of each two, and so on.
  const sevens = word & (u64.MAX_VALUE >> (64 - bits)) & 0x7f7f7f7f7f7f7f7f;
  const fourteens = (sevens & 0x007f007f007f007f) | ((sevens & 0x7f007f007f007f00) >> 1);
  const long = (fourteens & 0x00003fff00003fff) | ((fourteens & 0x3fff00003fff0000) >> 2);
  return (long & 0x0fffffff) | ((long & 0x0fffffff00000000) >> 4);
}

/** The number that the first `digits` of eight bytes are, the lowest byte first: one to eight. */
function numberOf(word: u64, digits: usize): u32 {
  // Zeros come in front; then two, four and eight digits become one number.
  const places = (word << (64 - (digits << 3))) & 0x0f0f0f0f0f0f0f0f;
  const twos = ((places * 2561) >> 8) & 0x00ff00ff00ff00ff;
  const fours = ((twos * 6553601) >> 16) & 0x0000ffff0000ffff;
  return <u32>((fours * 42949672960001) >> 32);
}
