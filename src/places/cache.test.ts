import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BoundedCache } from './cache.ts';

test('keeps a value for its time', () => {
  let nowMs = 0;
  const cache = new BoundedCache<string>({ entries: 9, bytes: 9, keepMs: 10 }, () => nowMs);
  cache.set('a', 'A', 1);
  nowMs = 9;
  assert.equal(cache.get('a'), 'A');
  nowMs = 10;
  assert.equal(cache.get('a'), undefined);
  assert.deepEqual([cache.size, cache.bytes], [0, 0]);
});

test('what was not used for longest goes first', () => {
  const cache = new BoundedCache<string>({ entries: 2, bytes: 100, keepMs: 10 }, () => 0);
  cache.set('a', 'A', 1);
  cache.set('b', 'B', 1);
  cache.get('a');
  cache.set('c', 'C', 1);
  assert.deepEqual([cache.get('a'), cache.get('b'), cache.get('c')], ['A', undefined, 'C']);
});

test('keeps nothing for no time, and nothing that is over the bound alone', () => {
  const none = new BoundedCache<string>({ entries: 2, bytes: 100, keepMs: 0 }, () => 0);
  none.set('a', 'A', 1);
  assert.equal(none.size, 0);
  const small = new BoundedCache<string>({ entries: 2, bytes: 100, keepMs: 1 }, () => 0);
  small.set('a', 'A', 60);
  small.set('b', 'B', 101);
  assert.deepEqual([small.get('a'), small.get('b')], ['A', undefined]);
});

test('never holds more than its bounds, and never another value than was put there last', () => {
  const use = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.nat(40), fc.boolean());
  fc.assert(
    fc.property(fc.array(use), (uses) => {
      const cache = new BoundedCache<number>({ entries: 3, bytes: 60, keepMs: 1 }, () => 0);
      const last = new Map<string, number>();
      for (const [at, [key, bytes, isSet]] of uses.entries()) {
        if (isSet) {
          cache.set(key, at, bytes);
          last.set(key, at);
        } else {
          const value = cache.get(key);
          assert.ok(value === undefined || value === last.get(key));
        }
        assert.ok(cache.size <= 3 && cache.bytes <= 60 && cache.bytes >= 0);
      }
    }),
  );
});
