// Where what is scanned lies, and what was found in it: a row for each report or record. The same in `src/wire/kernel.ts`.

/** The most bytes that are scanned together. */
const WINDOW_BYTES = 4096;
/** What may be loaded behind them: it may be anything, because nothing counts that does not end in time. */
const SLACK_BYTES = 256;
/** The most reports or records that are found together, as `REPORTS_AHEAD` in limits.ts. */
export const MOST_ROWS = 32;
export const ROW_BYTES = 80;
/** Where what is scanned begins, and where the results do. */
export const WINDOW = memory.data(WINDOW_BYTES + SLACK_BYTES, 16);
export const ROWS = memory.data(MOST_ROWS * ROW_BYTES, 16);

// 32-bit integers, by their place in a row; where something is counts from the window's beginning ...
export const CLIENT_START = 0;
export const CLIENT_END = 4;
export const LOCATION_END = 8;
export const STAMP_END = 12;
export const NANOSECONDS = 16;
// ... of records; of reports whoever takes them in sets what the server adds ...
export const RECEIVED_NANOSECONDS = 20;
export const ORIGIN = 24;
export const BODY_START = 28;
/** Below zero if the record is ordered by its stamp. */
export const ORDER_NANOSECONDS = 32;
/** Where the table has its client: a slot, or -1 if nobody has looked, or somebody else must. */
export const SLOT = 36;
// ... and doubles.
export const SECONDS = 40;
export const RECEIVED_SECONDS = 48;
export const ORDER_SECONDS = 56;
export const SEQUENCE = 64;
/** Of reports that were answered: where the reply ends, counted from where the first begins. */
export const REPLY_END = 72;
/** Of records that were taken in: 1 if it won, 0 if not. */
export const WON = 76;
