import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failure } from './made-queries.ts';
import { Turns } from './turns.ts';

const never = new AbortController().signal;

test('so many at once; the others in the order in which they came', async () => {
  const turns = new Turns(2, 10);
  const [first, second] = [await turns.take(never), await turns.take(never)];
  const order: string[] = [];
  const waiting = ['c', 'd', 'e'].map(async (name) => {
    const end = await turns.take(never);
    order.push(name);
    return end;
  });
  await new Promise(setImmediate);
  assert.deepEqual(order, []);
  second();
  (await waiting[0])?.();
  (await waiting[1])?.();
  first();
  (await waiting[2])?.();
  assert.deepEqual(order, ['c', 'd', 'e']);
  for (const _ of [1, 2]) await turns.take(never);
});

test('who leaves the line loses nothing for the others', async () => {
  const turns = new Turns(1, 10);
  const end = await turns.take(never);
  const leaver = new AbortController();
  const left = failure(turns.take(leaver.signal));
  const stayed = turns.take(never);
  leaver.abort();
  await left;
  end();
  (await stayed)();
  (await turns.take(never))();
});

test('the line has an end', async () => {
  const turns = new Turns(1, 1);
  const end = await turns.take(never);
  const waiting = turns.take(never);
  assert.match((await failure(turns.take(never))).message, /1 lookups wait already/);
  end();
  await waiting;
});
