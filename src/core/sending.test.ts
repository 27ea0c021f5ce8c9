import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeOrigin } from '../wire/messages.ts';
import { RecordView } from '../wire/record.ts';
import { type Carrier, Sending } from './sending.ts';
import type { Table } from './table.ts';

/** One more than a JavaScript set can hold. */
const CLIENTS: number = 2 ** 24 + 1;

test('while a neighbour catches up any number of clients may have news, for a few bytes each', () => {
  // As much of a table as `put` looks at: a real one of so many clients takes two gigabytes.
  const table = { slots: CLIENTS } as unknown as Table;
  const carrier: Carrier = { version: 2, write: () => true, forwarded: () => {}, caughtUp: () => {} };
  const sending = new Sending(table, new Map(), carrier);
  const record = new RecordView();
  record.origin = makeOrigin('Goloman', 1);
  record.sequence = 1;
  for (let slot = 0; slot < CLIENTS; slot += 1) sending.put(slot, record, 0, true);
  assert.equal(sending.waiting, CLIENTS);
  assert.ok(sending.bytes < 8 * CLIENTS, `${sending.bytes} bytes`);
});
