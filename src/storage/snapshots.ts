// When a snapshot is due, one at a time, and what may be deleted after it. Knows no entries.
import { open, rename, rm } from 'node:fs/promises';
import { setTimeout as rest } from 'node:timers/promises';
import { codeOf, reasonOf } from '../journal/directory.ts';
import type { Acknowledgement, Log } from '../journal/log.ts';
import {
  REMOVED_PIECE_BYTES,
  SNAPSHOT_LEAST_BYTES,
  SNAPSHOT_LOG_FILES,
  SNAPSHOT_MEMORY_MS,
  SNAPSHOT_REST_MS,
  SNAPSHOT_RETRY_MS,
} from '../wire/limits.ts';
import { numbered, numbersOf } from './files.ts';
import { type Pace, type SnapshotSource, type SnapshotWritten, writeSnapshot } from './snapshot.ts';

export interface SnapshotsOptions {
  readonly directory: string;
  readonly acknowledge: Acknowledgement;
  readonly log: Log;
  /** Instead of the limits' number. */
  readonly leastBytes: number | undefined;
  readonly written: (snapshot: SnapshotWritten) => void;
  readonly failed: (reason: string) => void;
}

export class Snapshots {
  private readonly options: SnapshotsOptions;
  private readonly leastBytes: number;
  private source: SnapshotSource | undefined;
  /** The newest whole one; 0 if there is none. */
  private newest = 0;
  private newestBytes = 0;
  private running: Promise<boolean> | undefined;
  private pace: Pace = 'resting';
  private isUrgent = false;
  private notBeforeMs = 0;

  constructor(options: SnapshotsOptions) {
    this.options = options;
    this.leastBytes = options.leastBytes ?? SNAPSHOT_LEAST_BYTES;
  }

  /** `isUrgent`: what is there is damaged. */
  begin(newest: number, newestBytes: number, isUrgent: boolean): void {
    this.newest = newest;
    this.newestBytes = newestBytes;
    this.isUrgent = isUrgent;
  }

  use(source: SnapshotSource): void {
    this.source = source;
  }

  /** `nowMs` is of a clock that only goes forward. */
  runIfDue(nowMs: number): void {
    if (this.isDue(nowMs)) void this.run(nowMs);
  }

  /** True if it was written; one that is being written already counts. */
  run(nowMs: number): Promise<boolean> {
    this.running ??= this.write(nowMs).finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  /** Nothing else is to be done, and nothing more comes: waits for one that is being written, and makes one of what that lacks. */
  async last(nowMs: number): Promise<void> {
    const { log, acknowledge } = this.options;
    this.pace = 'hurried';
    const isWhole = await this.running;
    // What came since it began is in the log, if there is one.
    if (log.hasNews && (isWhole === undefined || acknowledge === 'memory')) await this.run(nowMs);
  }

  /** Stops one that is being written. */
  async cancel(): Promise<void> {
    this.pace = 'cancelled';
    await this.running;
  }

  private isDue(nowMs: number): boolean {
    const { log, acknowledge } = this.options;
    if (this.source === undefined || this.running !== undefined || nowMs < this.notBeforeMs) return false;
    if (this.pace === 'cancelled') return false;
    if (log.needsSnapshot) return true;
    if (log.isFailing) return false;
    if (this.isUrgent) return true;
    if (!log.hasNews) return false;
    if (acknowledge === 'memory') return true;
    return log.bytes >= Math.max(this.leastBytes, 2 * this.newestBytes) || log.files > SNAPSHOT_LOG_FILES;
  }

  private async write(nowMs: number): Promise<boolean> {
    const { directory, acknowledge, log } = this.options;
    if (this.source === undefined) return false;
    if (acknowledge === 'memory') this.notBeforeMs = nowMs + SNAPSHOT_MEMORY_MS;
    try {
      const number = log.rotate(this.newest);
      const { dropped } = log;
      // In the same turn as the rotation: see the top of snapshot.ts.
      const vector = [...this.source.vector()];
      const written = await writeSnapshot(directory, number, this.source.records(), vector, () => this.pace);
      if (written === undefined) return this.missed();
      await this.removeBefore(this.newest, number);
      this.newest = number;
      this.newestBytes = written.bytes;
      this.isUrgent = false;
      log.snapshotKept(dropped);
      this.options.written(written);
      return true;
    } catch (error) {
      if (codeOf(error) === undefined && !log.isFailing) throw error;
      this.notBeforeMs = nowMs + SNAPSHOT_RETRY_MS;
      this.options.failed(reasonOf(error));
      return this.missed();
    }
  }

  private missed(): false {
    this.options.log.hasNews = true;
    return false;
  }

  /** Two snapshots stay, and the log from the older one on; without an older one, all of it. */
  private async removeBefore(older: number, newer: number): Promise<void> {
    const { directory } = this.options;
    for (const number of numbersOf(directory, 'snap')) {
      if (number !== older && number !== newer) await this.remove(numbered(directory, 'snap', number));
    }
    for (const number of numbersOf(directory, 'wal')) {
      if (number < older) await this.remove(numbered(directory, 'wal', number));
    }
  }

  /**
   * In pieces, since freeing a large file keeps a processor and the file system busy for tens of milliseconds; and under a name that
   * nothing reads, since a part of a log would be taken for damage.
   */
  private async remove(file: string): Promise<void> {
    const doomed = `${file}.tmp`;
    await rename(file, doomed);
    const handle = await open(doomed, 'r+');
    try {
      let { size } = await handle.stat();
      while (size > REMOVED_PIECE_BYTES && this.pace === 'resting') {
        size -= REMOVED_PIECE_BYTES;
        await handle.truncate(size);
        await rest(SNAPSHOT_REST_MS);
      }
    } finally {
      await handle.close();
    }
    await rm(doomed, { force: true });
  }
}
