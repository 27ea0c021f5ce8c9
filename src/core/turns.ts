// Who brings a server what it lacks when several neighbours could: one after the other, or each would bring all of it. Only what
// is long is worth waiting for, and only while the first is fast: a slow one holds the others up for a second. Whoever waits for
// too long goes on by itself, so nothing here can lose anything. Knows links, no record.
import { CATCH_UP_LONG, CATCH_UP_LOOK_MS, CATCH_UP_STEADY } from '../wire/limits.ts';
import type { Link } from './link.ts';

export class Turns {
  private first: Link | undefined;
  private readonly waiting = new Set<Link>();
  private lookMs = 0;
  private recordsThen = 0;

  /** A link is open, and its neighbour has said what it has. */
  began(link: Link, nowMs: number): void {
    if (link.receiving.lackingUpdates < CATCH_UP_LONG) return;
    if (this.first === undefined) return this.goes(link, nowMs);
    this.waiting.add(link);
    link.holdCatchUp(true, nowMs);
  }

  ended(link: Link, nowMs: number): void {
    this.waiting.delete(link);
    if (this.first === link) this.next(nowMs);
  }

  tick(nowMs: number): void {
    const { first } = this;
    if (first === undefined) return;
    if (first.receiving.isFed) return this.next(nowMs);
    if (nowMs < this.lookMs) return;
    const isSteady = first.receiving.records - this.recordsThen >= CATCH_UP_STEADY;
    for (const link of this.waiting) link.holdCatchUp(isSteady, nowMs);
    if (isSteady) return this.goes(first, nowMs);
    this.waiting.clear();
    this.first = undefined;
  }

  private goes(link: Link, nowMs: number): void {
    this.first = link;
    this.recordsThen = link.receiving.records;
    this.lookMs = nowMs + CATCH_UP_LOOK_MS;
  }

  private next(nowMs: number): void {
    this.first = undefined;
    for (const link of this.waiting) {
      this.waiting.delete(link);
      link.holdCatchUp(false, nowMs);
      if (!link.receiving.isFed) return this.goes(link, nowMs);
    }
  }
}
