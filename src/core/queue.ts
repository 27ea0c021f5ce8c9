// First in, first out, in typed arrays that are never copied: slots, with a time each if they have one. Who no longer stands where
// the queue says is passed over. Knows the barrier: a line drawn behind everybody who stands here at a moment. Knows
// no meaning of standing or time.
import type { Standings } from './standings.ts';
import { NO_SLOT, type Slot } from './table.ts';

/** Slots are kept in pieces of this many. */
const PIECE = 4096;
/** As many that left may stand among those who stay before the queue is tidied. */
const LEAST_TO_TIDY = 64;
const SEEN = 0x80;

interface Piece {
  readonly slots: Int32Array;
  readonly times: Float64Array | undefined;
}

export class Queue {
  private readonly timed: boolean;
  private pieces: Piece[] = [];
  /** Where the first stands in the first piece. */
  private start = 0;
  /** How many ever came, and how many of them are gone: whoever is first is number `gone + 1`. */
  private came = 0;
  private gone = 0;
  /** Whoever has a number up to this stands before the barrier. */
  private barrier = 0;

  constructor(timed: boolean) {
    this.timed = timed;
  }

  /** Memory taken. */
  get bytes(): number {
    return this.pieces.length * PIECE * (this.timed ? 12 : 4);
  }

  push(slot: Slot, time: number): void {
    const at = this.start + this.came - this.gone;
    if (at === this.pieces.length * PIECE) this.pieces.push(this.newPiece());
    const piece = this.pieces[Math.floor(at / PIECE)] as Piece;
    piece.slots[at % PIECE] = slot;
    if (piece.times !== undefined) piece.times[at % PIECE] = time;
    this.came += 1;
  }

  /** The first who still stands here, or NO_SLOT; whoever stood before it and is not is gone. */
  first(standings: Standings, standing: number): Slot {
    while (this.gone < this.came) {
      const slot = (this.pieces[0] as Piece).slots[this.start] as Slot;
      if (standings.get(slot) === standing) return slot;
      this.shift();
    }
    return NO_SLOT;
  }

  /** The time of the first. */
  get firstTime(): number {
    return this.pieces[0]?.times?.[this.start] ?? Number.POSITIVE_INFINITY;
  }

  shift(): void {
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
      const piece = pieces[Math.floor(at / PIECE)] as Piece;
      const slot = piece.slots[at % PIECE] as Slot;
      if (standings.get(slot) === standing) {
        standings.set(slot, standing | SEEN);
        this.push(slot, piece.times?.[at % PIECE] ?? 0);
      }
      if (number + 1 === barrier) this.barrier = this.came;
    }
    for (let at = 0; at < this.came - gone; at += 1) {
      standings.set((this.pieces[Math.floor(at / PIECE)] as Piece).slots[at % PIECE] as Slot, standing);
    }
  }

  private newPiece(): Piece {
    return { slots: new Int32Array(PIECE), times: this.timed ? new Float64Array(PIECE) : undefined };
  }
}
