// The log file being written: entries wait in memory and leave in one write. After a failed write the file ends where it did
// before. Knows no disk policy: when to write, sync and begin another is the store's business.
import type { Origin } from '../wire/messages.ts';
import type { StoredRecord } from '../wire/record.ts';
import { codeOf, type Directory, type WritableFile } from './directory.ts';
import { EntryWriter } from './entries.ts';

/** A log file, or the place of one that was never written, and how much of it counts. */
export interface LogPosition {
  readonly number: number;
  readonly wholeBytes: number;
}

export class LogFile {
  readonly number: number;
  readonly file: WritableFile;
  /** What is in the file and counts. */
  wholeBytes = 0;
  /** The file cannot take more: the next entries need another. */
  isSpent = false;
  private headBytes = 0;
  private readonly entries: EntryWriter;

  /** @throws an error with a system's `code` if it cannot be made; nothing is left of it then */
  constructor(directory: Directory, number: number, previous: LogPosition) {
    this.number = number;
    this.entries = new EntryWriter('wal', {
      number,
      previousNumber: previous.number,
      previousLength: previous.wholeBytes,
    });
    this.file = directory.create(number);
    try {
      this.flush();
      this.headBytes = this.wholeBytes;
    } catch (error) {
      this.file.discard();
      throw error;
    }
  }

  get position(): LogPosition {
    return { number: this.number, wholeBytes: this.wholeBytes };
  }

  get isEmpty(): boolean {
    return this.wholeBytes === this.headBytes && !this.hasWaiting;
  }

  get hasWaiting(): boolean {
    return this.entries.length > 0;
  }

  record(record: StoredRecord): void {
    this.entries.record(record);
  }

  mark(origin: Origin, height: number): void {
    this.entries.mark(origin, height);
  }

  /**
   * Writes what waits. If that fails it waits on, to be written by a later call.
   * @throws an error with a system's `code`
   */
  flush(): void {
    const { entries } = this;
    entries.endBlock();
    try {
      this.file.write(entries.out.bytes, entries.length, this.wholeBytes);
    } catch (error) {
      this.cutBack();
      // A file at its largest stays there.
      if (codeOf(error) === 'EFBIG') this.isSpent = true;
      throw error;
    }
    this.wholeBytes += entries.length;
    entries.out.reset();
  }

  private cutBack(): void {
    try {
      this.file.truncate(this.wholeBytes);
    } catch (error) {
      if (codeOf(error) === undefined) throw error;
      // Half a block stays behind, which is no harm: the next file says how much of this one counts.
      this.isSpent = true;
    }
  }
}
