// Chance that can be repeated, for tests: the same seed gives the same numbers. Nothing that must not be guessed is made with it.

/** A number from 0 up to 1. */
export type Chance = () => number;

/** Mulberry32 (public domain). */
export function chanceOf(seed: number): Chance {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
