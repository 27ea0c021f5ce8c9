// The two clocks of a simulated server: the time of day, which is wrong, drifts and is stepped, and the forward clock that
// timers use, which stands still while the machine sleeps. Knows no server.
import type { Instant } from '../wire/instant.ts';

/** When every simulation begins, in POSIX seconds. */
export const BEGIN_SECONDS = 1_700_000_000;

export class ServerClock {
  private offsetMs: number;
  private readonly drift: number;
  private sleptMs = 0;
  private readonly now: Instant = { seconds: 0, nanoseconds: 0 };

  /** `drift` is how much faster than time it goes: 0.0001 is 100 parts in a million. */
  constructor(offsetMs: number, drift: number) {
    this.offsetMs = offsetMs;
    this.drift = drift;
  }

  step(byMs: number): void {
    this.offsetMs += byMs;
  }

  slept(durationMs: number): void {
    this.sleptMs += durationMs;
  }

  forwardMs(trueMs: number): number {
    return trueMs - this.sleptMs;
  }

  /** When in virtual time the forward clock will show `forwardMs`. */
  trueMs(forwardMs: number): number {
    return forwardMs + this.sleptMs;
  }

  wallMs(trueMs: number): number {
    return Math.floor(BEGIN_SECONDS * 1000 + trueMs * (1 + this.drift) + this.offsetMs);
  }

  /** The time of day to the millisecond; the object is used again. */
  read(trueMs: number): Instant {
    const wallMs = this.wallMs(trueMs);
    this.now.seconds = Math.floor(wallMs / 1000);
    this.now.nanoseconds = (wallMs % 1000) * 1_000_000;
    return this.now;
  }
}
