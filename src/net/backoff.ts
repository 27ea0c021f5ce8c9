// How long to wait before dialling a lost neighbour again: full jitter, so that a herd that lost a server does not dial it
// in step when it returns. Knows no clock and no random source.
import { REDIAL_FIRST_MS, REDIAL_MOST_MS } from '../wire/limits.ts';

/** Milliseconds to wait before attempt `attempt` (0 is the first redial). `chance` is uniform in [0, 1). */
export function redialDelayMs(attempt: number, chance: number): number {
  return chance * Math.min(REDIAL_MOST_MS, REDIAL_FIRST_MS * 2 ** Math.min(attempt, 16));
}
