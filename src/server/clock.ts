// The wall clock to the nanosecond. Node's own has milliseconds only, so the monotonic clock counts on from a reading of it;
// whenever the two disagree by more than a reading's error, the wall clock was set, and is followed.
import type { Instant } from '../wire/instant.ts';

/** Date.now() is cut to milliseconds, so an honest reading is up to 1 ms behind; twice that is a clock that was set. */
const MOST_DEVIATION_MS = 2;

const NANOSECONDS_PER_SECOND = 1_000_000_000;

export class WallClock {
  /** What must be added to the monotonic clock. */
  private offsetSeconds = 0;
  private offsetNanoseconds = 0;

  constructor() {
    this.follow(Date.now(), process.hrtime());
  }

  /** Writes the time now, as POSIX time, into `now`. */
  read(now: Instant): void {
    const monotonic = process.hrtime();
    const wallMs = Date.now();
    this.add(monotonic, now);
    const deviationMs = (now.seconds - Math.floor(wallMs / 1000)) * 1000 + now.nanoseconds / 1e6 - (wallMs % 1000);
    if (deviationMs > MOST_DEVIATION_MS || deviationMs < -MOST_DEVIATION_MS) {
      this.follow(wallMs, monotonic);
      this.add(monotonic, now);
    }
  }

  private add(monotonic: [number, number], now: Instant): void {
    let seconds = monotonic[0] + this.offsetSeconds;
    let nanoseconds = monotonic[1] + this.offsetNanoseconds;
    if (nanoseconds >= NANOSECONDS_PER_SECOND) {
      nanoseconds -= NANOSECONDS_PER_SECOND;
      seconds += 1;
    }
    now.seconds = seconds;
    now.nanoseconds = nanoseconds;
  }

  private follow(wallMs: number, monotonic: [number, number]): void {
    this.offsetSeconds = Math.floor(wallMs / 1000) - monotonic[0];
    this.offsetNanoseconds = (wallMs % 1000) * 1_000_000 - monotonic[1];
    if (this.offsetNanoseconds < 0) {
      this.offsetNanoseconds += NANOSECONDS_PER_SECOND;
      this.offsetSeconds -= 1;
    }
  }
}
