// What a simulated server keeps, as storage/store.ts keeps it: the very log and recovery of the journal over a simulated disk,
// snapshots, and the number of its last life. Knows no plan.
import { entriesOf } from '../core/receiving.ts';
import type { Replica } from '../core/replica.ts';
import { codeOf } from '../journal/directory.ts';
import { EntryWriter } from '../journal/entries.ts';
import { type Acknowledgement, Log } from '../journal/log.ts';
import { recover } from '../journal/recovery.ts';
import type { Done } from '../journal/syncer.ts';
import { STORE_TICK_MS } from '../wire/limits.ts';
import type { Origin } from '../wire/messages.ts';
import { copyRecord, type StoredRecord } from '../wire/record.ts';
import type { Chance } from './chance.ts';
import { Platter, type Process } from './platter.ts';
import type { Timeline } from './timeline.ts';

export interface DiskSettings {
  readonly acknowledge: Exclude<Acknowledgement, 'memory'>;
  readonly slowestSyncMs: number;
  readonly slowestCopyMs: number;
  /** A snapshot is made when the log has grown to this. */
  readonly snapshotBytes: number;
}

export class Disk {
  epoch = 0;
  readonly platter: Platter;
  readonly settings: DiskSettings;
  private readonly chance: Chance;
  private log: Log | undefined;
  private replica: Replica | undefined;
  private process: Process | undefined;
  private newestSnapshot = 0;
  private isUrgent = false;
  private isCopying = false;

  constructor(timeline: Timeline, chance: Chance, settings: DiskSettings) {
    this.settings = settings;
    this.chance = chance;
    this.platter = new Platter(timeline, chance, settings.slowestSyncMs);
  }

  /** A process begins: brings back what was known, before there are links. */
  start(process: Process, replica: Replica): void {
    const { platter, settings } = this;
    platter.process = process;
    this.process = process;
    this.replica = replica;
    const { recovery, snapshot, logBytes, logs, last, next } = recover(platter, replica);
    this.newestSnapshot = snapshot;
    this.isUrgent = recovery.warnings.length > 0;
    this.isCopying = false;
    const log = new Log({
      directory: platter,
      acknowledge: settings.acknowledge,
      isLockHeld: () => true,
      changed: () => {},
      nowMs: () => 0,
    });
    log.begin(next, last, logBytes, logs);
    this.log = log;
    process.later(STORE_TICK_MS, () => this.tick());
  }

  /** False: reports must be refused. */
  get isWorking(): boolean {
    return this.log?.isFailing === false;
  }

  /** `kept` is a copy, to remember it by. */
  append(record: StoredRecord, kept: StoredRecord): void {
    if (this.log?.append(record)) this.platter.willHold(kept);
  }

  mark(origin: Origin, height: number): void {
    this.log?.mark(origin, height);
  }

  commit(done?: Done): void {
    this.log?.commit(done);
  }

  private tick(): void {
    const { log, settings } = this;
    if (log === undefined) return;
    log.retry();
    log.sync();
    const hasGrown = log.hasNews && log.bytes >= settings.snapshotBytes;
    if (log.needsSnapshot || (!log.isFailing && (this.isUrgent || hasGrown))) this.snapshot(log);
    this.process?.later(STORE_TICK_MS, () => this.tick());
  }

  /** The copy is made at once, where the store takes its time: that a table may change meanwhile is tested there. */
  private snapshot(log: Log): void {
    const { replica, platter } = this;
    if (this.isCopying || replica === undefined) return;
    let number: number;
    try {
      number = log.rotate(this.newestSnapshot);
    } catch (error) {
      if (codeOf(error) === undefined && !log.isFailing) throw error;
      log.hasNews = true;
      return;
    }
    const { dropped } = log;
    const records = Array.from(replica.records(), copyRecord);
    const copy = new EntryWriter('snap', { number, previousNumber: 0, previousLength: 0 });
    for (const record of records) copy.record(record);
    for (const entry of entriesOf(replica.vector)) copy.vector(entry);
    copy.end(records.length);
    const bytes = copy.out.take();
    this.isCopying = true;
    this.process?.later(this.chance.fraction() * this.settings.slowestCopyMs, () => {
      this.isCopying = false;
      if (platter.refuses !== undefined) {
        log.hasNews = true;
        return;
      }
      platter.install(number, bytes, records);
      const older = this.newestSnapshot;
      platter.remove('snap', (other) => other !== older && other !== number);
      platter.remove('wal', (other) => other < older);
      this.newestSnapshot = number;
      this.isUrgent = false;
      log.snapshotKept(dropped);
    });
  }
}
