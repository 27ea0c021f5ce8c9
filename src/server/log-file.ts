// The file behind the log: collects records, writes them a few times a second, and gives up gracefully when the disk takes
// nothing. Own code because a log library that retries for ever on a full disk keeps the process from ending. Knows no record.
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { LF } from '../wire/bytes.ts';
import { LOG_BUFFER_BYTES, LOG_FLUSH_MS, LOG_RECORD_BYTES, LOG_WAITING_BYTES } from '../wire/limits.ts';

/** What waits for a write, and a traffic record on top of it. */
const CAPACITY_BYTES = LOG_BUFFER_BYTES + LOG_RECORD_BYTES;

export class LogFile {
  readonly path: string;
  /** What waits to be written: `length` bytes, whole records but for the first, which may be the rest of one. */
  bytes: Buffer = Buffer.allocUnsafe(CAPACITY_BYTES);
  length = 0;
  private descriptor: number;
  private dropped = 0;
  private failing = false;
  private readonly timer: NodeJS.Timeout;
  private readonly complain: (message: string) => void;

  /** @throws {NodeJS.ErrnoException} if it cannot be opened */
  constructor(path: string, complain: (message: string) => void) {
    this.path = path;
    this.complain = complain;
    this.descriptor = open(path);
    this.timer = setInterval(() => this.flush(), LOG_FLUSH_MS);
    this.timer.unref();
  }

  /** One record with its newline. */
  write(line: string): void {
    // A UTF-16 unit becomes at most three bytes.
    if (this.reserve(3 * line.length)) this.extend(this.length + this.bytes.write(line, this.length));
  }

  /**
   * Makes room for a record of up to `mostBytes`, which is then written into `bytes` from `length` on and added with
   * `extend`. False when it must be dropped.
   */
  reserve(mostBytes: number): boolean {
    return this.length + mostBytes <= this.bytes.length || this.makeRoom(mostBytes);
  }

  /** Adds the record that ends before `length`. */
  extend(length: number): void {
    this.length = length;
    if (length >= LOG_BUFFER_BYTES && !this.failing) this.flush();
  }

  flush(): void {
    if (this.length === 0) return;
    let written = 0;
    try {
      while (written < this.length) written += writeSync(this.descriptor, this.bytes, written, this.length - written);
    } catch (error) {
      // What was half written is finished when the disk takes it, so that every line stays whole.
      this.bytes.copyWithin(0, written, this.length);
      this.length -= written;
      if (!this.failing) this.complain(`cannot write the log ${this.path}: ${(error as Error).message}`);
      this.failing = true;
      return;
    }
    this.length = 0;
    if (!this.failing) return;
    this.complain(`the log ${this.path} is written again; ${this.dropped} records were dropped`);
    this.failing = false;
    this.dropped = 0;
    this.bytes = Buffer.allocUnsafe(CAPACITY_BYTES);
  }

  /** Opens the file anew, after a log rotation moved it away; keeps the old one if that fails. */
  reopen(): void {
    this.flush();
    try {
      const descriptor = open(this.path);
      closeSync(this.descriptor);
      this.descriptor = descriptor;
    } catch (error) {
      this.complain(`cannot open the log ${this.path} anew: ${(error as Error).message}`);
    }
  }

  close(): void {
    clearInterval(this.timer);
    this.flush();
    closeSync(this.descriptor);
  }

  private makeRoom(mostBytes: number): boolean {
    if (!this.failing) this.flush();
    const needed = this.length + mostBytes;
    if (needed <= this.bytes.length) return true;
    // On a full disk records are dropped, not kept until memory is full too.
    if (this.failing && needed > LOG_WAITING_BYTES) {
      this.dropped += 1;
      return false;
    }
    const grown = Buffer.allocUnsafe(Math.max(needed, Math.min(2 * this.bytes.length, LOG_WAITING_BYTES)));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
    return true;
  }
}

/** Opens a log to go on with. A life that was killed may have left half a record: the next one begins on a line of its own. */
function open(path: string): number {
  const descriptor = openSync(path, 'a+', 0o600);
  const { size } = fstatSync(descriptor);
  const last = new Uint8Array(1);
  // What is no file, such as a terminal, has no size.
  if (size > 0 && readSync(descriptor, last, 0, 1, size - 1) === 1 && last[0] !== LF) writeSync(descriptor, '\n');
  return descriptor;
}
