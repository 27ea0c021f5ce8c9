// Finds the clients of what was scanned in the server's table, all of them together, and puts a record in another's place there. How the table
// is laid out is told in `src/core/row.ts` and `src/core/table.ts`, which do the same one at a time: whatever is unusual is left to them.
import {
  CLIENT_END,
  CLIENT_START,
  LOCATION_END,
  MOST_ROWS,
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
  WON,
} from './rows';

/** Segments of rows and of buckets that may lie in this memory: rows alone would fill it. */
const MOST_SEGMENTS: u32 = 4096;
/** Where each segment of rows begins, and each of buckets; 0 for one that lies elsewhere. */
export const ROW_SEGMENTS = memory.data(MOST_SEGMENTS * 4, 16);
export const BUCKET_SEGMENTS = memory.data(MOST_SEGMENTS * 4, 16);
/** Both lanes of each bucket of the digest. */
export const LANES = memory.data(4096 * 8, 64);

const ROW_SEGMENT_SHIFT = 13;
const BUCKET_SEGMENT_SHIFT = 14;
/** A client's row has 128 bytes. */
const CLIENT_SHIFT = 7;
const CLIENT_SEQUENCE = 0;
const CLIENT_ORDER_SECONDS = 8;
const CLIENT_RECEIVED_SECONDS = 16;
const CLIENT_ORDER_NANOSECONDS = 24;
const CLIENT_RECEIVED_NANOSECONDS = 28;
const HASH = 32;
const NEXT = 36;
const TEXT_LENGTH = 44;
const CLIENT_LENGTH = 48;
const MARKS = 60;
const TEXT = 64;
const TEXT_BYTES: u32 = 64;

const USED = 1;
const ORDER_IS_STAMP = 2;
const FLAGS = 7;
const FLAG_BITS = 3;
const LANE_BUCKETS = 4096;
const ORIGIN_SHIFT = 15;

/** As in limits.ts. */
const ORDER_LEAD_SECONDS: f64 = 5;
const SPACE: u8 = 0x20;
const NO_SLOT: i32 = -1;

/** What IDs are hashed with, and updates for the digest. */
let seed: u32 = 0;
let firstKey: u32 = 0;
let secondKey: u32 = 0;

/** Slots whose rows are needed soon. */
export const SLOTS = memory.data(MOST_ROWS * 4, 16);

const hashes = memory.data(MOST_ROWS * 4, 16);
/** Nobody needs it: it keeps the compiler from leaving out what it is made of. */
const seen = memory.data(4, 4);

/** The keys of the table; before anything else. */
export function begin(hashSeed: u32, digestFirst: u32, digestSecond: u32): void {
  seed = hashSeed;
  firstKey = digestFirst;
  secondKey = digestSecond;
}

/**
 * Finds the clients of the first `count` results. The memory of one is fetched while the others are looked at: the processor waits for all of
 * them together, not for each.
 */
