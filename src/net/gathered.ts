// The small chunks that connections have sent in one turn, one after the other in one buffer, until all that arrived is read: so the reports
// of many connections are read ahead and looked up together as if one had sent them. Knows bytes and whose they are.
import { LF } from '../wire/bytes.ts';
import type { Kernel } from '../wire/kernel.ts';
import { GATHERED_BYTES, GATHERED_CHUNK_BYTES } from '../wire/limits.ts';
import { ReportsAhead } from '../wire/reports-ahead.ts';

/** Whose chunk is here. */
export interface Gathering {
  /** Everything is read: serves its chunk, if it has not done that earlier. */
  serveGathered(nowMs: number): void;
}

/** Stands where a chunk was served: its connection is not held here. */
const NOBODY: Gathering = { serveGathered: () => {} };

export class Gathered {
  /** What is here stays until `serve` returns. */
  readonly bytes: Uint8Array = new Uint8Array(GATHERED_BYTES);
  /** The reports that come next, of one connection or of several: who serves at another place than it was left drops them first. */
  readonly ahead: ReportsAhead;
  private length = 0;
  /** The first `count` have chunks here. */
  private readonly whose: Gathering[] = [];
  private count = 0;

  /** `kernel` is that of the table in which their clients are looked up. */
  constructor(kernel: Kernel) {
    this.ahead = new ReportsAhead(kernel);
  }

  get isEmpty(): boolean {
    return this.count === 0;
  }

  /**
   * Takes a copy of a chunk of whole lines, and returns where in `bytes` it begins; -1 if it is large, ends within a line, or has no room:
   * such a chunk is served at once.
   */
  add(chunk: Uint8Array, who: Gathering): number {
    const start = this.length;
    if (chunk.length > GATHERED_CHUNK_BYTES || start + chunk.length > GATHERED_BYTES) return -1;
    if (chunk[chunk.length - 1] !== LF) return -1;
    this.bytes.set(chunk, start);
    this.length = start + chunk.length;
    this.whose[this.count] = who;
    this.count += 1;
    return start;
  }

  /** Has everybody served, in the order of their chunks. */
  serve(nowMs: number): void {
    this.ahead.drop();
    // What is left of earlier turns is not read ahead.
    this.ahead.end = this.length;
    for (let index = 0; index < this.count; index += 1) {
      const who = this.whose[index] as Gathering;
      this.whose[index] = NOBODY;
      who.serveGathered(nowMs);
    }
    this.ahead.end = Number.POSITIVE_INFINITY;
    this.count = 0;
    this.length = 0;
  }
}
