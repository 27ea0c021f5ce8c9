// The log as the store uses it: a turn's entries leave in one write before its replies may, and what the disk refuses is
// never acknowledged. Knows when the disk fails and what is then to be mended; knows no table.
//
// What is not in the log must not be claimed later. When an entry was dropped, because the disk was failing, marks (which claim
// everything before them) are left out until a snapshot holds what is missing, and the log file that begins with that
// snapshot says that it does not continue the one before.
import type { Origin } from '../wire/messages.ts';
import type { StoredRecord } from '../wire/record.ts';
import { type Directory, reasonOf } from './directory.ts';
import { LogFile, type LogPosition } from './log-file.ts';
import { type Done, Syncer } from './syncer.ts';

/** What has happened before a report is acknowledged: nothing, a write that outlives the process, or one that outlives power. */
export type Acknowledgement = 'memory' | 'wal' | 'fsync';

/** What mends it: the same write again, a snapshot of everything (the kernel may have lost what it took), or nothing. */
type Failure = 'write' | 'sync' | 'lock';

export interface LogOptions {
  readonly directory: Directory;
  readonly acknowledge: Acknowledgement;
  /** Cheap; asked before a write that comes long after the last. */
  readonly isLockHeld: () => boolean;
  readonly changed: () => void;
  /** The time of day in milliseconds: what only goes forward may stand still while the machine sleeps. */
  readonly nowMs: () => number;
}

/** A process that slept longer than this may have been taken for dead, and must look before it writes. */
const LOCK_TRUST_MS = 1500;

export class Log {
  /** Why the disk takes nothing now. */
  reason: string | undefined;
  /** Entries dropped so far; more than `mended` means that the log has a gap that no snapshot fills yet. */
  dropped = 0;
  private mended = 0;
  private droppedBeforeFile = 0;
  /** What `dropped` was when a sync last failed: only a snapshot that was begun later holds what is lost. */
  private lostAtDropped = 0;
  /** Bytes in the files before the current one, since the last snapshot. */
  private olderBytes = 0;
  files = 0;
  /** Something was appended since the last snapshot began. */
  hasNews = false;
  private readonly options: LogOptions;
  private readonly syncer: Syncer;
  private file: LogFile | undefined;
  private next = 1;
  private failure: Failure | undefined;
  private refusedInTurn = false;
  private lockSeenMs = 0;

  constructor(options: LogOptions) {
    this.options = options;
    this.syncer = new Syncer(options.directory, (error) => this.fail('sync', reasonOf(error)));
  }

  get isFailing(): boolean {
    return this.failure !== undefined;
  }

  /** Only a snapshot can mend it. */
  get needsSnapshot(): boolean {
    return this.failure === 'sync' || (this.failure === undefined && this.hasGap);
  }

  get bytes(): number {
    return this.olderBytes + (this.file?.wholeBytes ?? 0);
  }

  private get hasGap(): boolean {
    return this.dropped > this.mended;
  }

  /** @throws an error with a system's `code` */
  begin(next: number, last: LogPosition, olderBytes: number, older: readonly number[]): void {
    this.next = next;
    this.olderBytes = olderBytes;
    this.files = older.length;
    this.syncer.inherit(older);
    // What recovery left in the log is news to the next snapshot.
    this.hasNews = olderBytes > 0;
    if (this.options.acknowledge !== 'memory') this.open(last);
  }

  append(record: StoredRecord): boolean {
    this.hasNews = true;
    if (this.file === undefined) return true;
    if (this.failure !== undefined) return this.drop();
    this.file.record(record);
    return true;
  }

  mark(origin: Origin, height: number): boolean {
    this.hasNews = true;
    if (this.file === undefined) return true;
    if (this.failure !== undefined) return this.drop();
    if (!this.hasGap) this.file.mark(origin, height);
    return true;
  }

