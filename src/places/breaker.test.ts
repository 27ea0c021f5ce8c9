import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Breaker } from './breaker.ts';

function make() {
  const clock = { nowMs: 0 };
  return { clock, breaker: new Breaker(3, 1000, () => clock.nowMs) };
}

test('opens after so many failures in a row, and a success in between starts the count anew', () => {
  const { breaker } = make();
  assert.deepEqual([breaker.failed(), breaker.failed()], [false, false]);
  assert.equal(breaker.succeeded(), false);
  assert.deepEqual([breaker.failed(), breaker.failed(), breaker.failed()], [false, false, true]);
  assert.equal(breaker.admit(), false);
});

test('after the pause one is admitted; what it learns decides', () => {
  const { breaker, clock } = make();
  for (const _ of [1, 2, 3]) breaker.failed();
  clock.nowMs = 999;
  assert.equal(breaker.admit(), false);
  clock.nowMs = 1000;
  assert.deepEqual([breaker.admit(), breaker.admit()], [true, false]);
  assert.equal(breaker.failed(), false);
  clock.nowMs = 1999;
  assert.equal(breaker.admit(), false);
  clock.nowMs = 2000;
  assert.equal(breaker.admit(), true);
  assert.equal(breaker.succeeded(), true);
  assert.deepEqual([breaker.admit(), breaker.admit()], [true, true]);
});

test('a probe that ends without learning anything makes room for the next', () => {
  const { breaker, clock } = make();
  for (const _ of [1, 2, 3]) breaker.failed();
  clock.nowMs = 1000;
  assert.equal(breaker.admit(), true);
  breaker.abandoned();
  assert.deepEqual([breaker.admit(), breaker.admit()], [true, false]);
});
