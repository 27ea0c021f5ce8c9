// Makes written files durable without stopping anything else: one sync at a time, and the next covers all that was written
// meanwhile (group commit). Knows no entries.
import type { Directory, Synced, WritableFile } from './directory.ts';

/** Called once: whether what was written before is durable. */
export type Done = (kept: boolean) => void;

export class Syncer {
  private readonly directory: Directory;
  private readonly failed: (error: unknown) => void;
  private current: WritableFile | undefined;
  /** Files that are no longer written to, but not durable yet; closed once they are. */
  private retired: WritableFile[] = [];
  /** Log files of earlier lives, whose end may not be durable yet. */
  private inherited: readonly number[] = [];
  /** A new file's name is not durable yet. */
  private named = false;
  private dirty = false;
  /** What is dirty is to be made durable after the sync under way. */
  private wanted = false;
  private waiting: Done[] = [];
  /** Those that the sync under way serves; who comes while they are answered comes after them. */
  private served: Done[] | undefined;
  private running = false;
  private idleThen: (() => void)[] = [];

  constructor(directory: Directory, failed: (error: unknown) => void) {
    this.directory = directory;
    this.failed = failed;
  }

  /** From now on `file` is written to; the one before is made durable and closed. */
  use(file: WritableFile | undefined): void {
    if (this.current !== undefined) this.retired.push(this.current);
    this.current = file;
    if (file !== undefined) this.named = true;
    this.dirty = true;
  }

  /** An earlier life that was killed has acknowledged what stands in these, and had no time to make it durable. */
  inherit(numbers: readonly number[]): void {
    this.inherited = numbers;
    this.named = true;
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

  /** Calls back once all who wait by now were called. */
  follow(done: () => void): void {
    const last = this.waiting.length > 0 ? this.waiting : (this.served ?? []);
    if (last.length > 0) last.push(done);
    else done();
  }

  /** Makes durable what was written so far. While that is being done for what was written before, it comes next. */
  start(): void {
    if (!this.dirty) return;
    this.wanted = true;
    if (this.running) return;
    this.running = true;
    this.round();
  }

  /** Resolves when nothing is being made durable any more. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      if (this.running) this.idleThen.push(resolve);
      else resolve();
    });
  }

  private round(): void {
    const { current, retired, inherited, named } = this;
    this.dirty = false;
    this.wanted = false;
    this.retired = [];
    this.inherited = [];
    this.named = false;
    this.served = this.waiting;
    this.waiting = [];
    const syncs = [...retired, ...(current === undefined ? [] : [current])].map(
      (file) => (then: Synced) => file.sync(then),
    );
    syncs.unshift(...inherited.map((number) => (then: Synced) => this.directory.syncFile(number, then)));
    if (named) syncs.push((then) => this.directory.syncNames(then));
    let isWhole = true;
    const next = (error: unknown): void => {
      const fault = error ?? undefined;
      if (fault !== undefined) {
        isWhole = false;
        this.answer(fault);
      }
      const sync = syncs.shift();
      // The others too, when one has failed: what was acknowledged in them may still be saved.
      if (sync !== undefined) return sync(next);
      for (const file of retired) file.close();
      if (isWhole) this.answer(undefined);
      // A file that was begun meanwhile is made durable at once, being three syncs. What was only written waits until it is asked
      // for: under load that is always something, and one sync after the other would cost more than all else.
      if (this.wanted || this.named) return this.round();
      this.running = false;
      for (const then of this.idleThen.splice(0)) then();
    };
    next(undefined);
  }

  private answer(fault: unknown): void {
    if (fault !== undefined) {
      // The kernel may have dropped what it could not write: no later sync makes up for it.
      this.served = [...(this.served ?? []), ...this.waiting];
      this.waiting = [];
      this.failed(fault);
    }
    for (const done of this.served ?? []) done(fault === undefined);
    this.served = undefined;
  }
}
