import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { BudgetSpent, Ledger } from './budget.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'drover-ledger-'));
after(() => rmSync(directory, { recursive: true }));

let now = new Date('2026-11-21T10:00:00Z');
const faults: string[] = [];
function ledger(name?: string): Ledger {
  faults.length = 0;
  const file = name === undefined ? {} : { file: path.join(directory, name) };
  return new Ledger({ ...file, now: () => now, onFault: (message) => faults.push(message) });
}
function spend(one: Ledger, times: number, perDay: number): void {
  for (let time = 0; time < times; time += 1) one.spend('google', perDay);
}

test('so many a day for each provider, and anew the next day', () => {
  const one = ledger();
  spend(one, 3, 3);
  assert.throws(() => one.spend('google', 3), BudgetSpent);
  one.spend('overpass', 3);
  assert.deepEqual([one.spentToday('google'), one.spentToday('overpass'), one.spentToday('x')], [3, 1, 0]);
  now = new Date('2026-11-22T00:00:00Z');
  assert.equal(one.spentToday('google'), 0);
  spend(one, 3, 3);
});

test('outlives the process: exactly when it was closed', () => {
  const one = ledger('closed.json');
  spend(one, 7, 1000);
  one.close();
  assert.equal(ledger('closed.json').spentToday('google'), 7);
  now = new Date(now.getTime() + 86_400_000);
  assert.equal(ledger('closed.json').spentToday('google'), 0);
});

test('and never too little when it was killed', () => {
  for (const [perDay, times] of [
    [10, 7],
    [1000, 11],
    [1000, 20],
    [250, 249],
  ] as const) {
    spend(ledger(`killed-${perDay}-${times}.json`), times, perDay);
    const spent = ledger(`killed-${perDay}-${times}.json`).spentToday('google');
    assert.ok(spent >= times && spent < times + Math.max(1, perDay / 100) && spent <= perDay, `${spent} of ${times}`);
  }
});

test('the disk sees a hundred writes a day, not one for each request', () => {
  const file = path.join(directory, 'few.json');
  const one = ledger('few.json');
  let writes = 0;
  let seen = '';
  for (let time = 0; time < 10_000; time += 1) {
    one.spend('google', 10_000);
    const text = readFileSync(file, 'utf8');
    if (text !== seen) writes += 1;
    seen = text;
  }
  assert.equal(writes, 100);
});

test('a file that cannot be used is said, and the count goes on', () => {
  for (const text of ['', 'null', '[]', '{"day":7}', '{"day":"2026-11-22","spent":null}']) {
    writeFileSync(path.join(directory, 'bad.json'), text);
    const one = ledger('bad.json');
    spend(one, 2, 3);
    assert.equal(one.spentToday('google'), 2, text);
  }
  writeFileSync(
    path.join(directory, 'odd.json'),
    `{"day":"${now.toISOString().slice(0, 10)}","spent":{"google":"9","x":-1}}`,
  );
  assert.equal(ledger('odd.json').spentToday('google'), 0);
  const lost = ledger('no/such/directory.json');
  spend(lost, 2, 3);
  assert.equal(faults.length, 2);
  assert.match(faults[0] ?? '', /cannot be written down/);
});
