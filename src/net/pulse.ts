// Gives the core its time: turns of the event loop become `flush`, and the passing of time becomes `tick`. One for each
// server; whoever brings the core something calls `flush` at the end of its turn.
import type { Replica } from '../core/replica.ts';
import type { Instant } from '../wire/instant.ts';
import { GOT_INTERVAL_MS } from '../wire/limits.ts';

export class Pulse {
  readonly replica: Replica;
  readonly readClock: (now: Instant) => void;
  private readonly now: Instant = { seconds: 0, nanoseconds: 0 };
  private timer: NodeJS.Timeout | undefined;
  private armedForMs = Number.POSITIVE_INFINITY;
  private readonly waiting = new Set<() => void>();
  private anotherTurn: NodeJS.Immediate | undefined;

  /** `readClock` writes the wall clock's time into its argument. */
  constructor(replica: Replica, readClock: (now: Instant) => void) {
    this.replica = replica;
    this.readClock = readClock;
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

  /** Sends what may be sent on every link. */
  flush(): void {
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
