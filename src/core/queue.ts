// First in, first out, in typed arrays that are never copied: slots. Who no longer stands where the queue says is passed over.
// Knows the barrier: a line drawn behind everybody who stands here at a moment. Knows no meaning of standing.
import type { Standings } from './standings.ts';
import { NO_SLOT, type Slot } from './table.ts';

/** Slots are kept in pieces of this many. */
const PIECE = 4096;
/** As many that left may stand among those who stay before the queue is tidied. */
const LEAST_TO_TIDY = 64;
const SEEN = 0x80;

export class Queue {
  private pieces: Int32Array[] = [];
  /** Where the first stands in the first piece. */
  private start = 0;
  /** How many ever came, and how many of them are gone: whoever is first is number `gone + 1`. */
  private came = 0;
  private gone = 0;
  /** Whoever has a number up to this stands before the barrier. */
  private barrier = 0;

  /** Memory taken. */
  get bytes(): number {
    return this.pieces.length * PIECE * Int32Array.BYTES_PER_ELEMENT;
  }

  push(slot: Slot): void {
    const at = this.start + this.came - this.gone;
    if (at === this.pieces.length * PIECE) this.pieces.push(new Int32Array(PIECE));
    (this.pieces[Math.floor(at / PIECE)] as Int32Array)[at % PIECE] = slot;
    this.came += 1;
  }

  /** The first who still stands here, as its standing says, or NO_SLOT; whoever stood before it and is not is gone. */
  first(standings: Standings, standing: number): Slot {
    while (this.gone < this.came) {
      const slot = (this.pieces[0] as Int32Array)[this.start] as Slot;
      if ((standings.get(slot) & standing) !== 0) return slot;
      this.shift();
    }
    return NO_SLOT;
  }

  /** Notes those who stand first, here still or no longer, as many as there is room for; returns how many. */
  upcoming(into: Int32Array): number {
    const count = Math.min(into.length, this.came - this.gone, PIECE - this.start);
    for (let index = 0; index < count; index += 1)
      into[index] = (this.pieces[0] as Int32Array)[this.start + index] as Slot;
    return count;
  }

  private shift(): void {
    this.gone += 1;
    this.start += 1;
    if (this.start === PIECE) {
      this.pieces.shift();
      this.start = 0;
    } else if (this.gone === this.came && this.pieces.length === 1) this.start = 0;
  }

  /** Draws the barrier behind everybody who stands here now. */
  setBarrier(): void {
    this.barrier = this.came;
  }

  /** Whether the first stands before the barrier. */
  get isFirstBeforeBarrier(): boolean {
    return this.gone < this.barrier && this.gone < this.came;
  }

  /** Drops who has left, and whoever came again behind its first place, when these are more than the `staying`. */
  tidy(staying: number, standings: Standings, standing: number): void {
    if (this.came - this.gone <= 2 * staying + LEAST_TO_TIDY) return;
    const { pieces, start, came, gone, barrier } = this;
    this.pieces = [];
    this.start = 0;
    this.came = gone;
    for (let number = gone; number < came; number += 1) {
      const at = start + number - gone;
      const slot = (pieces[Math.floor(at / PIECE)] as Int32Array)[at % PIECE] as Slot;
      const stands = standings.get(slot);
      if ((stands & standing) !== 0 && (stands & SEEN) === 0) {
        standings.set(slot, stands | SEEN);
        this.push(slot);
      }
      if (number + 1 === barrier) this.barrier = this.came;
    }
    for (let at = 0; at < this.came - gone; at += 1) {
      const slot = (this.pieces[Math.floor(at / PIECE)] as Int32Array)[at % PIECE] as Slot;
      standings.set(slot, standings.get(slot) & ~SEEN);
    }
  }
}
