import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { REFUSALS_OF_ADDRESS, REFUSALS_TOLD } from '../wire/limits.ts';
import { type Refusal, Refusals } from './refusals.ts';

const refusal: Refusal = { neighbour: 'unknown', address: '192.0.2.1', dialled: false, reason: 'no', by: 'us' };

interface Line extends Refusal {
  readonly repeated?: number;
}

function refusals(everyMs?: number): { lines: Line[]; log: Refusals } {
  const lines: Line[] = [];
  const log = new Refusals({ warn: (line: Line) => void lines.push(line) } as never, everyMs);
  return { lines, log };
}

test('the first of a kind is told at once, the others as a count', () => {
  const { lines, log } = refusals();
  for (let count = 0; count < 1000; count += 1) log.refused(refusal);
  assert.deepEqual(lines, [refusal]);
  log.refused({ ...refusal, reason: 'another' });
  log.refused({ ...refusal, address: '192.0.2.2' });
  assert.equal(lines.length, 3);
  log.close();
  assert.deepEqual(lines.slice(3), [{ ...refusal, repeated: 999 }]);
});

test('counts come at intervals; after a quiet one the next refusal is news', async () => {
  const { lines, log } = refusals(2);
  for (let count = 0; count < 5; count += 1) log.refused(refusal);
  while (lines.length < 2) await pause(1);
  assert.deepEqual(lines, [refusal, { ...refusal, repeated: 4 }]);
  // It is forgotten when a whole interval brought nothing; until then it is counted.
  while (lines.length < 3 || lines.at(-1)?.repeated !== undefined) {
    await pause(10);
    log.refused(refusal);
  }
  assert.deepEqual(lines.at(-1), refusal);
  log.close();
});

test('one address cannot use up all the room, and all of them no more than there is', () => {
  const { lines, log } = refusals();
  for (let count = 0; count < 1000; count += 1) log.refused({ ...refusal, reason: `made up ${count}` });
  assert.equal(lines.length, REFUSALS_OF_ADDRESS + 1);
  assert.equal(lines.at(-1)?.address, 'various');
  for (let count = 0; count < 1000; count += 1) log.refused({ ...refusal, address: `2001:db8::${count}` });
  assert.equal(lines.length, REFUSALS_TOLD);
  log.close();
  assert.equal(lines.length, REFUSALS_TOLD + 1);
  const told = lines.length - 1 + (lines.at(-1)?.repeated ?? 0);
  assert.equal(told, 2000);
});
