// The time at which this server receives reports: later for every report, so that how a client's bytes were split changes
// nothing, but following the clock when it is really set back. Knows no clock; it is told what one shows.
import { compareInstants, copyInstant, type Instant, nextNanosecond } from '../wire/instant.ts';
import { CLOCK_SETBACK_SECONDS } from '../wire/limits.ts';

export class ReceiveClock {
  /** The time of the last report. */
  readonly last: Instant = { seconds: Number.MIN_SAFE_INTEGER, nanoseconds: 0 };

  /** Writes the time of a report that came when the clock showed `now`. */
  next(now: Instant, into: Instant): void {
    this.peek(now, this.last);
    copyInstant(this.last, into);
  }

  /** Writes the time that a report will get if it is the next, and comes when the clock shows `now`. */
  peek(now: Instant, into: Instant): void {
    const { last } = this;
    const isSetBack = last.seconds - now.seconds > CLOCK_SETBACK_SECONDS;
    if (compareInstants(now, last) > 0 || isSetBack) copyInstant(now, into);
    else copyInstant(nextNanosecond(last), into);
  }
}
