// What a server keeps on disk: its life's number, a log of what it learned, snapshots. The door of this folder. Knows neither
// sockets nor rules: it is told what to keep, and says whether it is kept.
import { chmodSync } from 'node:fs';
import path from 'node:path';
import { codeOf } from '../journal/directory.ts';
import { type Acknowledgement, Log } from '../journal/log.ts';
import { type Recovering, type Recovery, recover } from '../journal/recovery.ts';
import type { Done } from '../journal/syncer.ts';
import { STORE_TICK_MS } from '../wire/limits.ts';
import type { Origin } from '../wire/messages.ts';
import type { StoredRecord } from '../wire/record.ts';
import { RealDirectory } from './directory.ts';
import { nextEpoch, writeEpoch } from './epoch.ts';
import { DIRECTORY_MODE, removeTemporaries } from './files.ts';
import { expectHerd } from './herd.ts';
import { Lock } from './lock.ts';
import { makeDirectory } from './make-directory.ts';
import type { SnapshotSource, SnapshotWritten } from './snapshot.ts';
import { Snapshots } from './snapshots.ts';

export { UnknownFormat } from '../journal/file-reader.ts';
export type { Acknowledgement } from '../journal/log.ts';
export type { Recovering, Recovery } from '../journal/recovery.ts';
export type { Done } from '../journal/syncer.ts';
export { OtherHerd } from './herd.ts';
export { Locked } from './lock.ts';
export type { SnapshotSource, SnapshotWritten } from './snapshot.ts';

/** What happened, for the log and the metrics. */
export interface StoreObserver {
  /** The disk takes nothing: reports must be refused from now on. */
  failing(reason: string): void;
  /** It takes everything again. */
  working(): void;
  snapshotWritten(snapshot: SnapshotWritten): void;
  /** It is tried again later; until then the log grows. */
  snapshotFailed(reason: string): void;
}

export interface StoreOptions {
  /** The data directory of the herd; this server's files are in a directory of its name below. */
  readonly directory: string;
  /** Whose server it is: another herd's directory is not taken. */
  readonly herd: string;
  readonly name: string;
  readonly acknowledge: Acknowledgement;
  /** POSIX time, for the epoch. */
  readonly nowMs: number;
  readonly observer?: Partial<StoreObserver>;
  /** Instead of the limits' numbers, for tests and small disks. */
  readonly snapshotLeastBytes?: number;
  readonly tickMs?: number;
}

export class Store {
  readonly directory: string;
  private readonly options: StoreOptions;
  private readonly observer: Partial<StoreObserver>;
  private readonly files: RealDirectory;
  private readonly lock: Lock;
  private readonly log: Log;
  private readonly snapshots: Snapshots;
  private readonly epochFault: string | undefined;
  private lifeEpoch: number;
  private timer: NodeJS.Timeout | undefined;

