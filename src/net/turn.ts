// The replies of one turn, of all connections one after the other in one buffer, and whose they are. When all have left it serves another turn:
// there are thousands a second. Knows no disk, no socket and no time.
import { TURN_BYTES } from '../wire/limits.ts';

/** Who made replies in a turn. */
export interface Answering {
  /** Links have the turn, and the disk has what is acknowledged, if it is kept: `replies` may leave. True if nobody needs the bytes any more. */
  turnEnded(replies: Uint8Array, kept: boolean): boolean;
}

/** A connection's replies of a turn. */
interface Answer {
  who: Answering;
  start: number;
  end: number;
  acknowledge: boolean;
}

/** Stands where replies have left: their connection is not held here. */
const NOBODY: Answering = { turnEnded: () => true };

export class Turn {
  bytes: Uint8Array;
  /** Some of its replies acknowledge reports. */
  acknowledges = false;
  /** The first `count` are this turn's, the others free. */
  private readonly answers: Answer[] = [];
  private count = 0;

  constructor(bytes: Uint8Array = new Uint8Array(TURN_BYTES)) {
    this.bytes = bytes;
  }

  get isEmpty(): boolean {
    return this.count === 0;
  }

  /** The replies in `bytes[start, end)` are for this one. */
  add(who: Answering, start: number, end: number, acknowledge: boolean): void {
    const answer = this.answers[this.count];
    if (answer === undefined) this.answers.push({ who, start, end, acknowledge });
    else {
      answer.who = who;
      answer.start = start;
      answer.end = end;
      answer.acknowledge = acknowledge;
    }
    this.count += 1;
    this.acknowledges ||= acknowledge;
  }

  /** Tells all whose replies these are that they may leave, or that they were not kept. True if nobody needs the bytes any more. */
  leave(kept: boolean): boolean {
    const { buffer, byteOffset } = this.bytes;
    let isFree = true;
    for (let index = 0; index < this.count; index += 1) {
      const answer = this.answers[index] as Answer;
      const { who, start, end, acknowledge } = answer;
      answer.who = NOBODY;
      // A Buffer: of anything else a socket makes one first.
      const replies = Buffer.from(buffer, byteOffset + start, end - start);
      isFree = who.turnEnded(replies, kept || !acknowledge) && isFree;
    }
    this.count = 0;
    this.acknowledges = false;
    return isFree;
  }
}
