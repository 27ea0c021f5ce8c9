// What is forgotten of servers' earlier lives, so that vectors do not grow with every restart for ever. To claim less than is so
// is always sound: it may cost a copy, never a record. Knows vectors and how often the table names a life; no link.
import { LIVES_PER_NAME, OLD_LIFE_MS } from '../wire/limits.ts';
import type { Origin } from '../wire/messages.ts';
import type { Vector } from './got.ts';

/**
 * Drops the lives from `vector` that nobody needs any more: another of the same name began a day ago, and no record is
 * of it; and the oldest of a name that has too many. `wallMs` is POSIX time, which lives are numbered by.
 */
export function dropOldLives(
  vector: Vector<Origin>,
  self: Origin,
  isNamed: (origin: Origin) => boolean,
  wallMs: number,
): void {
  const livesOf = new Map<string, Origin[]>();
  for (const origin of vector.keys()) {
    const lives = livesOf.get(origin.name);
    if (lives === undefined) livesOf.set(origin.name, [origin]);
    else lives.push(origin);
  }
  for (const lives of livesOf.values()) {
    lives.sort((left, right) => right.epoch - left.epoch);
    const [newest, ...older] = lives;
    const isLongOver = newest !== undefined && wallMs - newest.epoch >= OLD_LIFE_MS;
    for (const [index, origin] of older.entries()) {
      if (origin === self) continue;
      if (index + 1 >= LIVES_PER_NAME || (isLongOver && !isNamed(origin))) vector.delete(origin);
    }
  }
}