  /**
   * Takes the directory and numbers this life.
   * @throws {Locked} if another process works in it
   * @throws {OtherHerd} if it was made for another herd
   * @throws {NodeJS.ErrnoException} if it cannot be written
   */
  static async open(options: StoreOptions): Promise<Store> {
    const directory = path.join(options.directory, options.name);
    makeDirectory(directory);
    chmodSync(directory, DIRECTORY_MODE);
    const lock = await Lock.take(directory);
    try {
      removeTemporaries(directory);
      expectHerd(directory, options.herd);
      return new Store(options, directory, lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  private constructor(options: StoreOptions, directory: string, lock: Lock) {
    this.options = options;
    this.directory = directory;
    this.files = new RealDirectory(directory);
    this.lock = lock;
    this.observer = options.observer ?? {};
    const { epoch, fault } = nextEpoch(directory, options.nowMs);
    this.lifeEpoch = epoch;
    this.epochFault = fault;
    const { acknowledge } = options;
    this.log = new Log({
      directory: this.files,
      acknowledge,
      isLockHeld: () => lock.isHeld(),
      changed: () => this.stateChanged(),
      nowMs: () => Date.now(),
    });
    this.snapshots = new Snapshots({
      directory,
      acknowledge,
      log: this.log,
      leastBytes: options.snapshotLeastBytes,
      written: (snapshot) => this.observer.snapshotWritten?.(snapshot),
      failed: (reason) => this.observer.snapshotFailed?.(reason),
    });
  }

  /** The number of this life: durable, and later than that of any earlier one. */
  get epoch(): number {
    return this.lifeEpoch;
  }

  /** `failing`: nothing can be kept now, so no report may be accepted. It is tried again all the time. */
  get state(): 'working' | 'failing' {
    return this.log.isFailing ? 'failing' : 'working';
  }

  /** Why the state is `failing`. */
  get reason(): string | undefined {
    return this.log.reason;
  }

  /** Bytes in the log since the last snapshot. */
  get logBytes(): number {
    return this.log.bytes;
  }

  /**
   * Hands over what earlier lives kept, and begins this one's log. Once, before anything else; all in one turn.
   * @throws {UnknownFormat} if a newer Drover wrote it
   * @throws {NodeJS.ErrnoException} if the log cannot be begun
   */
  recover(into: Recovering): Recovery {
    const { recovery, snapshot, snapshotBytes, logBytes, logs, last, next } = recover(this.files, into);
    if (this.epochFault !== undefined) {
      recovery.lines.unshift(this.epochFault);
      recovery.warnings.unshift(this.epochFault);
    }
    this.snapshots.begin(snapshot, snapshotBytes, recovery.warnings.length > 0);
    this.log.begin(next, last, logBytes, logs);
    return recovery;
  }

  /** From now on the store looks after itself: makes snapshots of `source`, syncs, tries a failing disk again. */
  start(source: SnapshotSource): void {
    this.snapshots.use(source);
    this.timer = setInterval(() => this.tick(), this.options.tickMs ?? STORE_TICK_MS).unref();
  }

  /** A record won and is in the table. False if it cannot be kept: nobody may be told that it was. */
  append(record: StoredRecord): boolean {
    return this.log.append(record);
  }

  /** Every update of an origin up to `height` is covered by the table, all of it appended before. */
  mark(origin: Origin, height: number): boolean {
    return this.log.mark(origin, height);
  }

  /**
   * The turn is over: writes all that it appended. Replies leave in `done(true)`, which is called before this returns, or with
   * `fsync` once the disk has it, in the order of the commits; after `done(false)` no report of the turn may be acknowledged.
   */
  commit(done?: Done): boolean {
    return this.log.commit(done);
  }

  /** The server goes on under a later number, which is durable when this returns. */
  beginLife(epoch: number): void {
    if (epoch <= this.lifeEpoch) return;
    writeEpoch(this.directory, epoch);
    this.lifeEpoch = epoch;
  }

  /** Makes a snapshot now. False if it failed; the observer was told why. */
  snapshot(): Promise<boolean> {
    return this.snapshots.run(performance.now());
  }

  /** Writes what waits, makes a snapshot if `snapshot` says so and there is news, and gives the directory back. */
  async close({ snapshot = true }: { readonly snapshot?: boolean } = {}): Promise<void> {
    clearInterval(this.timer);
    this.timer = undefined;
    this.log.commit(undefined);
    if (snapshot && this.state === 'working') await this.snapshots.last(performance.now());
    await this.snapshots.cancel();
    await this.log.close();
    this.lock.release();
  }

  private tick(): void {
    try {
      if (!this.lock.touch(Date.now())) this.log.lockLost();
    } catch (error) {
      // A disk that refuses even that will refuse the log too, and that is what is told.
      if (codeOf(error) === undefined) throw error;
    }
    this.log.retry();
    this.log.sync();
    this.snapshots.runIfDue(performance.now());
  }

  private stateChanged(): void {
    if (this.log.isFailing) this.observer.failing?.(this.log.reason ?? '');
    else this.observer.working?.();
  }
}
