// What of the server is WebAssembly, and the memory that it shares with the rest: finds plain reports and plain records in bytes, some of them at
// a time, and their clients in a table that lies in that memory. The work is done in `kernel/`; this hands it bytes and knows where its results
// are. Whoever uses it has another way for all that it leaves alone: without WebAssembly that is everything.
import type { ByteWriter } from './bytes.ts';
import type { Instant } from './instant.ts';
import { KERNEL_CODE } from './kernel-code.ts';
import { DIGEST_BUCKETS, REPORTS_AHEAD } from './limits.ts';

/** As in `kernel/rows.ts`. */
const ROW_BYTES = 80;
const WINDOW_BYTES = 4096;
/** As in `kernel/answer.ts`. */
const NAME_BYTES = 128;
const REPLIES_BYTES = 8192;
/** As in `kernel/scan.ts`: two times below this are no more apart than 64 bits of nanoseconds hold. */
const SECONDS_BELOW = 9_223_372_036;

/**
 * So much is handed over, and so much for each report or record that is wanted, which for the most is within the kernel's window: of what is
 * longer, fewer are found in one scan.
 */
const LEAST_BYTES = 256;
const EACH_BYTES = 96;
/** Of 64-bit words. */
const WORD_MASK = 7;
/** `I`. */
const REPORT_BEGINS = 0x49;

/** Of a result row in `integers`: where the parts are, counted from `base`, and what needs no more than 32 bits. */
export const ROW_INTEGERS: number = ROW_BYTES / Int32Array.BYTES_PER_ELEMENT;
export const CLIENT_START = 0;
export const CLIENT_END = 1;
export const LOCATION_END = 2;
export const STAMP_END = 3;
export const NANOSECONDS = 4;
// Of records only; of a report they are what the server adds.
export const RECEIVED_NANOSECONDS = 5;
export const ORIGIN = 6;
export const BODY_START = 7;
/** Below zero if the record is ordered by its stamp. */
export const ORDER_NANOSECONDS = 8;
/** Of both: the client's slot, once `seek` has found it, or -1. */
export const SLOT = 9;
/** Of reports that were answered: where the reply ends, counted from where the first begins. */
const REPLY_END = 18;
/** Of records that were taken in: 1 if it won, 0 if not. */
const WON = 19;

/** Of a result row in `doubles`. */
export const ROW_DOUBLES: number = ROW_BYTES / Float64Array.BYTES_PER_ELEMENT;
export const SECONDS = 5;
// Of records only; of a report they are what the server adds.
export const RECEIVED_SECONDS = 6;
export const ORDER_SECONDS = 7;
export const SEQUENCE = 8;

const PAGE_BYTES = 65_536;
/** At first: for the window, the results and where everything is. */
const FIRST_PAGES = 2;
/** All that 32 bits can address. What has no room there lies in memory of its own, and is found the other way. */
const MOST_PAGES = 65_536;
/** As in `kernel/table.ts`. */
const MOST_SEGMENTS = 4096;

/** What of it is used here: no library for TypeScript declares it but the browser's. */
declare const WebAssembly: {
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
  readonly Memory: new (size: { initial: number; maximum: number; shared: true }) => WasmMemory;
};

interface WasmMemory {
  /** Shared: what shows it stays true when it grows, and only shows as much as there was. */
  readonly buffer: ArrayBufferLike;
  grow(pages: number): number;
}

interface Place {
  readonly value: number;
}

interface Functions {
  readonly WINDOW: Place;
  readonly ROWS: Place;
  readonly ROW_SEGMENTS: Place;
  readonly BUCKET_SEGMENTS: Place;
  readonly LANES: Place;
  readonly SLOTS: Place;
  readonly NAME: Place;
  readonly REPLIES: Place;
  readonly FREE: Place;
  reports(start: number, limit: number, most: number): number;
  records(start: number, limit: number, most: number): number;
  answer(count: number, start: number, nameBytes: number, receivedSeconds: number, receivedNanoseconds: number): number;
  begin(hashSeed: number, digestFirst: number, digestSecond: number): void;
  seek(count: number, bucketCount: number, mask: number): void;
  fetch(count: number): void;
  replace(slot: number, row: number, origin: number, originHash: number): number;
  take(first: number, count: number, sequence: number, origin: number, originHash: number): number;
  accept(first: number, count: number, place: number, origin: number, originHash: number): number;
}

