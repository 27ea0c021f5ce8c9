// What one neighbour has still to be sent: one place in line for each client, however often it reports. A newer record takes
// its client's place and never goes back to the end of the line, so nothing starves, and "all that stood in line at this
// moment is gone" can be known: the barrier. Knows slots, no bytes.
import { Queue } from './queue.ts';
import { NO_SLOT, type Slot } from './table.ts';

const NOWHERE = 0;
const IN_LINE = 1;
const HELD = 2;

export class Outbox {
  /** Where each client stands, by slot: one byte, since every link has this for every client. */
  private places = new Uint8Array(64);
  /** Who left early is still in the queues: its place tells. */
  private readonly line = new Queue();
  private inLine = 0;
  /** Held back for a while because the neighbour probably gets them from another. */
  private readonly held = new Queue();
  private heldBack = 0;
  /** Who stood no further back than this when the barrier was set. */
  private lineBarrier = 0;
  private heldBarrier = 0;

  get size(): number {
    return this.inLine + this.heldBack;
  }

  /** Memory taken. */
  get bytes(): number {
    return this.places.length + this.line.bytes + this.held.bytes;
  }

  get readySize(): number {
    return this.inLine;
  }

  /** A client has a newer record. `releaseAtMs` holds it back, and never becomes smaller from one call to the next; nothing sends it in turn. */
  put(slot: Slot, releaseAtMs: number | undefined): void {
    const place = slot < this.places.length ? (this.places[slot] as number) : this.grow(slot);
    if (place === IN_LINE) return;
    if (place === HELD) {
      // Keeps its place, and is never held longer than the first of its records would have been.
      if (releaseAtMs !== undefined) return;
      this.heldBack -= 1;
      this.toLine(slot, !this.hasPassed(this.held, HELD, this.heldBarrier));
    } else if (releaseAtMs === undefined) this.toLine(slot, false);
    else {
      this.places[slot] = HELD;
      this.heldBack += 1;
      this.held.push(slot, releaseAtMs);
      this.held.tidy(this.heldBack, this.places, HELD);
    }
  }

  /** The neighbour has this client's record, or better; or the slot is given up. */
  drop(slot: Slot): void {
    const place = this.places[slot];
    if (place === IN_LINE) this.inLine -= 1;
    else if (place === HELD) this.heldBack -= 1;
    else return;
    this.places[slot] = NOWHERE;
  }

  /** Puts in line what was held back until now. */
  release(nowMs: number): void {
    for (;;) {
      const slot = this.held.first(this.places, HELD);
      if (slot === NO_SLOT || this.held.firstTime > nowMs) return;
      const isBeforeBarrier = this.held.firstPosition <= this.heldBarrier;
      this.held.shift();
      this.heldBack -= 1;
      this.toLine(slot, isBeforeBarrier);
    }
  }

  /** The first in line, or NO_SLOT. Whoever takes it drops it. */
  first(): Slot {
    return this.line.first(this.places, IN_LINE);
  }

  /** When the next held one is due, or undefined. */
  nextReleaseMs(): number | undefined {
    return this.held.first(this.places, HELD) === NO_SLOT ? undefined : this.held.firstTime;
  }

  /** Draws a line behind everything that stands here now. */
  setBarrier(): void {
    this.lineBarrier = this.line.lastPosition;
    this.heldBarrier = this.held.lastPosition;
  }

  /** All that stood here when the barrier was set is sent, or covered. */
  get barrierPassed(): boolean {
    return this.hasPassed(this.line, IN_LINE, this.lineBarrier) && this.hasPassed(this.held, HELD, this.heldBarrier);
  }

  private hasPassed(queue: Queue, place: number, barrier: number): boolean {
    return queue.first(this.places, place) === NO_SLOT || queue.firstPosition > barrier;
  }

  /** What stood before the barrier among the held stays before it. */
  private toLine(slot: Slot, isBeforeBarrier: boolean): void {
    this.places[slot] = IN_LINE;
    this.inLine += 1;
    this.line.push(slot, 0);
    if (isBeforeBarrier) this.lineBarrier = this.line.lastPosition;
    this.line.tidy(this.inLine, this.places, IN_LINE);
  }

  private grow(slot: Slot): number {
    const grown = new Uint8Array(2 ** Math.ceil(Math.log2(slot + 1)));
    grown.set(this.places);
    this.places = grown;
    return NOWHERE;
  }
}
