// What is held back for a neighbour that probably gets it from another, first in, first out: slots, with the update and the time beside
// each, so that what the neighbour acknowledged is told without a look at the client's row. Knows no standing and no rule.
import type { Origin } from '../wire/messages.ts';
import { NO_SLOT, type Slot } from './table.ts';

/** Entries are kept in pieces of this many. */
const PIECE = 1024;
const ENTRY_BYTES = 28;
/** What is let go together under full load, a quarter of a megabyte: acknowledgements come every 25 ms, and 300,000 records a second. */
const SPARE_PIECES = 8;

class Piece {
  readonly slots = new Int32Array(PIECE);
  readonly sequences = new Float64Array(PIECE);
  readonly times = new Float64Array(PIECE);
  readonly origins: (Origin | undefined)[] = new Array<Origin | undefined>(PIECE).fill(undefined);
}

export class Held {
  private readonly pieces: Piece[] = [];
  /** Pieces that are done with, for the next that are needed. */
  private readonly spare: Piece[] = [];
  /** Where the first stands in the first piece, and the end in the last. */
  private start = 0;
  private end = PIECE;
  /** How many ever came, how many of them are gone, and how many had come when the barrier was drawn. */
  private came = 0;
  private gone = 0;
  private barrier = 0;

  /** Memory taken. */
  get bytes(): number {
    return (this.pieces.length + this.spare.length) * PIECE * ENTRY_BYTES;
  }

  push(slot: Slot, origin: Origin, sequence: number, releaseAtMs: number): void {
    if (this.end === PIECE) {
      this.pieces.push(this.spare.pop() ?? new Piece());
      this.end = 0;
    }
    const piece = this.pieces[this.pieces.length - 1] as Piece;
    piece.slots[this.end] = slot;
    piece.sequences[this.end] = sequence;
    piece.times[this.end] = releaseAtMs;
    piece.origins[this.end] = origin;
    this.end += 1;
    this.came += 1;
  }

  /** The first, or NO_SLOT. */
  get first(): Slot {
    return this.gone === this.came ? NO_SLOT : ((this.pieces[0] as Piece).slots[this.start] as Slot);
  }

  // Of the first, which there must be.

  get origin(): Origin {
    return (this.pieces[0] as Piece).origins[this.start] as Origin;
  }

  get sequence(): number {
    return (this.pieces[0] as Piece).sequences[this.start] as number;
  }

  get releaseAtMs(): number {
    return (this.pieces[0] as Piece).times[this.start] as number;
  }

  shift(): void {
    this.gone += 1;
    this.start += 1;
    if (this.start < PIECE) return;
    this.start = 0;
    const piece = this.pieces.shift();
    if (piece !== undefined && this.spare.length < SPARE_PIECES) this.spare.push(piece);
  }

  /** Draws the barrier behind everybody who stands here now. */
  setBarrier(): void {
    this.barrier = this.came;
  }

  /** Whether the first stands before the barrier. */
  get isFirstBeforeBarrier(): boolean {
    return this.gone < this.barrier;
  }
}
