// Every client this server knows and its winning record, found by the bytes of its ID. All of it lies in typed arrays: one row
// of 128 bytes (two lines of the processor's cache) for a client, in which most texts have room, and a hash table that grows by one
// bucket for each client that is added (linear hashing, W. Litwin, 1980), so that nothing ever stops to be copied. Knows no rule of which
// record wins.
import { equalWords, SPACE, Words } from '../wire/bytes.ts';
import { compareInstants, copyInstant, type Instant, parseStamp } from '../wire/instant.ts';
import { Kernel } from '../wire/kernel.ts';
import { DIGEST_BUCKETS } from '../wire/limits.ts';
import type { Origin } from '../wire/messages.ts';
import type { NewRecord, RecordView, StoredRecord } from '../wire/record.ts';
import { Digest, type DigestKeys } from './digest.ts';
import { hashId } from './id-hash.ts';
import { OriginNumbers } from './origin-numbers.ts';
import {
  CLIENT_LENGTH,
  DIGEST_BEFORE,
  DIGEST_NEXT,
  FLAG_BITS,
  FORGOTTEN,
  HASH,
  MARKS,
  NEXT,
  ORDER_IS_STAMP,
  ORDER_NANOSECONDS,
  ORDER_SECONDS,
  ORIGIN_SHIFT,
  RECEIVED_NANOSECONDS,
  RECEIVED_SECONDS,
  ROW_SHIFT,
  ROW_WORDS,
  SEGMENT_ROWS,
  SEGMENT_SHIFT,
  SEQUENCE,
  TEXT_LENGTH,
  USED,
} from './row.ts';
import type { Ahead, Sought } from './sought.ts';
import { Texts } from './texts.ts';

/** A client's place in the table: the same number for as long as it is known, whatever its record; then another's. */
export type Slot = number;

/** No client has it. */
export const NO_SLOT: Slot = -1;

const BUCKET_SHIFT = 14;
const BUCKETS_PER_SEGMENT: number = 1 << BUCKET_SHIFT;
/** Clients for each bucket: a lookup then looks at 1.3 rows on average. */
const LOAD = 0.5;

export class Table {
  /** Clients that are known. */
  size = 0;
  /** Records that were put in so far: while it stays, none has come that was not there. */
  stored = 0;
  /** All slots are below this. It only grows; `isUsed` tells which have a client. */
  slots = 0;
  private readonly seed: number;
  /** Where all of it lies, and where those are found that were read ahead. */
  readonly kernel: Kernel;
  /** As `row.ts` has them. `Texts` reads and writes its own part of them, `Moves` reads these and the texts, nobody else. */
  readonly words: Int32Array[] = [];
  private readonly doubles: Float64Array[] = [];
  readonly texts: Texts = new Texts(this.words);
  /** The first slot of each bucket plus one; rows name the next. */
  private readonly buckets: Int32Array[] = [];
  private bucketCount = 1;
  /** One less than the power of two above the number of buckets: hashes are cut to this, or to half of it. */
  private mask = 1;
  /** The last slot that was given back, which names the one before. */
  private freeSlot: Slot = NO_SLOT;
  /** Where IDs that are looked for stand. */
  private readonly sought = new Words();
  private readonly origins = new OriginNumbers();
  /** What all records come to, for neighbours to compare. */
  readonly digest: Digest;
  /** The first slot of each bucket of the digest. */
  private readonly digestBuckets = new Int32Array(DIGEST_BUCKETS).fill(NO_SLOT);

  /**
   * `seed` is any 32 random bits, different in every server: nobody can choose IDs that collide. `keys` are the same in all of a
   * herd.
   */
  constructor(seed: number, keys: DigestKeys, kernel: Kernel = new Kernel()) {
    this.seed = seed | 0;
    this.kernel = kernel;
    this.digest = new Digest(keys, this.kernel.lanes);
    this.kernel.begin(this.seed, keys.first, keys.second);
    this.addBuckets();
  }

  /** Memory taken, by part: texts are those that have no room in a row. */
  get bytes(): { readonly rows: number; readonly texts: number; readonly buckets: number } {
    return {
      rows: this.words.length * SEGMENT_ROWS * ROW_WORDS * Int32Array.BYTES_PER_ELEMENT,
      texts: this.texts.bytes,
      buckets: this.buckets.length * BUCKETS_PER_SEGMENT * 4,
    };
  }

