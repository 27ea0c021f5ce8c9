// What the crashing writer and its judge agree on. Knows no process.
import type { Holding } from '../../src/journal/made-records.ts';

export const SERVER = 'Goloman';
const CLIENTS = 200;

/** Whom a life's numbered record is about: the judge can tell it without having the record. */
export function clientAt(epoch: number, sequence: number): string {
  return `client-${(Math.imul(sequence ^ (epoch % 65_536), 0x9e3779b1) >>> 8) % CLIENTS}`;
}

/** A client's records are told apart by their times, each greater than any before, over all lives; within a life they grow as its numbers do. */
export function timeOf(record: { readonly stamp: { readonly seconds: number } }): number {
  return record.stamp.seconds - 1_700_000_000;
}

/** The time from which a life may count on: after all that it has found. What was never kept may be used again. */
export function timeAfter(holding: Holding): number {
  let time = 0;
  for (const record of holding.table.values()) time = Math.max(time, timeOf(record));
  return time;
}

/** Mulberry32 (public domain): the same numbers from the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
