// Every limit of the providers elsewhere and of what stands before them, with the reason for its number. Knows nothing else.

const MEBIBYTE = 1024 * 1024;

/** Failures in a row after which a provider is left alone: fewer are chance, and each may cost a client half of its time. */
export const BREAKER_FAILURES = 5;

/** How long it is left alone before one lookup tries it again: long enough to spare clients, short enough that nobody waits for a mended one. */
export const BREAKER_PAUSE_MS = 30_000;

/** A provider that has another behind it may take this part of the time that is left, so that the other is still in time. */
export const SHARE_OF_TIME = 0.5;

/** Requests to Google at once: each is a socket, and a process has often no more than 1024 files for clients and everything else. At 0.1 s each these are thousands of lookups a second. */
export const GOOGLE_TURNS = 256;

/** Requests that wait for a turn; further ones fail at once. At a second each the last of them is just in time. */
export const GOOGLE_WAITING = 2048;

/** Requests to Overpass at once: the public server gives an address two slots. */
export const OVERPASS_TURNS = 2;

/** Requests that wait for a turn; further ones fail at once. At a second each, the last of them would wait past any time-out. */
export const OVERPASS_WAITING = 64;

/** Side of the cells that answers are kept for: 560 m from north to south, so that whoever walks stays in one for minutes, and the ring around it still fits one answer in a city. */
export const CELL_DEGREES = 0.005;

/** From a cell's middle to its corners, at the equator, where cells are widest: 0.393 km, and something for rounding. */
export const CELL_REACH_KM = 0.4;

/** How far around a cell is asked for, step by step until there is enough: in a city the first has 20 places, in the country the second or third, and no answer is huge. */
export const RINGS_KM: readonly number[] = [0.5, 2, 10, 50];

/** Elements of one answer: three times a busy city's first ring, 10 ms to read. Overpass chooses which ones when there are more. */
export const OVERPASS_ELEMENTS = 3000;

/** Longest answer taken from Overpass: OVERPASS_ELEMENTS of 1.4 kB, where 350 bytes are usual. */
export const OVERPASS_ANSWER_BYTES: number = 4 * MEBIBYTE;

/** Memory that a query may take on the server, and its time: asking for little is what gets a slot of a busy server. */
export const OVERPASS_QUERY_BYTES: number = 64 * MEBIBYTE;
export const OVERPASS_QUERY_SECONDS = 8;

/** How long Overpass is left alone when it has had enough: at least, also when it says 0 or its clock is behind; at first, when it does not say; and at most. */
export const OVERPASS_REST_LEAST_MS = 1000;
export const OVERPASS_REST_FIRST_MS = 15_000;
export const OVERPASS_REST_MOST_MS = 600_000;

/** Answers of Overpass that are kept: entries, and bytes as they take in memory. A day of one town's cells. */
export const CACHE_ENTRIES = 2000;
export const CACHE_BYTES: number = 64 * MEBIBYTE;

/** Each step of the count on disk, as a part of the day's budget: a crash loses at most this much of the budget, and the disk sees a hundred writes a day. */
export const LEDGER_STEPS = 100;
