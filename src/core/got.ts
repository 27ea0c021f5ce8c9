// Which updates of one origin have been seen: all up to a height, and some above it. The acknowledgement, the suppression of
// duplicates and the lag of a link are all this one thing. Knows no record and no link.
import { RANGES_PER_ORIGIN } from '../wire/limits.ts';

export class Got {
  /** A number as a field would be an integer first and a double some day, and what is compiled until then is never compiled anew (0011). */
  private readonly covered = new Float64Array(1);
  /** Closed ranges above the height, ascending, not touching: first, last, first, last... */
  private readonly ranges: number[] = [];

  /** Every update up to this one is covered: seen, or known to be replaced by one that was. */
  get height(): number {
    return this.covered[0] as number;
  }

  has(sequence: number): boolean {
    if (sequence <= this.height) return true;
    const { ranges } = this;
    // The usual case: newer than all.
    if (ranges.length === 0 || sequence > (ranges[ranges.length - 1] as number)) return false;
    const index = this.rangeAt(sequence);
    return index < this.ranges.length && (this.ranges[index] as number) <= sequence;
  }

  /** Marks one update as seen. False if it was. */
  add(sequence: number): boolean {
    return this.addRange(sequence, sequence);
  }

  /** Marks `[first, last]` as seen. False if all of it was. */
  addRange(first: number, last: number): boolean {
    const { ranges } = this;
    if (last <= this.height) return false;
    if (first <= this.height + 1) return this.raise(last);
    // The usual case: the newest of all.
    const top = ranges.length === 0 ? Number.NEGATIVE_INFINITY : (ranges[ranges.length - 1] as number);
    if (first > top + 1) {
      ranges.push(first, last);
      this.forgetLowest();
      return true;
    }
    if (first === top + 1) {
      ranges[ranges.length - 1] = last;
      return true;
    }
    let from = this.rangeAt(first - 1);
    if (from < ranges.length && (ranges[from] as number) <= first && (ranges[from + 1] as number) >= last) return false;
    let low = first;
    let high = last;
    const start = from;
    while (from < ranges.length && (ranges[from] as number) <= last + 1) {
      low = Math.min(low, ranges[from] as number);
      high = Math.max(high, ranges[from + 1] as number);
      from += 2;
    }
    ranges.splice(start, from - start, low, high);
    this.forgetLowest();
    return true;
  }

  /**
   * What is forgotten may come again, and is then known: the newest are what others are about to send. Half at a time, since what
   * stays is moved.
   */
  private forgetLowest(): void {
    if (this.ranges.length > 2 * RANGES_PER_ORIGIN) this.ranges.splice(0, RANGES_PER_ORIGIN);
  }

  /** Every update up to `height` is covered. False if that was known. */
  raise(height: number): boolean {
    if (height <= this.height) return false;
    const { ranges } = this;
    let top = height;
    let used = 0;
    while (used < ranges.length && (ranges[used] as number) <= top + 1) {
      top = Math.max(top, ranges[used + 1] as number);
      used += 2;
    }
    this.covered[0] = top;
    if (used > 0) ranges.splice(0, used);
    return true;
  }

  get rangeCount(): number {
    return this.ranges.length / 2;
  }

  /** First, last, first, last... above the height. */
  above(): readonly number[] {
    return this.ranges;
  }

  get isEmpty(): boolean {
    return this.height === 0 && this.ranges.length === 0;
  }

  /** Index of the first range whose last is at least `sequence`; the length if there is none. */
  private rangeAt(sequence: number): number {
    let low = 0;
    let high = this.ranges.length / 2;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.ranges[middle * 2 + 1] as number) < sequence) low = middle + 1;
      else high = middle;
    }
    return low * 2;
  }
}

/** What one server has of every origin, by the origin's identity (a server in one of its lives). */
export type Vector<Origin> = Map<Origin, Got>;

export function gotOf<Origin>(vector: Vector<Origin>, origin: Origin): Got {
  let got = vector.get(origin);
  if (got === undefined) {
    got = new Got();
    vector.set(origin, got);
  }
  return got;
}

/** Finds what a vector has of the origin that was asked for last, nearly always the next too, without a search. */
export class GotFinder<Origin> {
  private readonly vector: Vector<Origin>;
  private origin: Origin | undefined;
  private got = new Got();

  constructor(vector: Vector<Origin>) {
    this.vector = vector;
  }

  of(origin: Origin): Got {
    if (origin === this.origin) return this.got;
    this.origin = origin;
    this.got = gotOf(this.vector, origin);
    return this.got;
  }

  /** Something was taken out of the vector. */
  forget(): void {
    this.origin = undefined;
  }
}
