import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeOrigin, type Origin } from '../wire/messages.ts';
import { Got, type Vector } from './got.ts';
import { Receiving } from './receiving.ts';

function has(height: number): Got {
  const got = new Got();
  got.raise(height);
  return got;
}

test('what it once had of a life it has been fed, also when that life is forgotten before it has the rest', () => {
  const [old, young] = [makeOrigin('Hands', 1), makeOrigin('Hands', 2)];
  const own: Vector<Origin> = new Map();
  const receiving = new Receiving(own);
  receiving.expect(
    new Map([
      [old, has(5)],
      [young, has(9)],
    ]),
  );
  assert.equal(receiving.lackingUpdates, 14);
  own.set(old, has(5));
  own.set(young, has(8));
  assert.equal(receiving.isFed, false);
  own.delete(old);
  assert.equal(receiving.isFed, false);
  own.set(young, has(9));
  assert.equal(receiving.isFed, true);
});
