// What one neighbour has still to be sent: one place in line for each client, however often it reports. A newer record takes
// its client's place and never goes back to the end of the line, so nothing starves, and "all that stood in line at this
// moment is gone" can be known: the barrier. Knows slots, no bytes.
import { Queue } from './queue.ts';
import { Standings } from './standings.ts';
import { NO_SLOT, type Slot } from './table.ts';

const NOWHERE = 0;
const IN_LINE = 1;
const HELD = 2;

export class Outbox {
  private readonly standings = new Standings();
  /** Who left early is still in the queues: its standing tells. */
  private readonly line = new Queue(false);
  private inLine = 0;
  /** Held back for a while because the neighbour probably gets them from another. */
  private readonly held = new Queue(true);
  private heldBack = 0;

  get size(): number {
    return this.inLine + this.heldBack;
  }

  /** Memory taken. */
  get bytes(): number {
    return this.standings.bytes + this.line.bytes + this.held.bytes;
  }

  get readySize(): number {
    return this.inLine;
  }

  has(slot: Slot): boolean {
    return this.standings.get(slot) !== NOWHERE;
  }

  /** A client has a newer record. `releaseAtMs` holds it back, and never becomes smaller from one call to the next; nothing sends it in turn. */
  put(slot: Slot, releaseAtMs: number | undefined): void {
    const standing = this.standings.get(slot);
    if (standing === IN_LINE) return;
    if (standing === HELD) {
      // Keeps its place, and is never held longer than the first of its records would have been.
      if (releaseAtMs !== undefined) return;
      this.heldBack -= 1;
      this.toLine(slot, !this.hasPassed(this.held, HELD));
    } else if (releaseAtMs === undefined) this.toLine(slot, false);
    else {
      this.standings.set(slot, HELD);
      this.heldBack += 1;
      this.held.push(slot, releaseAtMs);
      this.held.tidy(this.heldBack, this.standings, HELD);
    }
  }

  /** The neighbour has this client's record, or better; or the slot is given up. */
  drop(slot: Slot): void {
    const standing = this.standings.get(slot);
    if (standing === IN_LINE) this.inLine -= 1;
    else if (standing === HELD) this.heldBack -= 1;
    else return;
    this.standings.set(slot, NOWHERE);
  }

  /** Puts in line what was held back until now. */
  release(nowMs: number): void {
    for (;;) {
      const slot = this.held.first(this.standings, HELD);
      if (slot === NO_SLOT || this.held.firstTime > nowMs) return;
      const isBeforeBarrier = this.held.isFirstBeforeBarrier;
      this.held.shift();
      this.heldBack -= 1;
      this.toLine(slot, isBeforeBarrier);
    }
  }

  /** The first in line, or NO_SLOT. Whoever takes it drops it. */
  first(): Slot {
    return this.line.first(this.standings, IN_LINE);
  }

  /** When the next held one is due, or undefined. */
  nextReleaseMs(): number | undefined {
    return this.held.first(this.standings, HELD) === NO_SLOT ? undefined : this.held.firstTime;
  }

  /** Draws a line behind everything that stands here now. */
  setBarrier(): void {
    this.line.setBarrier();
    this.held.setBarrier();
  }

  /** All that stood here when the barrier was set is sent, or covered. */
  get barrierPassed(): boolean {
    return this.hasPassed(this.line, IN_LINE) && this.hasPassed(this.held, HELD);
  }

  private hasPassed(queue: Queue, standing: number): boolean {
    return queue.first(this.standings, standing) === NO_SLOT || !queue.isFirstBeforeBarrier;
  }

  /** What stood before the barrier among the held stays before it. */
  private toLine(slot: Slot, isBeforeBarrier: boolean): void {
    this.standings.set(slot, IN_LINE);
    this.inLine += 1;
    this.line.push(slot, 0);
    if (isBeforeBarrier) this.line.setBarrier();
    this.line.tidy(this.inLine, this.standings, IN_LINE);
  }
}