/** Scans are counted up to this; then from 0 again, which nothing waits for. */
const SCAN_MASK = 0x3fffffff;
/** Of what no scan has found. */
export const NO_SCAN = -1;

/** Of a record, what is not in its client's report. */
interface Added {
  readonly sequence: number;
  readonly received: Instant;
  readonly order: Instant;
}

/** Some bytes of memory, all of them 0. */
export interface Room {
  readonly buffer: ArrayBufferLike;
  readonly start: number;
}

/** Of all kernels: what one has found counts for no other. */
let scans = 0;

/** Compiled once. */
let compiled: object | undefined;

interface Running {
  readonly memory: WasmMemory;
  readonly functions: Functions;
}

/**
 * Undefined where there is no WebAssembly, or no room for it: V8 sets ten gigabytes of addresses aside for any memory of its, which a limit on
 * addresses may forbid.
 */
function run(mostPages: number): Running | undefined {
  try {
    compiled ??= new WebAssembly.Module(Uint8Array.from(atob(KERNEL_CODE), (character) => character.charCodeAt(0)));
    const memory = new WebAssembly.Memory({ initial: FIRST_PAGES, maximum: mostPages, shared: true });
    const instance = new WebAssembly.Instance(compiled, { env: { memory } });
    return { memory, functions: instance.exports as Functions };
  } catch {
    return undefined;
  }
}

export class Kernel {
  private readonly memory: WasmMemory | undefined;
  private readonly functions: Functions | undefined;
  private readonly window: Uint8Array;
  private readonly name: Uint8Array;
  private readonly replies: Uint8Array;
  private nameBytes = 0;
  private readonly rowSegments: Uint32Array;
  private readonly bucketSegments: Uint32Array;
  /** Where what nobody has yet begins. */
  private free: number;
  /** The results of the last scan, a row for each report or record. */
  readonly integers: Int32Array;
  readonly doubles: Float64Array;
  /** Of the digest: two numbers for each of its buckets. */
  readonly lanes: Int32Array;
  /** Room for the slots that `fetch` looks at. */
  readonly slots: Int32Array;
  /** Where in the bytes of the last scan the window begins: places in `integers` count from there. */
  base = 0;
  /** The number of the last scan: what an earlier one found is no longer there. */
  scan = 0;

  /** `mostPages`, of 64 KiB each, is all the memory that it may have; only tests give less than there can be. */
  constructor(mostPages: number = MOST_PAGES) {
    const running = run(mostPages);
    this.memory = running?.memory;
    this.functions = running?.functions;
    const functions = this.functions;
    // Where there is no kernel, each lies in memory of its own: some of it is used all the same.
    const at = (place: Place | undefined, bytes: number): [ArrayBufferLike, number] =>
      running === undefined || place === undefined ? [new ArrayBuffer(bytes), 0] : [running.memory.buffer, place.value];
    const rows = at(functions?.ROWS, REPORTS_AHEAD * ROW_BYTES);
    this.window = new Uint8Array(...at(functions?.WINDOW, WINDOW_BYTES), WINDOW_BYTES);
    this.name = new Uint8Array(...at(functions?.NAME, NAME_BYTES), NAME_BYTES);
    this.replies = new Uint8Array(...at(functions?.REPLIES, REPLIES_BYTES), REPLIES_BYTES);
    this.integers = new Int32Array(...rows, REPORTS_AHEAD * ROW_INTEGERS);
    this.doubles = new Float64Array(...rows, REPORTS_AHEAD * ROW_DOUBLES);
    this.rowSegments = new Uint32Array(...at(functions?.ROW_SEGMENTS, 4 * MOST_SEGMENTS), MOST_SEGMENTS);
    this.bucketSegments = new Uint32Array(...at(functions?.BUCKET_SEGMENTS, 4 * MOST_SEGMENTS), MOST_SEGMENTS);
    this.lanes = new Int32Array(...at(functions?.LANES, 8 * DIGEST_BUCKETS), 2 * DIGEST_BUCKETS);
    this.slots = new Int32Array(...at(functions?.SLOTS, 4 * REPORTS_AHEAD), REPORTS_AHEAD);
    this.free = functions?.FREE.value ?? 0;
    this.forget();
  }

