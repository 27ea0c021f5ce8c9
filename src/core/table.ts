// Every client this server knows and its winning record, found by the bytes of its ID. An open-addressing hash with a
// secret seed, so that no string is made to look a client up and nobody can choose IDs that collide. Knows no rule of
// which record wins.
import { equalBytes } from '../wire/bytes.ts';
import { DIGEST_BUCKETS } from '../wire/limits.ts';
import type { Origin, StoredRecord } from '../wire/messages.ts';
import { Digest, type DigestKeys } from './digest.ts';

/** A client's place in the table; the same object for as long as the client is known, whatever its record. */
export interface Slot {
  /** Changed by `replace` only: the digest goes with it. */
  record: StoredRecord;
  readonly hash: number;
  /** Of the digest, and who else is in it. */
  readonly bucket: number;
  next: Slot | undefined;
  /** Its place among all slots. */
  index: number;
}

const SMALLEST_CAPACITY = 1024;

export class Table {
  private slots: (Slot | undefined)[] = new Array<Slot | undefined>(SMALLEST_CAPACITY).fill(undefined);
  /** Every slot once, in no order that means anything. */
  private readonly list: Slot[] = [];
  private readonly seed: number;
  /** What all records come to, for neighbours to compare. */
  readonly digest: Digest;
  private readonly recordsOf = new Map<Origin, number>();
  /** Everybody in each bucket of the digest, by its first. */
  private readonly buckets = new Array<Slot | undefined>(DIGEST_BUCKETS).fill(undefined);

  /** `seed` is any 32 random bits, different in every server; `keys` are the same in all of a herd. */
  constructor(seed: number, keys: DigestKeys) {
    this.seed = seed | 0;
    this.digest = new Digest(keys);
  }

  get size(): number {
    return this.list.length;
  }

  /** The slot of the client whose ID is `bytes[start, end)`. */
  find(bytes: Uint8Array, start: number, end: number): Slot | undefined {
    const hash = this.hash(bytes, start, end);
    const length = end - start;
    const mask = this.slots.length - 1;
    for (let index = hash & mask; ; index = (index + 1) & mask) {
      const slot = this.slots[index];
      if (slot === undefined) return undefined;
      const record = slot.record;
      if (slot.hash === hash && record.clientLength === length && equalBytes(record.text, 0, bytes, start, length)) {
        return slot;
      }
    }
  }

  /** Adds a client that `find` did not find. */
  add(record: StoredRecord): Slot {
    // Never more than half full: probes stay short.
    if (this.list.length * 2 >= this.slots.length) this.grow();
    const hash = this.hash(record.text, 0, record.clientLength);
    const bucket = this.digest.bucketOf(record);
    const slot: Slot = { record, hash, bucket, next: this.buckets[bucket], index: this.list.length };
    this.buckets[bucket] = slot;
    this.digest.toggle(bucket, record);
    this.count(record.origin, 1);
    this.place(slot);
    this.list.push(slot);
    return slot;
  }

  /** A client has another record. */
  replace(slot: Slot, record: StoredRecord): void {
    this.digest.toggle(slot.bucket, slot.record);
    this.digest.toggle(slot.bucket, record);
    if (slot.record.origin !== record.origin) {
      this.count(slot.record.origin, -1);
      this.count(record.origin, 1);
    }
    slot.record = record;
  }

  /** Whether any record is of this origin. */
  names(origin: Origin): boolean {
    return this.recordsOf.has(origin);
  }

  private count(origin: Origin, by: number): void {
    const records = (this.recordsOf.get(origin) ?? 0) + by;
    if (records === 0) this.recordsOf.delete(origin);
    else this.recordsOf.set(origin, records);
  }

  /** Forgets a client whose slot this is. */
  remove(slot: Slot): void {
    const mask = this.slots.length - 1;
    let hole = slot.hash & mask;
    while (this.slots[hole] !== slot) hole = (hole + 1) & mask;
    // What stands behind the hole moves up, unless it would then stand before the place where it is looked for.
    for (let next = (hole + 1) & mask; ; next = (next + 1) & mask) {
      const moved = this.slots[next];
      if (moved === undefined) break;
      if (((next - moved.hash) & mask) < ((next - hole) & mask)) continue;
      this.slots[hole] = moved;
      hole = next;
    }
    this.slots[hole] = undefined;
    this.digest.toggle(slot.bucket, slot.record);
    this.count(slot.record.origin, -1);
    this.unchain(slot);
    const last = this.list.pop();
    if (last === undefined || last === slot) return;
    this.list[slot.index] = last;
    last.index = slot.index;
  }

  /** The `index`-th slot, 0 to size - 1. A slot's index may only become smaller: whoever walks from the end misses none. */
  at(index: number): Slot | undefined {
    return this.list[index];
  }

  /** Everybody's record. Who is here at the first step and stays comes up, whatever is added and removed meanwhile. */
  *records(): Generator<StoredRecord> {
    for (let index = this.list.length - 1; index >= 0; index -= 1) {
      const slot = this.list[index];
      if (slot !== undefined) yield slot.record;
    }
  }

  /** Who is in a bucket of the digest: a thousandth of all, so nobody waits for a walk of it. */
  *bucket(bucket: number): Generator<Slot> {
    for (let slot = this.buckets[bucket]; slot !== undefined; slot = slot.next) yield slot;
  }

  private unchain(slot: Slot): void {
    let before = this.buckets[slot.bucket];
    if (before === slot) {
      this.buckets[slot.bucket] = slot.next;
      return;
    }
    while (before !== undefined && before.next !== slot) before = before.next;
    if (before !== undefined) before.next = slot.next;
  }

  private place(slot: Slot): void {
    const mask = this.slots.length - 1;
    let index = slot.hash & mask;
    while (this.slots[index] !== undefined) index = (index + 1) & mask;
    this.slots[index] = slot;
  }

  private grow(): void {
    const old = this.slots;
    this.slots = new Array<Slot | undefined>(old.length * 2).fill(undefined);
    for (const slot of old) if (slot !== undefined) this.place(slot);
  }

  /** MurmurHash3's mixing (public domain), a byte at a time; 31 bits, so that it stays a small integer. */
  private hash(bytes: Uint8Array, start: number, end: number): number {
    let hash = this.seed;
    for (let index = start; index < end; index += 1) {
      hash = Math.imul(hash ^ (bytes[index] as number), 0xcc9e2d51);
      hash = (hash << 15) | (hash >>> 17);
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) & 0x7fffffff;
  }
}
