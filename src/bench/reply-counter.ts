// Counts the replies in what a server sends, as cheaply as it can be done and still be sure: replies of a load are nearly all
// of one length, so it looks where the next end should be before it searches. No two of them may be together as short as one.
// Knows no meaning of a reply.
import { LF } from '../wire/bytes.ts';

const TWO_LINE_ENDS: Buffer = Buffer.from('\n\n');
/** One chunk in so many is counted again, byte for byte. */
const CHECK_EVERY = 512;
/** Of a reply that should not be: enough to know it by. */
const SHOWN_BYTES = 120;

/** A reply ends with its line, or with an empty line, as WHATSAT's does. */
export type LineEnd = 'line' | 'emptyLine';

/** A server answered what it should not have. */
export class WrongReply extends Error {
  override readonly name = 'WrongReply';

  /** It came at the beginning of `bytes[0, length)`, or shortly after. */
  constructor(bytes: Buffer, length: number) {
    super(`the server answered ${JSON.stringify(bytes.toString('latin1', 0, Math.min(length, SHOWN_BYTES)))}`);
  }
}

export class ReplyCounter {
  private readonly end: LineEnd;
  private readonly firstByte: number;
  /** Length of the last reply. */
  private length = 1;
  /** Bytes of a reply whose end has not come. */
  private unfinished = 0;
  private lastByte = 0;
  private chunks = 0;

  /** Every reply must begin with `firstCharacter`; it is looked at where a chunk begins with a reply. */
  constructor(end: LineEnd, firstCharacter: string) {
    this.end = end;
    this.firstByte = firstCharacter.charCodeAt(0);
  }

  /**
   * How many replies end in `bytes[0, length)`.
   * @throws {WrongReply}
   */
  count(bytes: Buffer, length: number): number {
    if (this.unfinished === 0 && bytes[0] !== this.firstByte) this.refuse(bytes, length);
    this.chunks += 1;
    const before = this.lastByte;
    const found = this.end === 'line' ? this.countLines(bytes, length) : this.countEmptyLines(bytes, length);
    this.lastByte = bytes[length - 1] as number;
    if (this.chunks % CHECK_EVERY === 1 && found !== this.countSlowly(bytes, length, before))
      this.refuse(bytes, length);
    return found;
  }

  private countLines(bytes: Buffer, length: number): number {
    let found = 0;
    let start = -this.unfinished;
    while (start < length) {
      let end = start + this.length - 1;
      if (end < 0 || end >= length || bytes[end] !== LF) {
        end = bytes.indexOf(LF, Math.max(0, start));
        if (end < 0 || end >= length) break;
        this.length = end - start + 1;
      }
      found += 1;
      start = end + 1;
    }
    this.unfinished = length - start;
    return found;
  }

  private countEmptyLines(bytes: Buffer, length: number): number {
    let found = 0;
    let start = 0;
    if (this.unfinished > 0 && this.lastByte === LF && bytes[0] === LF) {
      found = 1;
      start = 1;
    } else {
      start = -this.unfinished;
    }
    for (;;) {
      const end = bytes.indexOf(TWO_LINE_ENDS, Math.max(0, start));
      if (end < 0 || end + 1 >= length) break;
      found += 1;
      start = end + 2;
    }
    this.unfinished = length - start;
    return found;
  }

  private countSlowly(bytes: Buffer, length: number, before: number): number {
    let found = 0;
    let previous = before;
    for (let index = 0; index < length; index += 1) {
      const byte = bytes[index] as number;
      const ends = byte === LF && (this.end === 'line' || previous === LF);
      if (ends) found += 1;
      // A third line end would be part of the next reply.
      previous = ends ? 0 : byte;
    }
    return found;
  }

  private refuse(bytes: Buffer, length: number): never {
    throw new WrongReply(bytes, length);
  }
}