  /** The slot of the client whose ID is `bytes[start, end)`, or NO_SLOT. */
  find(bytes: Uint8Array, start: number, end: number): Slot {
    const hash = hashId(this.sought.of(bytes), start, end, this.seed);
    let slot = this.firstIn(this.bucketOf(hash));
    while (slot !== NO_SLOT) {
      const words = this.words[slot >>> SEGMENT_SHIFT] as Int32Array;
      const row = (slot & (SEGMENT_ROWS - 1)) << ROW_SHIFT;
      if (words[row + HASH] === hash && this.isOf(slot, bytes, start, end)) return slot;
      slot = words[row + NEXT] as number;
    }
    return NO_SLOT;
  }

  /** Has the kernel look for the clients of these reports or records: what it needs of the memory is fetched together. */
  expect(ahead: Ahead): void {
    const { count } = ahead;
    // Of what was not scanned there is one.
    if (count === 0 || ahead.scan !== this.kernel.scan) return;
    this.kernel.seek(count, this.bucketCount, this.mask);
    ahead.noteSlots();
  }

  /** As `find`, for the client of a report or record in which `expect` may have noted a slot. */
  findExpected(bytes: Uint8Array, { clientStart, clientEnd, scan, expectedAt }: Sought): Slot {
    // Whoever is found stays until somebody is removed, and then nothing of the scan counts.
    if (expectedAt !== NO_SLOT && scan === this.kernel.scan) return expectedAt;
    return this.find(bytes, clientStart, clientEnd);
  }

  /** Adds a client that `find` did not find. */
  add(record: StoredRecord): Slot {
    const { text, textStart, textLength, clientLength } = record;
    const slot = this.takeSlot();
    const words = this.words[slot >>> SEGMENT_SHIFT] as Int32Array;
    const row = (slot & (SEGMENT_ROWS - 1)) << ROW_SHIFT;
    words[row + HASH] = hashId(this.sought.of(text), textStart, textStart + clientLength, this.seed);
    this.texts.add(slot, text, textStart, textLength);
    words[row + CLIENT_LENGTH] = clientLength;
    const bucket = this.digest.bucketOf(record);
    words[row + MARKS] = bucket << FLAG_BITS;
    this.fill(slot, record);
    this.chain(slot, bucket);
    this.link(slot, words[row + HASH] as number);
    this.size += 1;
    while (this.size > this.bucketCount * LOAD) this.split();
    return slot;
  }

  /** Replaces the record of a client by another of the same client, whose text does not lie in the table's own memory. */
  replace(slot: Slot, record: StoredRecord): void {
    this.texts.remove(slot);
    this.texts.add(slot, record.text, record.textStart, record.textLength);
    this.leave(slot);
    this.fill(slot, record);
  }

  /** Adds or replaces the record of a client, as `find` found it, by one that was just reported or read; returns its slot. */
  put(slot: Slot, record: NewRecord): Slot {
    if (slot === NO_SLOT) return this.add(record);
    const { kernel } = this;
    const { scan, row, origin } = record;
    const isThere =
      scan === kernel.scan && kernel.replace(slot, row, record, this.origins.numberOf(origin), origin.hash);
    if (isThere) this.stored += 1;
    else this.replace(slot, record);
    return slot;
  }

  /** An origin of which there is a record, as the kernel knows it. */
  numberOf(origin: Origin): number {
    return this.origins.numberOf(origin);
  }

  /** Forgets a client. Its slot may be given to another at once. */
  remove(slot: Slot): void {
    this.kernel.forget();
    const words = this.words[slot >>> SEGMENT_SHIFT] as Int32Array;
    const row = (slot & (SEGMENT_ROWS - 1)) << ROW_SHIFT;
    this.unlink(slot, words[row + HASH] as number);
    this.texts.remove(slot);
    this.leave(slot);
    this.unchain(slot);
    words[row + MARKS] = 0;
    words[row + NEXT] = this.freeSlot;
    this.freeSlot = slot;
    this.size -= 1;
  }

  /** Whether a client has this slot, which is below `slots`. */
  isUsed(slot: Slot): boolean {
    return (this.at(slot, MARKS) & USED) !== 0;
  }

  originOf(slot: Slot): Origin {
    return this.origins.at(this.at(slot, MARKS) >>> ORIGIN_SHIFT);
  }

  sequenceOf(slot: Slot): number {
    return this.double(slot, SEQUENCE);
  }

  /** Bytes of a client's text: about what its record takes on a link. */
  textLengthOf(slot: Slot): number {
    return this.at(slot, TEXT_LENGTH);
  }

  receivedSecondsOf(slot: Slot): number {
    return this.double(slot, RECEIVED_SECONDS);
  }

  isForgotten(slot: Slot): boolean {
    return (this.at(slot, MARKS) & FORGOTTEN) !== 0;
  }