  /** Finds the plain reports that stand one after the other in `bytes[start, end)`, each with its LF; returns how many, at most `most`. */
  reports(bytes: Uint8Array, start: number, end: number, most: number): number {
    // A question need not be copied to be none.
    if (this.functions === undefined || bytes[start] !== REPORT_BEGINS) return 0;
    const limit = this.show(bytes, start, end, most);
    return this.functions.reports(start - this.base, limit, most);
  }

  /** Finds the plain records of a batch that stand one after the other in `bytes[start, end)`; returns how many, at most `most`. */
  records(bytes: Uint8Array, start: number, end: number, most: number): number {
    if (this.functions === undefined) return 0;
    const limit = this.show(bytes, start, end, most);
    return this.functions.records(start - this.base, limit, most);
  }

  /** What replies begin with, up to the space behind the server's name. */
  answerWith(start: Uint8Array): void {
    this.nameBytes = start.length;
    if (start.length <= NAME_BYTES) this.name.set(start);
  }

  /**
   * Prints the replies to the first `count` reports of the last scan behind what was written, where `out` may write over them: the first was received
   * at `received`, each further one a nanosecond later. Returns how many; `replyEnd` and `isReceived` tell of each.
   */
  answer(count: number, received: Instant, out: ByteWriter): number {
    if (this.functions === undefined || this.nameBytes > NAME_BYTES) return 0;
    if (received.seconds < 0 || received.seconds >= SECONDS_BELOW) return 0;
    const { bytes, length } = out;
    const start = (bytes.byteOffset + length) & WORD_MASK;
    let printed = this.functions.answer(count, start, this.nameBytes, received.seconds, received.nanoseconds);
    while (printed > 0 && this.replyEnd(printed - 1) > bytes.length - length) printed -= 1;
    if (printed > 0) bytes.set(this.replies.subarray(start, start + this.replyEnd(printed - 1)), length);
    return printed;
  }

  /** Where the reply to a report ends that `answer` printed, counted from where the first begins. */
  replyEnd(row: number): number {
    return this.integers[row * ROW_INTEGERS + REPLY_END] as number;
  }

  /** Whether the reply that `answer` printed to a report says that it was received then. */
  isReceived(row: number, { seconds, nanoseconds }: Instant): boolean {
    return (
      this.integers[row * ROW_INTEGERS + RECEIVED_NANOSECONDS] === nanoseconds &&
      this.doubles[row * ROW_DOUBLES + RECEIVED_SECONDS] === seconds
    );
  }

  /** Writes when a report was received that `answer` printed a reply to. */
  receivedAt(row: number, into: Instant): void {
    into.seconds = this.doubles[row * ROW_DOUBLES + RECEIVED_SECONDS] as number;
    into.nanoseconds = this.integers[row * ROW_INTEGERS + RECEIVED_NANOSECONDS] as number;
  }

  /** Copies what is to be scanned; returns where it ends in the window. */
  private show(bytes: Uint8Array, start: number, end: number, most: number): number {
    // Into shared memory a byte is copied at a time unless both sides lie alike in their words.
    const skew = (bytes.byteOffset + start) & WORD_MASK;
    const length = Math.min(end - start, LEAST_BYTES + most * EACH_BYTES);
    this.forget();
    this.base = start - skew;
    this.window.set(bytes.subarray(start, start + length), skew);
    return skew + length;
  }

  /** What was found is not to be used any more, though it is still there. */
  forget(): void {
    // It stays a small integer: a field that becomes a double some day has everything compiled anew.
    scans = (scans + 1) & SCAN_MASK;
    this.scan = scans;
  }

  // Of one table, which must have begun.

