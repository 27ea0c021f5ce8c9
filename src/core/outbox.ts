// What one neighbour has still to be sent: one place in line for each client, however often it reports. A newer record takes
// its client's place and never goes back to the end of the line, so nothing starves, and "all that stood in line at this
// moment is gone" can be known: the barrier. Knows slots, no bytes.
import type { Origin } from '../wire/messages.ts';
import { Held } from './held.ts';
import { Queue } from './queue.ts';
import { Standings } from './standings.ts';
import { NO_SLOT, type Slot } from './table.ts';

// A client's standing, in bits.
const IN_LINE = 1;
const HELD = 2;
/** It has a place among the held, whether it is held or not: no second one. */
const HAS_PLACE = 4;
/** That place was for another record than the client's present one. */
const REPLACED = 8;

/** What the neighbour is known to have. */
export interface Coverage {
  has(origin: Origin, sequence: number): boolean;
  /** Of this client's record. */
  hasRecordOf(slot: Slot): boolean;
}

export class Outbox {
  private readonly standings = new Standings();
  /** Who left early is still in the queues: its standing tells. */
  private readonly line = new Queue();
  private inLine = 0;
  /** Held back for a while because the neighbour probably gets them from another. */
  private readonly held = new Held();
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
    return this.size > 0 && (this.standings.get(slot) & (IN_LINE | HELD)) !== 0;
  }

  /** A client has a newer record: in line, if it is not there; what was held back is held no longer. */
  put(slot: Slot): void {
    const standing = this.standings.get(slot);
    if ((standing & IN_LINE) !== 0) return;
    const isBeforeBarrier = (standing & HELD) !== 0 && !this.hasHeldPassed;
    if ((standing & HELD) !== 0) this.heldBack -= 1;
    this.toLine(slot, standing, isBeforeBarrier);
  }

  /**
   * A client has this newer record, which is held back, unless it is in line already. `releaseAtMs` never becomes smaller from one call to
   * the next. The client keeps a place that it has, and is never held longer than the first of its records would have been.
   */
  hold(slot: Slot, origin: Origin, sequence: number, releaseAtMs: number): void {
    const standing = this.standings.get(slot);
    if ((standing & IN_LINE) !== 0) return;
    if ((standing & HELD) === 0) this.heldBack += 1;
    if ((standing & HAS_PLACE) === 0) this.held.push(slot, origin, sequence, releaseAtMs);
    this.standings.set(slot, HELD | HAS_PLACE | ((standing & HAS_PLACE) === 0 ? 0 : REPLACED));
  }

  /** The neighbour has this client's record, or better; or the slot is given up. */
  drop(slot: Slot): void {
    if (this.size === 0) return;
    const standing = this.standings.get(slot);
    if ((standing & IN_LINE) !== 0) this.inLine -= 1;
    else if ((standing & HELD) !== 0) this.heldBack -= 1;
    else return;
    this.standings.set(slot, standing & HAS_PLACE);
  }

  /** Lets go of what the neighbour has by now, and puts in line what was held back until now. */
  release(nowMs: number, neighbour: Coverage): void {
    const { held } = this;
    for (let slot = held.first; slot !== NO_SLOT; slot = held.first) {
      const standing = this.standings.get(slot);
      const isHeld = (standing & HELD) !== 0;
      const isCovered =
        isHeld &&
        ((standing & REPLACED) !== 0 ? neighbour.hasRecordOf(slot) : neighbour.has(held.origin, held.sequence));
      if (isHeld && !isCovered && held.releaseAtMs > nowMs) return;
      const isBeforeBarrier = held.isFirstBeforeBarrier;
      held.shift();
      if (isHeld) this.heldBack -= 1;
      if (isHeld && !isCovered) this.toLine(slot, 0, isBeforeBarrier);
      else this.standings.set(slot, standing & IN_LINE);
    }
  }

  /** The first in line, or NO_SLOT. Whoever takes it drops it. */
  first(): Slot {
    return this.line.first(this.standings, IN_LINE);
  }

  /** Notes who is first in line, and who may be next, as many as there is room for; returns how many. */
  upcoming(into: Int32Array): number {
    return this.line.upcoming(into);
  }

  /** When the next held one is due, or infinity; sooner, if that one has left. */
  nextReleaseMs(): number {
    return this.heldBack === 0 ? Number.POSITIVE_INFINITY : this.held.releaseAtMs;
  }

  /** Draws a line behind everything that stands here now. */
  setBarrier(): void {
    this.line.setBarrier();
    this.held.setBarrier();
  }

  /** All that stood here when the barrier was set is sent, or covered. */
  get barrierPassed(): boolean {
    const isFirstBehind = this.line.first(this.standings, IN_LINE) === NO_SLOT || !this.line.isFirstBeforeBarrier;
    return isFirstBehind && this.hasHeldPassed;
  }

  private get hasHeldPassed(): boolean {
    return this.heldBack === 0 || !this.held.isFirstBeforeBarrier;
  }

  /** What stood before the barrier among the held stays before it. */
  private toLine(slot: Slot, standing: number, isBeforeBarrier: boolean): void {
    this.standings.set(slot, IN_LINE | (standing & HAS_PLACE));
    this.inLine += 1;
    this.line.push(slot);
    if (isBeforeBarrier) this.line.setBarrier();
    this.line.tidy(this.inLine, this.standings, IN_LINE);
  }
}
