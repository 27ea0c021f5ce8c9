import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { RANGES_PER_ORIGIN } from '../wire/limits.ts';
import { Got } from './got.ts';

const step = fc.oneof(
  fc.tuple(fc.constant('add' as const), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 6 })),
  fc.tuple(fc.constant('raise' as const), fc.integer({ min: 1, max: 60 }), fc.constant(0)),
);

test('it is the set of what was added, whatever the order, kept as few ranges as possible', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const got = new Got();
      const model = new Set<number>();
      for (const [kind, first, more] of steps) {
        const range = kind === 'add' ? [first, first + more] : [1, first];
        const numbers = Array.from({ length: 70 }, (_, n) => n).filter(
          (n) => n >= (range[0] ?? 0) && n <= (range[1] ?? 0),
        );
        const news = numbers.some((n) => !model.has(n));
        for (const n of numbers) model.add(n);
        const answer = kind === 'add' ? got.addRange(first, first + more) : got.raise(first);
        // Raising the height may say nothing new about single updates, and still be news of the height.
        if (kind === 'add') assert.equal(answer, news);
        for (let n = 1; n < 70; n += 1) assert.equal(got.has(n), model.has(n), `${n} after ${JSON.stringify(steps)}`);
      }
      let height = 0;
      while (model.has(height + 1)) height += 1;
      assert.equal(got.height, height);
      const above = got.above();
      for (let index = 0; index < above.length; index += 2) {
        assert.ok((above[index] as number) > (index === 0 ? got.height : (above[index - 1] as number)) + 1);
        assert.ok((above[index + 1] as number) >= (above[index] as number));
      }
    }),
    { numRuns: 500 },
  );
});

test('it keeps a bounded number of ranges, the newest, and never says more than was added', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 8000 }), { minLength: 3500, maxLength: 4000 }), (sequences) => {
      const got = new Got();
      const model = new Set<number>();
      for (const sequence of sequences) {
        got.add(sequence);
        model.add(sequence);
        assert.ok(got.rangeCount <= RANGES_PER_ORIGIN);
      }
      assert.ok(got.has(Math.max(...model)));
      for (let n = 1; n <= 8000; n += 1) if (got.has(n)) assert.ok(model.has(n), `${n} was never added`);
    }),
    { numRuns: 20 },
  );
});
