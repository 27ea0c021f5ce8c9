// Gives the core its time: turns of the event loop become `flush`, and the passing of time becomes `tick`. One for each
// server; whoever brings the core something calls `flush` at the end of its turn.
import type { Replica } from '../core/replica.ts';
import type { Instant } from '../wire/instant.ts';
import { GOT_INTERVAL_MS } from '../wire/limits.ts';

/** Keeps what the core has learned in this turn; `done` is told whether it is kept, at once or later but in order. */
export type Commit = (done?: (kept: boolean) => void) => void;

export interface PulseOptions {
  readonly replica: Replica;
  /** Writes the wall clock's time into its argument. */
  readonly readClock: (now: Instant) => void;
  readonly commit: Commit;
}

export class Pulse {
  readonly replica: Replica;
  readonly readClock: (now: Instant) => void;
  private readonly keep: Commit;
  private readonly now: Instant = { seconds: 0, nanoseconds: 0 };
  private timer: NodeJS.Timeout | undefined;
  private armedForMs = Number.POSITIVE_INFINITY;
  private readonly waiting = new Set<() => void>();
  private anotherTurn: NodeJS.Immediate | undefined;

  constructor({ replica, readClock, commit }: PulseOptions) {
    this.replica = replica;
    this.readClock = readClock;
    this.keep = commit;
  }

  /** A clock that only goes forward, in milliseconds. */
  nowMs(): number {
    return performance.now();
  }

  /** Resolves with true as soon as `condition` holds after something arrived, with false when it never did in time. */
  waitFor(condition: () => boolean, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    if (condition()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const end = (met: boolean): void => {
        clearTimeout(timer);
        this.waiting.delete(check);
        signal.removeEventListener('abort', giveUp);
        resolve(met);
      };
      const check = (): void => {
        if (condition()) end(true);
      };
      const giveUp = (): void => end(false);
      const timer = setTimeout(giveUp, timeoutMs);
      signal.addEventListener('abort', giveUp);
      this.waiting.add(check);
    });
  }

  start(): void {
    this.arm(this.nowMs());
  }

  stop(): void {
    clearTimeout(this.timer);
    if (this.anotherTurn !== undefined) clearImmediate(this.anotherTurn);
  }

  /** Keeps what this turn brought and sends it on; `done` hears whether it is kept, after the links have it. */
  commit(done: (kept: boolean) => void): void {
    let sent = false;
    this.keep((kept) => {
      if (!sent) this.send();
      sent = true;
      done(kept);
    });
    // Kept later: the links need not wait for that.
    if (!sent) this.send();
    sent = true;
  }

  /** Keeps what this turn brought, and sends what may be sent on every link. */
  flush(): void {
    this.keep();
    this.send();
  }

  private send(): void {
    const nowMs = this.nowMs();
    if (this.replica.flush(nowMs)) this.again();
    // What just happened may be owed an acknowledgement sooner than anything was due before.
    if (this.armedForMs > nowMs + GOT_INTERVAL_MS) this.arm(nowMs + GOT_INTERVAL_MS);
    for (const check of this.waiting) check();
  }

  private readonly tick = (): void => {
    const nowMs = this.nowMs();
    this.readClock(this.now);
    if (this.replica.tick(nowMs, this.now)) this.again();
    this.arm(Math.max(nowMs + 1, this.replica.dueMs()));
  };

  private arm(atMs: number): void {
    clearTimeout(this.timer);
    this.armedForMs = atMs;
    this.timer = setTimeout(this.tick, Math.max(0, atMs - this.nowMs()));
  }

  /** There is more to do than fits in one turn; others are served in between. */
  private again(): void {
    this.anotherTurn ??= setImmediate(() => {
      this.anotherTurn = undefined;
      this.flush();
    });
  }
}