export function seek(count: u32, bucketCount: u32, mask: u32): void {
  for (let index: u32 = 0; index < count; index += 1) {
    const row = ROWS + index * ROW_BYTES;
    const start = load<u32>(row, CLIENT_START);
    store<u32>(hashes + (index << 2), hashOf(WINDOW + start, load<u32>(row, CLIENT_END) - start));
  }
  for (let index: u32 = 0; index < count; index += 1) {
    const hash = load<u32>(hashes + (index << 2));
    let bucket = hash & mask;
    if (bucket >= bucketCount) bucket = hash & (mask >> 1);
    const segment = segmentOf(BUCKET_SEGMENTS, bucket >> BUCKET_SEGMENT_SHIFT);
    const place = (bucket & ((1 << BUCKET_SEGMENT_SHIFT) - 1)) << 2;
    store<i32>(ROWS + index * ROW_BYTES, segment === 0 ? NO_SLOT : load<i32>(segment + place) - 1, SLOT);
  }
  let any: u32 = 0;
  for (let index: u32 = 0; index < count; index += 1) any ^= touch(load<i32>(ROWS + index * ROW_BYTES, SLOT));
  // Whose bucket begins with somebody else is next there, or behind: one in four.
  for (let index: u32 = 0; index < count; index += 1) {
    const row = ROWS + index * ROW_BYTES;
    const client = addressOf(load<i32>(row, SLOT));
    if (client === 0 || load<u32>(client, HASH) === load<u32>(hashes + (index << 2))) continue;
    const next = load<i32>(client, NEXT);
    store<i32>(row, next, SLOT);
    any ^= touch(next);
  }
  for (let index: u32 = 0; index < count; index += 1) {
    const row = ROWS + index * ROW_BYTES;
    const hash = load<u32>(hashes + (index << 2));
    let slot = load<i32>(row, SLOT);
    let client = addressOf(slot);
    while (client !== 0 && load<u32>(client, HASH) !== hash) {
      slot = load<i32>(client, NEXT);
      client = addressOf(slot);
    }
    if (client === 0 || !isOf(client, row)) slot = NO_SLOT;
    else any ^= load<u32>(lanesOf(load<u32>(client, MARKS)));
    store<i32>(row, slot, SLOT);
  }
  store<u32>(seen, any);
}

/** Has the memory of the rows of `count` slots fetched. */
export function fetch(count: u32): void {
  let any: u32 = 0;
  for (let index: u32 = 0; index < count; index += 1) any ^= touch(load<i32>(SLOTS + (index << 2)));
  store<u32>(seen, any);
}

/**
 * Puts a result in place of the record in a slot, which is of the same client. Its sequence number, and when it was received and is ordered, are
 * in the row by now. `origin` is its origin's number in the table and `originHash` that of the digest. False, with nothing done, if its
 * row lies elsewhere, a text has no room in a row, or the record there is another origin's.
 */
export function replace(slot: i32, index: u32, origin: u32, originHash: u32): bool {
  const row = ROWS + index * ROW_BYTES;
  const client = addressOf(slot);
  const start = load<u32>(row, CLIENT_START);
  const textLength = load<u32>(row, STAMP_END) - start;
  if (client === 0 || textLength > TEXT_BYTES || load<u32>(client, TEXT_LENGTH) > TEXT_BYTES) return false;
  const marks = load<u32>(client, MARKS);
  if (marks >> ORIGIN_SHIFT !== origin) return false;
  const sequence = load<f64>(row, SEQUENCE);
  const left = lanesFor(load<f64>(client, CLIENT_SEQUENCE), originHash);
  const come = lanesFor(sequence, originHash);
  const lanes = lanesOf(marks);
  store<u64>(lanes, load<u64>(lanes) ^ left ^ come);
  const text = WINDOW + start;
  v128.store(client, v128.load(text), TEXT);
  v128.store(client, v128.load(text, 16), TEXT + 16);
  v128.store(client, v128.load(text, 32), TEXT + 32);
  v128.store(client, v128.load(text, 48), TEXT + 48);
  // Whatever stood between the parts of a text, here it is spaces.
  store<u8>(client + TEXT + load<u32>(row, CLIENT_END) - start, SPACE);
  store<u8>(client + TEXT + load<u32>(row, LOCATION_END) - start, SPACE);
  const orderSeconds = load<f64>(row, ORDER_SECONDS);
  const orderNanoseconds = load<i32>(row, ORDER_NANOSECONDS);
  const isStamp = orderSeconds === load<f64>(row, SECONDS) && orderNanoseconds === load<i32>(row, NANOSECONDS);
  store<f64>(client, sequence, CLIENT_SEQUENCE);
  store<f64>(client, orderSeconds, CLIENT_ORDER_SECONDS);
  store<f64>(client, load<f64>(row, RECEIVED_SECONDS), CLIENT_RECEIVED_SECONDS);
  store<i32>(client, orderNanoseconds, CLIENT_ORDER_NANOSECONDS);
  store<i32>(client, load<i32>(row, RECEIVED_NANOSECONDS), CLIENT_RECEIVED_NANOSECONDS);
  store<u32>(client, textLength, TEXT_LENGTH);
  store<u32>(client, (marks & ~FLAGS) | USED | (isStamp ? ORDER_IS_STAMP : 0), MARKS);
  return true;
}

