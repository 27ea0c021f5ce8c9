// How a client's row of the table is laid out. Knows no more than that.
import { DIGEST_BUCKETS } from '../wire/limits.ts';

/** Rows are kept in segments of this many, a mebibyte each. */
export const SEGMENT_SHIFT = 13;
export const SEGMENT_ROWS: number = 1 << SEGMENT_SHIFT;
export const ROW_SHIFT = 5;
/** Sixteen 32-bit words, the first six of which are three doubles, and as many for the text. */
export const ROW_WORDS: number = 1 << ROW_SHIFT;
export const SEQUENCE = 0;
export const ORDER_SECONDS = 1;
export const RECEIVED_SECONDS = 2;
export const ORDER_NANOSECONDS = 6;
export const RECEIVED_NANOSECONDS = 7;
export const HASH = 8;
/** The next in the same bucket of the hash table, or the next free slot. */
export const NEXT = 9;
/** Where the text lies in the arena, if it does not lie in the row. */
export const TEXT = 10;
export const TEXT_LENGTH = 11;
export const CLIENT_LENGTH = 12;
/** Those before and behind it in the same bucket of the digest. */
export const DIGEST_NEXT = 13;
export const DIGEST_BEFORE = 14;
/** From the lowest bit: flags, the bucket of the digest, the origin's number. */
export const MARKS = 15;
/** From here on, the text: an ID of 20 bytes, a location of 22 and a stamp of 20 just fit, with their spaces. */
export const ROW_TEXT = 16;
export const ROW_TEXT_BYTES: number = (ROW_WORDS - ROW_TEXT) * 4;
export const USED = 1;
export const ORDER_IS_STAMP = 2;
export const FORGOTTEN = 4;
export const FLAG_BITS = 3;
export const ORIGIN_SHIFT: number = FLAG_BITS + Math.log2(DIGEST_BUCKETS);
