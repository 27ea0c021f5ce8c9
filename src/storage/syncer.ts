// Makes written files durable without stopping the event loop: one sync at a time, and the next covers all that was written
// meanwhile (group commit). Knows no entries.
import { close, fdatasync, fsync, open } from 'node:fs';
import { promisify } from 'node:util';

const fdatasyncOf = promisify(fdatasync);
const fsyncOf = promisify(fsync);
const openOf = promisify(open);
const closeOf = promisify(close);

/** Called once: whether what was written before is durable. */
export type Done = (kept: boolean) => void;

export class Syncer {
  private readonly directory: string;
  private readonly failed: (error: unknown) => void;
  private current: number | undefined;
  /** Files that are no longer written to, but not durable yet; closed once they are. */
  private retired: number[] = [];
  /** A new file's name is not durable yet. */
  private named = false;
  private dirty = false;
  private waiting: Done[] = [];
  /** Those that the sync under way serves; who comes while they are answered comes after them. */
  private served: Done[] | undefined;
  private running = false;
  private round: Promise<void> = Promise.resolve();

  constructor(directory: string, failed: (error: unknown) => void) {
    this.directory = directory;
    this.failed = failed;
  }

  /** From now on `file` is written to; the one before is made durable and closed. */
  use(file: number | undefined): void {
    if (this.current !== undefined) this.retired.push(this.current);
    this.current = file;
    if (file !== undefined) this.named = true;
    this.dirty = true;
  }

  written(): void {
    this.dirty = true;
  }

  /** Calls back when everything written so far is durable, in the order of the calls. */
  wait(done: Done): void {
    if (this.dirty) {
      this.waiting.push(done);
      this.start();
    } else if (this.served === undefined) done(true);
    else this.served.push(done);
  }

  start(): void {
    if (!this.dirty || this.running) return;
    this.running = true;
    this.round = this.run();
  }

  /** Resolves when nothing is being made durable any more. */
  async idle(): Promise<void> {
    while (this.running) await this.round;
  }

  private async run(): Promise<void> {
    while (this.dirty) {
      this.dirty = false;
      const { current, retired, named } = this;
      this.retired = [];
      this.named = false;
      this.served = this.waiting;
      this.waiting = [];
      let fault: unknown;
      try {
        for (const file of retired) await fdatasyncOf(file);
        if (current !== undefined) await fdatasyncOf(current);
        if (named) await syncNames(this.directory);
      } catch (error) {
        fault = error;
      }
      for (const file of retired) await closeOf(file);
      this.answer(fault);
    }
    this.running = false;
  }

  private answer(fault: unknown): void {
    const served = this.served ?? [];
    if (fault !== undefined) {
      // The kernel may have dropped what it could not write: no later sync makes up for it.
      served.push(...this.waiting);
      this.waiting = [];
      this.failed(fault);
    }
    for (const done of served) done(fault === undefined);
    this.served = undefined;
  }
}

async function syncNames(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const file = await openOf(directory, 'r');
  try {
    await fsyncOf(file);
  } finally {
    await closeOf(file);
  }
}