  /** Below zero, at zero or above it, as `order` is before, at or after the order time of the slot's record. */
  compareOrder(order: Instant, slot: Slot): number {
    return order.seconds - this.double(slot, ORDER_SECONDS) || order.nanoseconds - this.at(slot, ORDER_NANOSECONDS);
  }

  /** Whether any record is of this origin. */
  names(origin: Origin): boolean {
    return this.origins.has(origin);
  }

  /** Who is in a bucket of the digest: a thousandth of all, so nobody waits for a walk of it. */
  *bucket(bucket: number): Generator<Slot> {
    let slot = this.digestBuckets[bucket] as Slot;
    for (; slot !== NO_SLOT; slot = this.at(slot, DIGEST_NEXT)) yield slot;
  }

  /** Shows a client's record. Its text is the table's own memory: it is true until something is stored or removed. */
  read(slot: Slot, into: RecordView): void {
    const words = this.words[slot >>> SEGMENT_SHIFT] as Int32Array;
    const doubles = this.doubles[slot >>> SEGMENT_SHIFT] as Float64Array;
    const row = (slot & (SEGMENT_ROWS - 1)) << ROW_SHIFT;
    const half = row >>> 1;
    const marks = words[row + MARKS] as number;
    into.origin = this.origins.at(marks >>> ORIGIN_SHIFT);
    into.sequence = doubles[half + SEQUENCE] as number;
    into.received.seconds = doubles[half + RECEIVED_SECONDS] as number;
    into.received.nanoseconds = words[row + RECEIVED_NANOSECONDS] as number;
    into.order.seconds = doubles[half + ORDER_SECONDS] as number;
    into.order.nanoseconds = words[row + ORDER_NANOSECONDS] as number;
    into.text = this.texts.bytesOf(slot);
    into.textStart = this.texts.startOf(slot);
    into.textLength = words[row + TEXT_LENGTH] as number;
    into.clientLength = words[row + CLIENT_LENGTH] as number;
    const locationStart = into.textStart + into.clientLength + 1;
    let locationEnd = locationStart;
    while (into.text[locationEnd] !== SPACE) locationEnd += 1;
    into.locationLength = locationEnd - locationStart;
    into.forgotten = (marks & FORGOTTEN) !== 0;
    if ((marks & ORDER_IS_STAMP) !== 0) return copyInstant(into.order, into.stamp);
    parseStamp(into.text, locationEnd + 1, into.textStart + into.textLength, into.stamp);
  }

  private fill(slot: Slot, record: StoredRecord): void {
    this.stored += 1;
    const words = this.words[slot >>> SEGMENT_SHIFT] as Int32Array;
    const doubles = this.doubles[slot >>> SEGMENT_SHIFT] as Float64Array;
    const row = (slot & (SEGMENT_ROWS - 1)) << ROW_SHIFT;
    const half = row >>> 1;
    const { order, received } = record;
    doubles[half + SEQUENCE] = record.sequence;
    doubles[half + ORDER_SECONDS] = order.seconds;
    doubles[half + RECEIVED_SECONDS] = received.seconds;
    words[row + ORDER_NANOSECONDS] = order.nanoseconds;
    words[row + RECEIVED_NANOSECONDS] = received.nanoseconds;
    const text = this.texts.bytesOf(slot);
    // Whatever stood between the parts of a text, here it is spaces.
    const locationAt = this.texts.startOf(slot) + record.clientLength + 1;
    text[locationAt - 1] = SPACE;
    text[locationAt + record.locationLength] = SPACE;
    const orderIsStamp = compareInstants(order, record.stamp) === 0 ? ORDER_IS_STAMP : 0;
    const flags = USED | orderIsStamp | (record.forgotten ? FORGOTTEN : 0);
    const bucket = this.digestBucketOf(slot);
    words[row + MARKS] = flags | (bucket << FLAG_BITS) | (this.origins.enter(record.origin) << ORIGIN_SHIFT);
    this.digest.toggle(bucket, record.origin, record.sequence);
  }

  /** Whether the client in a slot has this ID. */
  private isOf(slot: Slot, bytes: Uint8Array, start: number, end: number): boolean {
    const words = this.words[slot >>> SEGMENT_SHIFT] as Int32Array;
    const row = (slot & (SEGMENT_ROWS - 1)) << ROW_SHIFT;
    const length = end - start;
    if (words[row + CLIENT_LENGTH] !== length) return false;
    return equalWords(this.texts.wordsOf(slot), this.texts.startOf(slot), this.sought.of(bytes), start, length);
  }

  private word(slot: Slot, field: number): number {
    return ((slot & (SEGMENT_ROWS - 1)) << ROW_SHIFT) + field;
  }

  private at(slot: Slot, field: number): number {
    return (this.words[slot >>> SEGMENT_SHIFT] as Int32Array)[this.word(slot, field)] as number;
  }

