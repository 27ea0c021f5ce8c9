// Answers who is near, in the order in which it was asked. After many reports the near index has first to learn where everybody is:
// that is done in slices, between which everything else is served. Knows no frame.
import type { Link } from '../core/link.ts';
import type { Pulse } from '../net/pulse.ts';
import type { Instant } from '../wire/instant.ts';
import { NEAR_SETTLE_CLIENTS, NEAR_SLICE_MS } from '../wire/limits.ts';
import type { NearQuestion } from '../wire/near.ts';

interface Asked {
  readonly link: Link;
  readonly question: NearQuestion;
}

export class NearAnswers {
  private readonly pulse: Pulse;
  private readonly waiting: Asked[] = [];
  private readonly now: Instant = { seconds: 0, nanoseconds: 0 };
  /** When everything else got its turn. */
  private restMs = 0;

  constructor(pulse: Pulse) {
    this.pulse = pulse;
  }

  ask(link: Link, question: NearQuestion): void {
    this.waiting.push({ link, question });
    if (this.waiting.length > 1) return;
    this.restMs = this.pulse.nowMs();
    this.work();
  }

  /**
   * Works for twice as long as everything else took since the last slice. Where that is full of reports, these are on their way into
   * the index more slowly than out of it; so who asks is answered soon, and few clients are moved twice for it.
   */
  private readonly work = (): void => {
    const { whereabouts } = this.pulse.replica;
    let nowMs = this.pulse.nowMs();
    const untilMs = nowMs + Math.max(NEAR_SLICE_MS, 2 * (nowMs - this.restMs));
    for (let asked = this.waiting[0]; asked !== undefined && nowMs < untilMs; asked = this.waiting[0]) {
      if (asked.link.state === 'closed') this.waiting.shift();
      else if (whereabouts.unsettled > NEAR_SETTLE_CLIENTS) whereabouts.settle(NEAR_SETTLE_CLIENTS);
      else {
        this.pulse.readClock(this.now);
        asked.link.sendNear(whereabouts.near(asked.question, this.now));
        this.waiting.shift();
      }
      nowMs = this.pulse.nowMs();
    }
    this.restMs = nowMs;
    if (this.waiting.length > 0) setImmediate(this.work);
  };
}
