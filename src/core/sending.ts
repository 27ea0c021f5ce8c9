// The sending half of a link: what the neighbour lacks, in which order and how fast it is told, and what it is told of heights.
// Knows the table it reads from; knows no frame but the batch, and no state of the link.
import { ByteWriter } from '../wire/bytes.ts';
import { BATCH_BYTES, GOT_INTERVAL_MS, HOLD_MS, SCAN_CLIENTS } from '../wire/limits.ts';
import type { Origin } from '../wire/messages.ts';
import { RecordView, type StoredRecord } from '../wire/record.ts';
import { Batch, type Mark } from './batch.ts';
import { GotFinder, gotOf, type Vector } from './got.ts';
import { type Coverage, Outbox } from './outbox.ts';
import { Standings } from './standings.ts';
import { NO_SLOT, type Slot, type Table } from './table.ts';
import { Window } from './window.ts';

const NEWS = 1;

/** What the sender needs from the link it sends for. */
export interface Carrier {
  /** Of the protocol. */
  readonly version: number;
  /** Takes a whole frame and empties the writer; false when the transport is full until it has drained. */
  write(frame: ByteWriter): boolean;
  forwarded(record: StoredRecord): void;
  caughtUp(records: number): void;
}

export class Sending implements Coverage {
  /** What the neighbour is known to have: its vector, what it acknowledged, and what came from it. Fresh for every link. */
  readonly peer: Vector<Origin> = new Map();
  readonly outbox: Outbox = new Outbox();
  readonly window: Window = new Window();
  recordsSent = 0;
  /** Origins whose records the neighbour asked to have held back. */
  readonly heldOrigins: Set<Origin> = new Set();
  /** What leaves at the end of the turn: records that nothing stands in front of need not stand in line. */
  private readonly batch = new Batch();
  private readonly finder = new GotFinder(this.peer);

  private readonly table: Table;
  private readonly own: Vector<Origin>;
  private readonly carrier: Carrier;
  private writable = true;
  /** Slots from here down to 0 have still to be compared with the neighbour's vector; -1 when that is done. */
  private scanAt: number;
  /** The neighbour asked for the catch-up to wait: another brings it the same. */
  private waitUntilMs = Number.NEGATIVE_INFINITY;
  /** Clients whose record the neighbour lacks although it says that it has it. */
  private readonly insisted = new Set<Slot>();
  /** Clients that had news since the catch-up began: they were put in line then, and may have been sent. No set: that of millions grows by pauses of a second. */
  private news = new Standings();
  private marks: Mark[] | undefined;
  private readonly marked = new Map<Origin, number>();
  private nextMarkMs = Number.NEGATIVE_INFINITY;

  constructor(table: Table, own: Vector<Origin>, carrier: Carrier) {
    this.table = table;
    this.own = own;
    this.carrier = carrier;
    this.scanAt = table.slots - 1;
  }

  get isCaughtUp(): boolean {
    return this.scanAt < 0;
  }

  /** Memory taken for clients. */
  get bytes(): number {
    return this.outbox.bytes + this.news.bytes;
  }

  /** Records that have not left. */
  get waiting(): number {
    return this.outbox.size + this.batch.count;
  }

  /** Nothing waits for the neighbour that could leave. */
  get isIdle(): boolean {
    return this.isCaughtUp && this.outbox.readySize + this.batch.count === 0 && !this.window.isFull;
  }

  covered(record: StoredRecord): boolean {
    return this.finder.of(record.origin).has(record.sequence);
  }

  /** The neighbour sent it. */
  cameFrom(record: StoredRecord): void {
    this.finder.of(record.origin).add(record.sequence);
  }

  // What the outbox asks, see `Coverage`.

  has(origin: Origin, sequence: number): boolean {
    return this.finder.of(origin).has(sequence);
  }

  hasRecordOf(slot: Slot): boolean {
    return this.has(this.table.originOf(slot), this.table.sequenceOf(slot));
  }

  /**
   * A client has this newer record, from somewhere else. What was reported to this server itself (`isOwn`) is never held back:
   * its client may ask the neighbour next.
   */
  put(slot: Slot, record: StoredRecord, nowMs: number, isOwn: boolean): void {
    if (this.insisted.size > 0) this.insisted.delete(slot);
    if (this.scanAt >= 0) this.news.set(slot, NEWS);
    if (this.covered(record)) return this.outbox.drop(slot);
    const isHeld = !isOwn && this.heldOrigins.size > 0 && this.heldOrigins.has(record.origin);
    if (isHeld) return this.outbox.hold(slot, record.origin, record.sequence, nowMs + HOLD_MS);
    if (!this.mayLeave(slot, record)) return this.outbox.put(slot);
    this.batch.add(record);
    this.carrier.forwarded(record);
    if (this.batch.bytes >= BATCH_BYTES) this.writeBatch(nowMs);
  }

  /** What was put is kept from now on, wherever it was read. */
  settle(): void {
    this.batch.settle();
  }

  /** Nothing stands in front of this record, and there is room for it on the way. */
  private mayLeave(slot: Slot, { textLength, origin }: StoredRecord): boolean {
    if (!this.writable || this.scanAt >= 0 || this.outbox.readySize > 0 || this.window.isFull) return false;
    if (this.batch.count > 0 && this.batch.bytes + textLength > this.window.roomBytes) return false;
    return !this.outbox.has(slot) && this.batch.hasRoomFor(origin);
  }

  /** The neighbour lacks this client's record, whatever it says of what it has. */
  insist(slot: Slot): void {
    this.insisted.add(slot);
    this.outbox.put(slot);
  }