  commit(done: Done | undefined): boolean {
    if (this.failure === undefined && this.file?.hasWaiting === true) this.flush(this.file);
    // While it fails not even what appended nothing: a stale report is answered because of one that may be lost.
    const kept = !this.refusedInTurn && this.failure === undefined;
    this.refusedInTurn = false;
    if (done === undefined) {
      if (this.options.acknowledge === 'fsync') this.syncer.start();
    } else if (this.options.acknowledge !== 'fsync') done(kept);
    else if (kept) this.syncer.wait(done);
    else this.syncer.follow(() => done(false));
    return kept;
  }

  sync(): void {
    this.syncer.start();
  }

  /** Tries what failed again. */
  retry(): void {
    const { file } = this;
    if (this.failure !== 'write' || file === undefined) return;
    try {
      if (file.isSpent) {
        this.dropped += 1;
        this.open(this.positionAfterGap(file));
      } else {
        file.flush();
        this.syncer.written();
      }
    } catch (error) {
      this.reason = reasonOf(error);
      return;
    }
    this.mend();
  }

  /**
   * A snapshot begins here: what is appended from now on goes to a new file, whose number the snapshot gets: a later one than
   * `newest`, the newest snapshot's.
   * @throws an error with a system's `code` if it cannot be made; the old file stays in use then
   */
  rotate(newest: number): number {
    const { file } = this;
    if (file === undefined) {
      this.hasNews = false;
      this.next = Math.max(this.next, newest + 1);
      return this.next++;
    }
    if (this.failure !== undefined) this.dropped += 1;
    else if (file.hasWaiting && !this.flush(file)) throw new Error(this.reason);
    // After a snapshot that failed, the file that was begun for it may still do.
    if (!file.isEmpty || file.number === newest || this.dropped > this.droppedBeforeFile)
      this.open(this.positionAfterGap(file));
    this.hasNews = false;
    return this.next - 1;
  }

  /** A snapshot holds everything up to where the current file begins, and what was dropped up to `dropped`. */
  snapshotKept(dropped: number): void {
    this.olderBytes = 0;
    this.files = 1;
    this.mended = dropped;
    if (this.failure === 'sync' && dropped >= this.lostAtDropped) this.mend();
  }

  lockLost(): void {
    this.fail('lock', 'another process took the data directory, since this one did not run for a while');
  }

  async close(): Promise<void> {
    this.syncer.use(undefined);
    this.syncer.start();
    await this.syncer.idle();
    this.file = undefined;
  }

  private open(previous: LogPosition): void {
    const file = new LogFile(this.options.directory, this.next, previous);
    this.next += 1;
    this.olderBytes = this.bytes;
    this.files += 1;
    this.file = file;
    this.droppedBeforeFile = this.dropped;
    this.syncer.use(file.file);
  }

  /** After a gap it is further than the file reaches, so that nobody takes the next file for its continuation. */
  private positionAfterGap(file: LogFile): LogPosition {
    return { number: file.number, wholeBytes: file.wholeBytes + (this.dropped - this.mended) };
  }

  private flush(file: LogFile): boolean {
    const nowMs = this.options.nowMs();
    if (Math.abs(nowMs - this.lockSeenMs) > LOCK_TRUST_MS) {
      if (!this.options.isLockHeld()) {
        this.lockLost();
        return false;
      }
      this.lockSeenMs = nowMs;
    }
    try {
      file.flush();
      this.syncer.written();
      return true;
    } catch (error) {
      this.fail('write', reasonOf(error));
      return false;
    }
  }

  private drop(): boolean {
    this.dropped += 1;
    this.refusedInTurn = true;
    return false;
  }

  private fail(failure: Failure, reason: string): void {
    // What this turn has appended is not written, or not believed to be: nobody may be told that it is kept.
    if (this.file?.hasWaiting === true) this.refusedInTurn = true;
    if (failure === 'sync') {
      this.dropped += 1;
      this.lostAtDropped = this.dropped;
    }
    // A lost lock stays lost, and a failed sync needs more than a write.
    if (this.failure === 'lock' || (this.failure === 'sync' && failure === 'write')) return;
    this.failure = failure;
    this.reason = reason;
    this.options.changed();
  }

  private mend(): void {
    this.failure = undefined;
    this.reason = undefined;
    this.options.changed();
  }
}