  private double(slot: Slot, field: number): number {
    return (this.doubles[slot >>> SEGMENT_SHIFT] as Float64Array)[(this.word(slot, 0) >>> 1) + field] as number;
  }

  private takeSlot(): Slot {
    const slot = this.freeSlot;
    if (slot !== NO_SLOT) {
      this.freeSlot = this.at(slot, NEXT);
      return slot;
    }
    if (this.slots === this.words.length * SEGMENT_ROWS) {
      const bytes = SEGMENT_ROWS * ROW_WORDS * Int32Array.BYTES_PER_ELEMENT;
      const { buffer, start } = this.kernel.rowSegment(this.words.length, bytes);
      this.words.push(new Int32Array(buffer, start, bytes / Int32Array.BYTES_PER_ELEMENT));
      this.doubles.push(new Float64Array(buffer, start, bytes / Float64Array.BYTES_PER_ELEMENT));
      this.texts.reach(new Uint8Array(buffer, start, bytes));
    }
    this.slots += 1;
    return this.slots - 1;
  }

  /** What is counted of a slot's record no longer is. */
  private leave(slot: Slot): void {
    const number = this.at(slot, MARKS) >>> ORIGIN_SHIFT;
    this.digest.toggle(this.digestBucketOf(slot), this.origins.at(number), this.double(slot, SEQUENCE));
    this.origins.leave(number);
  }

  private digestBucketOf(slot: Slot): number {
    return (this.at(slot, MARKS) >>> FLAG_BITS) & (DIGEST_BUCKETS - 1);
  }

  private set(slot: Slot, field: number, value: number): void {
    (this.words[slot >>> SEGMENT_SHIFT] as Int32Array)[this.word(slot, field)] = value;
  }

  private chain(slot: Slot, bucket: number): void {
    const next = this.digestBuckets[bucket] as Slot;
    this.set(slot, DIGEST_BEFORE, NO_SLOT);
    this.set(slot, DIGEST_NEXT, next);
    if (next !== NO_SLOT) this.set(next, DIGEST_BEFORE, slot);
    this.digestBuckets[bucket] = slot;
  }

  private unchain(slot: Slot): void {
    const before = this.at(slot, DIGEST_BEFORE);
    const next = this.at(slot, DIGEST_NEXT);
    if (before === NO_SLOT) this.digestBuckets[this.digestBucketOf(slot)] = next;
    else this.set(before, DIGEST_NEXT, next);
    if (next !== NO_SLOT) this.set(next, DIGEST_BEFORE, before);
  }

  private bucketOf(hash: number): number {
    const bucket = hash & this.mask;
    return bucket < this.bucketCount ? bucket : hash & (this.mask >>> 1);
  }

  private firstIn(bucket: number): Slot {
    const segment = this.buckets[bucket >>> BUCKET_SHIFT] as Int32Array;
    return (segment[bucket & (BUCKETS_PER_SEGMENT - 1)] as number) - 1;
  }

  private setFirst(bucket: number, slot: Slot): void {
    (this.buckets[bucket >>> BUCKET_SHIFT] as Int32Array)[bucket & (BUCKETS_PER_SEGMENT - 1)] = slot + 1;
  }

  private link(slot: Slot, hash: number): void {
    const bucket = this.bucketOf(hash);
    this.set(slot, NEXT, this.firstIn(bucket));
    this.setFirst(bucket, slot);
  }

  private unlink(slot: Slot, hash: number): void {
    const bucket = this.bucketOf(hash);
    const next = this.at(slot, NEXT);
    let before = this.firstIn(bucket);
    if (before === slot) return this.setFirst(bucket, next);
    while (this.at(before, NEXT) !== slot) before = this.at(before, NEXT);
    this.set(before, NEXT, next);
  }

  /** One bucket more: half of the clients of one that was there go into it. */
  private split(): void {
    const added = this.bucketCount;
    this.bucketCount += 1;
    if (added > this.mask) this.mask = this.mask * 2 + 1;
    if (added >>> BUCKET_SHIFT === this.buckets.length) this.addBuckets();
    const parted = added & (this.mask >>> 1);
    let slot = this.firstIn(parted);
    this.setFirst(parted, NO_SLOT);
    while (slot !== NO_SLOT) {
      const next = this.at(slot, NEXT);
      this.link(slot, this.at(slot, HASH));
      slot = next;
    }
  }

  private addBuckets(): void {
    const { buffer, start } = this.kernel.bucketSegment(this.buckets.length, 4 * BUCKETS_PER_SEGMENT);
    this.buckets.push(new Int32Array(buffer, start, BUCKETS_PER_SEGMENT));
  }
}
