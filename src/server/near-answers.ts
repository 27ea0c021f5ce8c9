// Answers who is near, in the order in which it was asked. After many reports the near index has first to learn where everybody is:
// that is done in slices, between which everything else is served. Knows no frame.
import type { Link } from '../core/link.ts';
import type { Pulse } from '../net/pulse.ts';
import type { Instant } from '../wire/instant.ts';
import { NEAR_SETTLE_CLIENTS } from '../wire/limits.ts';
import type { NearQuestion } from '../wire/near.ts';

interface Asked {
  readonly link: Link;
  readonly question: NearQuestion;
  /** How many clients were unsettled then: those that report later need not be seen. */
  unsettled: number;
}

export class NearAnswers {
  private readonly pulse: Pulse;
  private readonly waiting: Asked[] = [];
  private readonly now: Instant = { seconds: 0, nanoseconds: 0 };

  constructor(pulse: Pulse) {
    this.pulse = pulse;
  }

  ask(link: Link, question: NearQuestion): void {
    const { unsettled } = this.pulse.replica.whereabouts;
    this.waiting.push({ link, question, unsettled });
    if (this.waiting.length === 1) this.work();
  }

  private readonly work = (): void => {
    const { whereabouts } = this.pulse.replica;
    for (let asked = this.waiting[0]; asked !== undefined; asked = this.waiting[0]) {
      if (asked.unsettled > NEAR_SETTLE_CLIENTS) {
        whereabouts.settle(NEAR_SETTLE_CLIENTS);
        for (const other of this.waiting) other.unsettled -= NEAR_SETTLE_CLIENTS;
        setImmediate(this.work);
        return;
      }
      this.pulse.readClock(this.now);
      asked.link.sendNear(whereabouts.near(asked.question, this.now));
      this.waiting.shift();
    }
  };
}