/**
 * Takes in reports, the results from `first` to `count`, of which `seek` has found the clients and `answer` noted when they were received: those that
 * are ordered behind what is there get the numbers after `sequence` and take its place. Returns the first that is left to others. Of those before it
 * SEQUENCE is the number that they got, or 0 if they came too late.
 */
export function take(first: u32, count: u32, sequence: f64, origin: u32, originHash: u32): u32 {
  let number = sequence;
  for (let index = first; index < count; index += 1) {
    const row = ROWS + index * ROW_BYTES;
    const slot = load<i32>(row, SLOT);
    const client = addressOf(slot);
    if (client === 0) return index;
    order(row);
    // At one server the first of equals stays.
    if (compareOrder(row, client) <= 0) {
      store<f64>(row, 0, SEQUENCE);
      continue;
    }
    store<f64>(row, number + 1, SEQUENCE);
    if (!replace(slot, index, origin, originHash)) return index;
    number += 1;
  }
  return count;
}

/**
 * Takes in records of one origin, the results from `first` to `count`, of which `seek` has found the clients: those that win over a record of the same
 * origin take its place. `place` is the origin's in the batch, `origin` and `originHash` are as for `replace`. Returns the first that is left to others:
 * of another origin; or, and then it is not to be asked about again, of a client that was not found or whose row `replace` leaves alone, or ordered as
 * no honest server does, or as what another origin has there. Of those before it WON tells which have won.
 */
export function accept(first: u32, count: u32, place: u32, origin: u32, originHash: u32): u32 {
  for (let index = first; index < count; index += 1) {
    const row = ROWS + index * ROW_BYTES;
    const slot = load<i32>(row, SLOT);
    const client = addressOf(slot);
    if (client === 0 || load<u32>(row, ORIGIN) !== place || !isHonest(row)) return index;
    let comparison = compareOrder(row, client);
    if (comparison === 0) {
      if (load<u32>(client, MARKS) >> ORIGIN_SHIFT !== origin) return index;
      comparison = load<f64>(row, SEQUENCE) > load<f64>(client, CLIENT_SEQUENCE) ? 1 : -1;
    }
    if (comparison > 0 && !replace(slot, index, origin, originHash)) return index;
    store<i32>(row, comparison > 0 ? 1 : 0, WON);
  }
  return count;
}

/** Sets the order that a record should have; whether that is the one it has. As `isOrderPossible` in `src/core/order.ts`. */
function isHonest(row: usize): bool {
  const isStamp = load<i32>(row, ORDER_NANOSECONDS) < 0;
  const seconds = isStamp ? load<f64>(row, SECONDS) : load<f64>(row, ORDER_SECONDS);
  const nanoseconds = isStamp ? load<i32>(row, NANOSECONDS) : load<i32>(row, ORDER_NANOSECONDS);
  order(row);
  return seconds === load<f64>(row, ORDER_SECONDS) && nanoseconds === load<i32>(row, ORDER_NANOSECONDS);
}

/** As `orderTime` in `src/core/order.ts`. */
function order(row: usize): void {
  const seconds = load<f64>(row, SECONDS);
  const nanoseconds = load<i32>(row, NANOSECONDS);
  const mostSeconds = load<f64>(row, RECEIVED_SECONDS) + ORDER_LEAD_SECONDS;
  const mostNanoseconds = load<i32>(row, RECEIVED_NANOSECONDS);
  const isAhead = seconds > mostSeconds || (seconds === mostSeconds && nanoseconds > mostNanoseconds);
  store<f64>(row, isAhead ? mostSeconds : seconds, ORDER_SECONDS);
  store<i32>(row, isAhead ? mostNanoseconds : nanoseconds, ORDER_NANOSECONDS);
}