  /** What its IDs are hashed with, and the updates of its digest. */
  begin(hashSeed: number, digestFirst: number, digestSecond: number): void {
    this.functions?.begin(hashSeed, digestFirst, digestSecond);
  }

  /** Memory for a segment of its rows. */
  rowSegment(index: number, bytes: number): Room {
    return this.segment(this.rowSegments, index, bytes);
  }

  /** Memory for a segment of the buckets in which it finds rows. */
  bucketSegment(index: number, bytes: number): Room {
    return this.segment(this.bucketSegments, index, bytes);
  }

  /** Looks for the clients of the first `count` results; those found have a slot in `integers`, the others may be there all the same. */
  seek(count: number, bucketCount: number, mask: number): void {
    this.functions?.seek(count, bucketCount, mask);
  }

  /** Has the rows of the first `count` of `slots` fetched from memory, all at once: they are needed soon. */
  fetch(count: number): void {
    this.functions?.fetch(count);
  }

  /**
   * Puts a result, with what the server adds to it, in a slot where another record of the same client and origin is. False, with nothing done,
   * if that is not for the kernel to do. `origin` is the origin's number in the table.
   */
  replace(
    slot: number,
    row: number,
    { sequence, received, order }: Added,
    origin: number,
    originHash: number,
  ): boolean {
    if (this.functions === undefined) return false;
    const { integers, doubles } = this;
    const integer = row * ROW_INTEGERS;
    const double = row * ROW_DOUBLES;
    doubles[double + SEQUENCE] = sequence;
    doubles[double + RECEIVED_SECONDS] = received.seconds;
    doubles[double + ORDER_SECONDS] = order.seconds;
    integers[integer + RECEIVED_NANOSECONDS] = received.nanoseconds;
    integers[integer + ORDER_NANOSECONDS] = order.nanoseconds;
    return this.functions.replace(slot, row, origin, originHash) !== 0;
  }

  /**
   * Takes in the reports in the rows from `first` to `count`, of which `seek` has found the clients and `answer` printed the replies: those that are
   * ordered behind their clients' records replace them, and get the numbers after `sequence`. Returns the first that is left to others. Of those before
   * it `doubles` have the number, 0 if it came too late, and both have the order. `origin` as for `replace`: whoever's record is another's is left.
   */
  take(first: number, count: number, sequence: number, origin: number, originHash: number): number {
    return this.functions?.take(first, count, sequence, origin, originHash) ?? first;
  }

  /**
   * Takes in the records in the rows from `first` to `count` that are of the first's origin and of which `seek` has found the clients: those that win
   * over a record of the same origin replace it, see `hasWon`. `origin` as for `replace`. Returns the first that is left to others. If that is of
   * the same origin it is not to be given here again: it is not for the kernel, and its order is no longer what it was.
   */
  accept(first: number, count: number, origin: number, originHash: number): number {
    const place = this.integers[first * ROW_INTEGERS + ORIGIN] as number;
    return this.functions?.accept(first, count, place, origin, originHash) ?? first;
  }

  /** Of a record that `accept` took in. */
  hasWon(row: number): boolean {
    return this.integers[row * ROW_INTEGERS + WON] === 1;
  }

  private segment(segments: Uint32Array, index: number, bytes: number): Room {
    if (this.memory === undefined || index >= MOST_SEGMENTS || !this.makeRoom(bytes)) {
      return { buffer: new ArrayBuffer(bytes), start: 0 };
    }
    const start = this.free;
    this.free += bytes;
    segments[index] = start;
    return { buffer: this.memory.buffer, start };
  }

  /** Makes memory reach as far behind what is taken; where what is next begins is a line of the processor's cache. */
  private makeRoom(bytes: number): boolean {
    const { memory } = this;
    if (memory === undefined) return false;
    this.free = Math.ceil(this.free / 128) * 128;
    const lacking = this.free + bytes - memory.buffer.byteLength;
    if (lacking <= 0) return true;
    try {
      memory.grow(Math.ceil(lacking / PAGE_BYTES));
      return true;
    } catch {
      // All there can be is taken, or the system has no more.
      return false;
    }
  }
}
