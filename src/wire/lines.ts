// Cuts a stream of bytes into lines, however it was chunked. Pulled, not pushed, so that whoever reads can stop between
// two lines of one chunk. Lines are handed out as ranges of bytes; nothing is made per line. Knows no commands.
import { LF } from './bytes.ts';
import type { Command } from './command.ts';
import type { ReportsAhead } from './reports-ahead.ts';

const NOTHING = new Uint8Array(0);

/** A line as a range of bytes, without its LF. */
export interface Line {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** It had its LF: only the last line of a stream may lack it. */
  readonly terminated: boolean;
  /** It was over the limit: the range is only its beginning. */
  readonly tooLong: boolean;
}

/** Is itself the line it last found with `next` or `finish`, valid until the next call. */
export class LineReader implements Line {
  bytes: Uint8Array = NOTHING;
  start = 0;
  end = 0;
  terminated = true;
  tooLong = false;

  private readonly mostBytes: number;
  private readonly excerptBytes: number;
  /** What is left of it is `chunk[at, chunkEnd)`. */
  private chunk: Uint8Array = NOTHING;
  private at = 0;
  private chunkEnd = 0;
  private isKept = true;
  /** Start of a line whose end has not come yet; `rest` is that line's bytes, `restLength` of them. */
  private rest: Uint8Array = NOTHING;
  private restLength = 0;
  private skipping = false;
  private isLineKept = false;

  /** Lines of more than `mostBytes` (LF not counted) are handed out as their first `excerptBytes`. */
  constructor(mostBytes: number, excerptBytes: number) {
    this.mostBytes = mostBytes;
    this.excerptBytes = excerptBytes;
  }

  /** The chunk will not stay as it is: copies what of it was not read yet. */
  keepUnread(): void {
    if (this.isKept) return;
    this.push(this.chunk.slice(this.at, this.chunkEnd));
    this.isKept = true;
  }

  /** Takes a chunk behind one that was not read to its end. */
  append(chunk: Uint8Array): void {
    const unread = this.chunkEnd - this.at;
    const both = new Uint8Array(unread + chunk.length);
    both.set(this.chunk.subarray(this.at, this.chunkEnd));
    both.set(chunk, unread);
    this.push(both);
    this.isKept = true;
  }

  /**
   * Copies the line that was found, once: its bytes then stay as they are, whatever becomes of its chunk, and are not used for another. Returns
   * by how much it is nearer to the beginning of its bytes.
   */
  keepLine(): number {
    if (this.isLineKept) return 0;
    const moved = this.start;
    this.bytes = this.bytes.slice(moved, this.end);
    this.end -= moved;
    this.start = 0;
    this.isLineKept = true;
    return moved;
  }

  /** Takes the next chunk, `bytes[start, end)`; the one before must have been read to its end. It is not copied: see `keepUnread`. */
  push(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    this.chunk = bytes;
    this.at = start;
    this.chunkEnd = end;
    this.isKept = false;
  }

  /** Whether the next line begins in this chunk: only then it can have been read ahead. */
  get isAtLine(): boolean {
    return this.at < this.chunkEnd && this.restLength === 0 && !this.skipping;
  }

  /**
   * Reads the plain reports that come next (see `ReportsAhead`); none if the next line is any other, or its end has not come. Where the chunk
   * is only a part of its bytes, those behind it are read ahead, too: for whoever has them.
   */
  readAhead(reports: ReportsAhead): void {
    reports.read(this.chunk, this.at, this.mostBytes);
  }

  /** How many of the next lines were read ahead. */
  countAhead(reports: ReportsAhead): number {
    return this.isAtLine && reports.isAt(this.chunk, this.at) ? reports.before(this.chunkEnd) : 0;
  }

  /** So many lines that were read ahead are served. */
  passAhead(reports: ReportsAhead, count: number): void {
    this.at = reports.pass(count);
  }

  /** Finds the next line, if it was read ahead. */
  nextAhead(reports: ReportsAhead): Command | undefined {
    const report = this.isAtLine ? reports.next(this.chunk, this.at, this.chunkEnd) : undefined;
    if (report === undefined) return undefined;
    this.found(this.chunk, this.at, report.stampEnd);
    this.at = report.stampEnd + 1;
    return report;
  }

  /** Finds the next line. False when the chunk is used up. */
  next(): boolean {
    if (this.skipping && !this.skip()) return false;
    if (this.at >= this.chunkEnd) return this.release();
    const lf = this.nextLf();
    const partEnd = lf < 0 ? this.chunkEnd : lf;
    const length = this.restLength + partEnd - this.at;
    if (length > this.mostBytes) return this.refuse(lf, partEnd);
    if (lf < 0) {
      this.keep(partEnd);
      return this.release();
    }
    if (this.restLength === 0) {
      this.found(this.chunk, this.at, lf);
    } else {
      this.keep(lf);
      this.found(this.rest, 0, this.restLength);
      this.rest = NOTHING;
      this.restLength = 0;
    }
    this.at = lf + 1;
    return true;
  }

  /** The stream has ended: finds the last line if it lacks its LF. */
  finish(): boolean {
    if (this.restLength === 0) return false;
    this.found(this.rest, 0, this.restLength);
    this.terminated = false;
    this.rest = NOTHING;
    this.restLength = 0;
    return true;
  }

  private found(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.terminated = true;
    this.tooLong = false;
    this.isLineKept = false;
  }

  /** Gives up the used chunk and the last line: an idle connection holds no memory. */
  private release(): boolean {
    this.found(NOTHING, 0, 0);
    this.push(NOTHING);
    return false;
  }

  private keep(partEnd: number): void {
    const part = this.chunk.subarray(this.at, partEnd);
    const needed = this.restLength + part.length;
    if (needed > this.rest.length) {
      const grown = new Uint8Array(Math.min(this.mostBytes, Math.max(needed, this.rest.length * 2)));
      grown.set(this.rest.subarray(0, this.restLength));
      this.rest = grown;
    }
    this.rest.set(part, this.restLength);
    this.restLength = needed;
  }

  private refuse(lf: number, partEnd: number): boolean {
    const excerpt = new Uint8Array(Math.min(this.excerptBytes, this.restLength + partEnd - this.at));
    excerpt.set(this.rest.subarray(0, Math.min(this.restLength, excerpt.length)));
    if (this.restLength < excerpt.length) {
      excerpt.set(this.chunk.subarray(this.at, this.at + excerpt.length - this.restLength), this.restLength);
    }
    this.found(excerpt, 0, excerpt.length);
    this.tooLong = true;
    this.rest = NOTHING;
    this.restLength = 0;
    this.skipping = lf < 0;
    this.at = lf < 0 ? this.chunkEnd : lf + 1;
    return true;
  }

  /** Where the chunk's next LF is, or -1. */
  private nextLf(): number {
    const lf = this.chunk.indexOf(LF, this.at);
    return lf < this.chunkEnd ? lf : -1;
  }

  /** Passes over the rest of a line that was too long. False if its end is not in this chunk. */
  private skip(): boolean {
    const lf = this.nextLf();
    if (lf < 0) return this.release();
    this.at = lf + 1;
    this.skipping = false;
    return true;
  }
}
