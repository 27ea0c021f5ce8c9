// Clients that are to be found in the table together. Knows where their IDs are; no table.

/** Who is to be found, and where that is expected: a slot, or -1. */
export interface Sought {
  /** By which scan of the kernel it was found, if by any, and in which row. */
  readonly scan: number;
  readonly row: number;
  /** In the bytes that it was read from. */
  readonly clientStart: number;
  readonly clientEnd: number;
  expectedAt: number;
}

/** Some of them, at most REPORTS_AHEAD, as a scan of the kernel found them. */
export interface Ahead {
  readonly scan: number;
  readonly count: number;
  /** The kernel has looked for them. */
  noteSlots(): void;
}
