// How fast expired clients are looked for: so many in a quarter of a second, however often it is asked.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asciiBytes } from '../wire/bytes.ts';
import { PURGE_CLIENTS, PURGE_GRACE_SECONDS, TICK_MOST_MS } from '../wire/limits.ts';
import { makeOrigin } from '../wire/messages.ts';
import { NewRecord } from '../wire/record.ts';
import { Expiry } from './expiry.ts';
import { Table } from './table.ts';

const AFTER_SECONDS = 100;

/** A table of clients that all reported at 0. */
function tableOf(clients: number): Table {
  const table = new Table(1, { first: 1, second: 2, check: 3 });
  const record = new NewRecord();
  record.origin = makeOrigin('Barn', 1);
  for (let number = 0; number < clients; number += 1) {
    const client = `client-${number}`;
    record.text = asciiBytes(`${client} +1+1 0`);
    record.textLength = record.text.length;
    record.clientLength = client.length;
    record.locationLength = 4;
    record.sequence = number + 1;
    table.add(record);
  }
  return table;
}

test('clients are looked at in proportion to the time that has passed, and none twice as often for frequent ticks', () => {
  const clients = 4 * PURGE_CLIENTS;
  const table = tableOf(clients);
  const expiry = new Expiry(AFTER_SECONDS);
  const now = { seconds: AFTER_SECONDS + PURGE_GRACE_SECONDS, nanoseconds: 0 };
  let removed = 0;
  const purge = (nowMs: number): number => {
    const before = removed;
    expiry.purge(table, now, nowMs, () => {
      removed += 1;
    });
    assert.equal(table.size, clients - removed);
    return removed - before;
  };
  assert.equal(purge(0), PURGE_CLIENTS);
  assert.equal(purge(0), 0);
  assert.equal(purge(TICK_MOST_MS / 10), PURGE_CLIENTS / 10);
  assert.equal(purge(TICK_MOST_MS / 10 + 0.001), 1);
  // A pause is not made up for.
  assert.equal(purge(100 * TICK_MOST_MS), PURGE_CLIENTS);
});

test('who is not hidden for long enough stays', () => {
  const table = tableOf(10);
  const expiry = new Expiry(AFTER_SECONDS);
  const now = { seconds: AFTER_SECONDS + PURGE_GRACE_SECONDS - 1, nanoseconds: 0 };
  expiry.purge(table, now, 0, () => assert.fail());
  assert.equal(table.size, 10);
});
