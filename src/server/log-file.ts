// The file behind the log: collects records, writes them a few times a second, and gives up gracefully when the disk takes
// nothing. Own code because a log library that retries for ever on a full disk keeps the process from ending. Knows no record.
import { closeSync, openSync, writeSync } from 'node:fs';
import { LOG_BUFFER_BYTES, LOG_FLUSH_MS, LOG_WAITING_BYTES } from '../wire/limits.ts';

export class LogFile {
  readonly path: string;
  private descriptor: number;
  private waiting: string[] = [];
  private waitingLength = 0;
  private dropped = 0;
  private failing = false;
  private readonly timer: NodeJS.Timeout;
  private readonly complain: (message: string) => void;

  /** @throws {NodeJS.ErrnoException} if it cannot be opened */
  constructor(path: string, complain: (message: string) => void) {
    this.path = path;
    this.complain = complain;
    this.descriptor = openSync(path, 'a', 0o600);
    this.timer = setInterval(() => this.flush(), LOG_FLUSH_MS);
    this.timer.unref();
  }

  /** One record with its newline. */
  write(line: string): void {
    this.waiting.push(line);
    this.waitingLength += line.length;
    if (this.waitingLength >= LOG_BUFFER_BYTES && !this.failing) this.flush();
    // On a full disk records are dropped, not kept until memory is full too.
    if (this.waitingLength >= LOG_WAITING_BYTES) this.drop();
  }

  flush(): void {
    if (this.waiting.length === 0) return;
    const bytes = Buffer.from(this.waiting.join(''));
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(this.descriptor, bytes, written);
      this.waiting = [];
    } catch (error) {
      // What was half written is finished when the disk takes it, so that every line stays whole.
      this.waiting = [bytes.subarray(written).toString()];
      if (!this.failing) this.complain(`cannot write the log ${this.path}: ${(error as Error).message}`);
      this.failing = true;
      return this.count();
    }
    this.count();
    if (this.failing) this.complain(`the log ${this.path} is written again; ${this.dropped} records were dropped`);
    this.failing = false;
    this.dropped = 0;
  }

  /** Opens the file anew, after a log rotation moved it away; keeps the old one if that fails. */
  reopen(): void {
    this.flush();
    try {
      const descriptor = openSync(this.path, 'a', 0o600);
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

  private count(): void {
    this.waitingLength = this.waiting[0]?.length ?? 0;
  }

  private drop(): void {
    // The first may be the rest of a half-written line.
    this.dropped += this.waiting.length - 1;
    this.waiting.length = 1;
    this.count();
  }
}