/** Below zero, at zero or above it, as a result is ordered before, with or after the record that is in its client's row. */
function compareOrder(row: usize, client: usize): i32 {
  const seconds = load<f64>(row, ORDER_SECONDS);
  const knownSeconds = load<f64>(client, CLIENT_ORDER_SECONDS);
  if (seconds !== knownSeconds) return seconds < knownSeconds ? -1 : 1;
  return load<i32>(row, ORDER_NANOSECONDS) - load<i32>(client, CLIENT_ORDER_NANOSECONDS);
}

/** Where the row of a slot is; 0 if it is not here, or there is no such slot. */
function addressOf(slot: i32): usize {
  const segment: usize = segmentOf(ROW_SEGMENTS, <u32>slot >> ROW_SEGMENT_SHIFT);
  return segment === 0 ? 0 : segment + ((<usize>(slot & ((1 << ROW_SEGMENT_SHIFT) - 1))) << CLIENT_SHIFT);
}

/** Where a segment begins; 0 if it lies elsewhere, as all do that the lists have no room for. No slot, below zero, is in one of those. */
function segmentOf(segments: usize, index: u32): u32 {
  return index < MOST_SEGMENTS ? load<u32>(segments + (index << 2)) : 0;
}

/** Looks at both lines of a row, and waits for neither. */
function touch(slot: i32): u32 {
  const client = addressOf(slot);
  return client === 0 ? 0 : load<u32>(client, MARKS) ^ load<u32>(client, TEXT);
}

/** Whether a row is that of a result's client. */
function isOf(client: usize, row: usize): bool {
  const start = load<u32>(row, CLIENT_START);
  const length = load<u32>(row, CLIENT_END) - start;
  if (load<u32>(client, CLIENT_LENGTH) !== length || load<u32>(client, TEXT_LENGTH) > TEXT_BYTES) return false;
  const id = WINDOW + start;
  let at: u32 = 0;
  for (; at + 8 <= length; at += 8) if (load<u64>(id + at) !== load<u64>(client + TEXT + at)) return false;
  if (at === length) return true;
  // The rest of an ID that has room in a row: behind it stands at least a location.
  const differing = load<u64>(id + at) ^ load<u64>(client + TEXT + at);
  return differing << ((8 - (length - at)) << 3) === 0;
}

/** As `hashId` in `src/core/id-hash.ts`. */
function hashOf(start: usize, length: u32): u32 {
  let hash = seed;
  let at: u32 = 0;
  for (; at + 4 <= length; at += 4) {
    let mixed = load<u32>(start + at) * 0xcc9e2d51;
    mixed = rotl(mixed, 15) * 0x1b873593;
    hash = rotl(hash ^ mixed, 13) * 5 + 0xe6546b64;
  }
  let rest: u32 = 0;
  for (; at < length; at += 1) rest = (rest << 8) | load<u8>(start + at);
  hash ^= (rotl(rest * 0xcc9e2d51, 15) * 0x1b873593) ^ length;
  hash = (hash ^ (hash >> 16)) * 0x85ebca6b;
  hash = (hash ^ (hash >> 13)) * 0xc2b2ae35;
  return (hash ^ (hash >> 16)) & 0x7fffffff;
}

/** Where the lanes of a client's bucket of the digest are. */
function lanesOf(marks: u32): usize {
  return LANES + ((<usize>((marks >> FLAG_BITS) & (LANE_BUCKETS - 1))) << 3);
}

/** What an update is to both lanes, as in `src/core/digest.ts`. */
function lanesFor(sequence: f64, originHash: u32): u64 {
  const number = <u64>sequence;
  const low = <u32>number;
  const first = mix(mix(firstKey, low), <u32>(number >> 32) ^ originHash);
  return ((<u64>mix(secondKey ^ first, low)) << 32) | <u64>first;
}

function mix(state: u32, value: u32): u32 {
  let hash = (state ^ value) * 0xcc9e2d51;
  hash = (hash ^ (hash >> 16)) * 0x85ebca6b;
  hash = (hash ^ (hash >> 13)) * 0xc2b2ae35;
  return hash ^ (hash >> 16);
}