  /** The client is no more: what is put in its slot next is another's. */
  forget(slot: Slot): void {
    this.outbox.drop(slot);
    this.insisted.delete(slot);
    if (this.scanAt >= 0) this.news.set(slot, 0);
  }

  /** The catch-up is to wait until then; what is news is sent all the same. */
  wait(untilMs: number): void {
    this.waitUntilMs = untilMs;
  }

  drained(): void {
    this.writable = true;
  }

  /** Sends what may be sent now. True when there is more that only needs another turn. */
  flush(nowMs: number): boolean {
    this.outbox.release(nowMs, this);
    for (;;) {
      this.scan(nowMs);
      // What is in the batch had its room when it was put there.
      if (this.writable && this.window.isOpen()) this.prepareMarks(nowMs);
      else if (this.batch.count === 0) return false;
      if (this.outbox.readySize + this.batch.count === 0 && !this.marksDue())
        return this.scanAt >= 0 && nowMs >= this.waitUntilMs;
      this.writeBatch(nowMs);
    }
  }

  /** When there is something to do without anything having happened; infinity when there is not. */
  dueMs(): number {
    // Not each by itself: it would wake the server for every record that is held back and not acknowledged in time.
    const releaseMs = Math.ceil(this.outbox.nextReleaseMs() / GOT_INTERVAL_MS) * GOT_INTERVAL_MS;
    // What waits for the catch-up, the barrier, the window or the transport is moved by these, not by time.
    const waits = this.scanAt >= 0 || this.marks !== undefined || !this.writable || this.window.isFull;
    if (waits || !this.lacksMarks()) return releaseMs;
    return Math.min(releaseMs, this.nextMarkMs);
  }

  /** Looks at some clients for what the neighbour lacks. Who is added meanwhile is news. */
  private scan(nowMs: number): void {
    if (this.scanAt < 0 || nowMs < this.waitUntilMs || this.outbox.readySize >= SCAN_CLIENTS) return;
    for (let looked = 0; looked < SCAN_CLIENTS && this.scanAt >= 0; looked += 1) {
      const slot = this.scanAt;
      this.scanAt -= 1;
      if (!this.table.isUsed(slot) || this.hasRecordOf(slot) || this.news.get(slot) === NEWS) continue;
      this.outbox.put(slot);
    }
    if (this.scanAt >= 0) return;
    this.news = new Standings();
    this.carrier.caughtUp(this.outbox.size);
  }

  /**
   * A mark says that everything of an origin up to a height is covered, also what was replaced before it was sent. It may
   * leave when all that stood in the outbox at the moment of that height is gone, and not before the catch-up is through.
   */
  private prepareMarks(nowMs: number): void {
    if (this.scanAt >= 0 || this.marks !== undefined || nowMs < this.nextMarkMs) return;
    const marks: Mark[] = [];
    for (const [origin, got] of this.own) {
      if (got.height > this.knownHeight(origin)) marks.push([origin, got.height]);
    }
    if (marks.length === 0) return;
    this.marks = marks;
    this.outbox.setBarrier();
    this.nextMarkMs = nowMs + GOT_INTERVAL_MS;
  }

  private knownHeight(origin: Origin): number {
    return Math.max(this.marked.get(origin) ?? 0, this.peer.get(origin)?.height ?? 0);
  }

  private lacksMarks(): boolean {
    for (const [origin, got] of this.own) if (got.height > this.knownHeight(origin)) return true;
    return false;
  }

  private marksDue(): boolean {
    return this.marks !== undefined && this.outbox.barrierPassed;
  }

  private writeBatch(nowMs: number): void {
    const { batch } = this;
    // A batch that did not fit in the window would be in front of every newer record of its clients.
    const mostBytes = Math.min(BATCH_BYTES, this.window.roomBytes);
    const { kernel } = this.table;
    let fetched = 0;
    for (let slot = this.outbox.first(); slot !== NO_SLOT; slot = this.outbox.first()) {
      if (fetched === 0) {
        fetched = this.outbox.upcoming(kernel.slots);
        kernel.fetch(fetched);
      }
      fetched -= 1;
      if (batch.count > 0 && batch.bytes + this.table.textLengthOf(slot) > mostBytes) break;
      if (!batch.hasRoomFor(this.table.originOf(slot))) break;
      this.outbox.drop(slot);
      // Acknowledged by another way while it stood in line.
      if (!this.insisted.delete(slot) && this.hasRecordOf(slot)) continue;
      this.table.read(slot, record);
      batch.add(record);
      this.carrier.forwarded(record);
    }
    const marks = this.marksDue() ? (this.marks as Mark[]) : [];
    if (batch.count === 0 && marks.length === 0) return;
    this.recordsSent += batch.count;
    batch.write(out, this.carrier.version, marks);
    for (const [origin, height] of marks) this.marked.set(origin, Math.max(height, this.marked.get(origin) ?? 0));
    if (marks.length > 0) this.marks = undefined;
    this.window.sent(out.length, nowMs);
    this.writable = this.carrier.write(out);
  }
}

/** Marks what the neighbour said or sent. */
export function peerHas(peer: Vector<Origin>, origin: Origin, height: number, above: readonly number[]): void {
  const got = gotOf(peer, origin);
  got.raise(height);
  for (let index = 0; index < above.length; index += 2)
    got.addRange(above[index] as number, above[index + 1] as number);
}

/** Shared by all links: nothing of them outlives a batch. */
const record = new RecordView();
const out = new ByteWriter(BATCH_BYTES);
