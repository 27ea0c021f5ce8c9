import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIVES_PER_NAME, OLD_LIFE_MS } from '../wire/limits.ts';
import { makeOrigin, type Origin } from '../wire/messages.ts';
import { gotOf, type Vector } from './got.ts';
import { dropOldLives } from './lives.ts';

function vectorOf(...origins: Origin[]): Vector<Origin> {
  const vector: Vector<Origin> = new Map();
  for (const origin of origins) gotOf(vector, origin).raise(7);
  return vector;
}

const day = OLD_LIFE_MS;
const [first, second, third] = [makeOrigin('Barn', 1), makeOrigin('Barn', day), makeOrigin('Barn', 2 * day)];
const [gate, self] = [makeOrigin('Gate', 1), makeOrigin('Hill', 1)];

test('an old life goes a day after the newest of its name began, unless a record is of it', () => {
  const vector = vectorOf(first, second, third, gate, self);
  dropOldLives(vector, self, (origin) => origin === second, 3 * day - 1);
  assert.equal(vector.size, 5);
  dropOldLives(vector, self, (origin) => origin === second, 3 * day);
  assert.deepEqual([...vector.keys()], [second, third, gate, self]);
});

test('of too many lives of one name the oldest go at once; the life that a server is in never does', () => {
  const lives = Array.from({ length: LIVES_PER_NAME + 3 }, (_, index) => makeOrigin('Barn', 10 + index));
  const vector = vectorOf(...lives);
  const [oldest] = lives;
  dropOldLives(vector, oldest as Origin, () => true, 0);
  assert.deepEqual([...vector.keys()], [oldest, ...lives.slice(3)]);
});
