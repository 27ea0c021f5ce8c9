import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { REDIAL_FIRST_MS, REDIAL_MOST_MS } from '../wire/limits.ts';
import { redialDelayMs } from './backoff.ts';

test('redials are spread over a time that grows up to a bound: a herd does not come back in step (Fly.io, 2024)', () => {
  fc.assert(
    fc.property(fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, chance) => {
      const most = redialDelayMs(attempt, 1);
      assert.equal(redialDelayMs(attempt, chance), chance * most);
      assert.ok(most >= REDIAL_FIRST_MS && most <= REDIAL_MOST_MS);
      assert.ok(redialDelayMs(attempt + 1, 1) >= most);
    }),
  );
  assert.equal(redialDelayMs(0, 1), REDIAL_FIRST_MS);
  assert.equal(redialDelayMs(1e6, 1), REDIAL_MOST_MS);
});
