// When a snapshot is due, one at a time, and what may be deleted after it. Knows no entries.
import { rm } from 'node:fs/promises';
import { codeOf, reasonOf } from '../journal/directory.ts';
import type { Acknowledgement, Log } from '../journal/log.ts';
import { SNAPSHOT_LEAST_BYTES, SNAPSHOT_LOG_FILES, SNAPSHOT_MEMORY_MS, SNAPSHOT_RETRY_MS } from '../wire/limits.ts';
import { numbered, numbersOf } from './files.ts';
import { type SnapshotSource, type SnapshotWritten, writeSnapshot } from './snapshot.ts';

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
  private cancelled = false;
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

  /** Stops one that is being written. */
  async cancel(): Promise<void> {
    this.cancelled = true;
    await this.running;
  }

  private isDue(nowMs: number): boolean {
    const { log, acknowledge } = this.options;
    if (this.source === undefined || this.running !== undefined || this.cancelled || nowMs < this.notBeforeMs)
      return false;
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
      const written = await writeSnapshot(directory, number, this.source.records(), vector, () => this.cancelled);
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
      if (number !== older && number !== newer) await rm(numbered(directory, 'snap', number), { force: true });
    }
    for (const number of numbersOf(directory, 'wal')) {
      // Not in one go: freeing a large file takes the system milliseconds.
      if (number < older) await rm(numbered(directory, 'wal', number), { force: true });
    }
  }
}
