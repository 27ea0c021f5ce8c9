// Clients that are to be found in the table together. Knows where their IDs are; no table.

/** Who is to be found, and where that is expected: a slot, or -1. */
export interface Sought {
  /** In `Ahead.bytes`. */
  readonly clientStart: number;
  readonly clientEnd: number;
  expectedAt: number;
}

/** Some of them, at most REPORTS_AHEAD. */
export interface Ahead {
  readonly bytes: Uint8Array;
  readonly sought: readonly Sought[];
  readonly count: number;
}
