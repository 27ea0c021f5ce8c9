// Rows of integers in typed arrays that grow a segment at a time: nothing is ever copied, so growth is no pause, and memory
// that was not written to yet is not resident. Knows no meaning of a row.

/** Segments of about a quarter of a megabyte to one: quickly had, and an idle server holds few of them. */
const MOST_SEGMENT_INTEGERS = 2 ** 18;

export class Rows {
  private readonly width: number;
  /** A row's number, shifted right by this, is its segment. */
  private readonly shift: number;
  private readonly mask: number;
  private readonly segments: Int32Array[] = [];
  /** Rows that were ever in use; row 0 never is, so that 0 can mean none. */
  private end = 1;
  /** A row that was given back; its first integer is the next such row. */
  private spare = 0;

  /** `width` is the number of integers in a row. */
  constructor(width: number) {
    this.width = width;
    this.shift = Math.floor(Math.log2(MOST_SEGMENT_INTEGERS / width));
    this.mask = (1 << this.shift) - 1;
  }

  /** Where a row's integers are: in this array, from `offset` on. */
  segment(row: number): Int32Array {
    return this.segments[row >>> this.shift] as Int32Array;
  }

  offset(row: number): number {
    return (row & this.mask) * this.width;
  }

  /** Makes sure that a row, numbered by somebody else, and all before it are there. New rows are all 0. */
  reach(row: number): void {
    while (this.segments.length <= row >>> this.shift) {
      this.segments.push(new Int32Array(this.width << this.shift));
    }
  }

  /** A row that nobody uses. Its integers may be anything. */
  take(): number {
    const row = this.spare;
    if (row === 0) {
      this.reach(this.end);
      this.end += 1;
      return this.end - 1;
    }
    this.spare = this.segment(row)[this.offset(row)] as number;
    return row;
  }

  /** Nobody uses this row any more. */
  giveBack(row: number): void {
    this.segment(row)[this.offset(row)] = this.spare;
    this.spare = row;
  }

  get bytes(): number {
    return this.segments.length * (this.width << this.shift) * Int32Array.BYTES_PER_ELEMENT;
  }
}
