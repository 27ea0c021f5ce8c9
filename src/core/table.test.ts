import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { Command } from '../wire/command.ts';
import { DIGEST_BUCKETS, LINE_BYTES } from '../wire/limits.ts';
import { makeOrigin } from '../wire/messages.ts';
import { copyRecord, RecordView, type StoredRecord, sameRecord } from '../wire/record.ts';
import { ReportsAhead } from '../wire/reports-ahead.ts';
import { NO_SLOT, type Slot, Table } from './table.ts';

const origins = [makeOrigin('Hands', 1), makeOrigin('Hands', 2), makeOrigin('Welsh', 1)];

/** `long` is how many decimals the stamp has: texts of any length. */
function recordOf(client: Uint8Array, sequence: number, long = 1): StoredRecord {
  const stamp = { seconds: 1_700_000_000 + sequence, nanoseconds: 0 };
  const text = Buffer.concat([client, Buffer.from(` +1-2 ${stamp.seconds}.${'0'.repeat(long)}`)]);
  return {
    origin: origins[sequence % origins.length] as (typeof origins)[0],
    sequence,
    received: { seconds: -(2 ** 34) - sequence, nanoseconds: 999_999_999 },
    order: sequence % 2 === 0 ? stamp : { seconds: sequence, nanoseconds: sequence % 1000 },
    stamp,
    text,
    textStart: 0,
    textLength: text.length,
    clientLength: client.length,
    locationLength: 4,
    forgotten: sequence % 7 === 0,
  };
}

const KEYS = { first: 11, second: 22, check: 33 };

function shownAt(table: Table, slot: Slot): StoredRecord {
  const view = new RecordView();
  table.read(slot, view);
  return copyRecord(view);
}

function used(table: Table): Slot[] {
  return Array.from({ length: table.slots }, (_, slot) => slot).filter((slot) => table.isUsed(slot));
}

// Few and short IDs, so that they meet; any bytes. Texts as long as there is room for in a row, a little longer, and much longer.
const client = fc.uint8Array({ minLength: 1, maxLength: 2, max: 5 });
const step = fc.tuple(
  fc.constantFrom('put' as const, 'put' as const, 'remove' as const, 'find' as const),
  client,
  fc.oneof({ weight: 20, arbitrary: fc.integer({ min: 1, max: 60 }) }, fc.integer({ min: 61, max: 3000 })),
);

test('it behaves as a Map from bytes to records, whatever is added, replaced and removed', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer(), (steps, seed) => {
      const table = new Table(seed, KEYS);
      const model = new Map<string, { slot: Slot; record: StoredRecord }>();
      for (const [index, [what, id, long]] of steps.entries()) {
        const key = id.join();
        const known = model.get(key);
        const slot = table.find(id, 0, id.length);
        assert.equal(slot, known?.slot ?? NO_SLOT);
        const record = recordOf(id, index + 1, long);
        if (what === 'put' && known === undefined) model.set(key, { slot: table.add(record), record });
        else if (what === 'put' && known !== undefined) {
          table.replace(slot, record);
          known.record = record;
        } else if (what === 'remove' && known !== undefined) {
          table.remove(slot);
          model.delete(key);
        }
        assert.equal(table.size, model.size);
      }
      for (const { slot, record } of model.values()) {
        const shown = shownAt(table, slot);
        assert.ok(sameRecord(shown, record));
        assert.deepEqual(shown.stamp, record.stamp);
        assert.equal(table.compareOrder(record.order, slot), 0);
        assert.ok(table.compareOrder({ seconds: record.order.seconds, nanoseconds: 1e9 }, slot) > 0);
        assert.equal(table.originOf(slot), record.origin);
        assert.equal(table.isForgotten(slot), record.forgotten);
      }
      assert.deepEqual(new Set(used(table)), new Set([...model.values()].map(({ slot }) => slot)));
      for (const origin of origins) {
        const records = [...model.values()].filter(({ record }) => record.origin === origin);
        assert.equal(table.names(origin), records.length > 0);
      }
    }),
    { numRuns: 500 },
  );
});

test('it grows and shrinks by thousands, finds everybody, and uses freed space again', () => {
  const table = new Table(7, KEYS);
  const ids = Array.from({ length: 40_000 }, (_, index) => Buffer.from(`client-${index}`));
  for (const [index, id] of ids.entries()) table.add(recordOf(id, index));
  const { slots } = table;
  const bytes = JSON.stringify(table.bytes);
  for (let round = 0; round < 3; round += 1) {
    for (const [index, id] of ids.entries()) {
      const slot = table.find(id, 0, id.length);
      assert.equal(table.sequenceOf(slot), index);
      if (index % 3 !== 0) table.remove(slot);
    }
    for (const [index, id] of ids.entries()) {
      const slot = table.find(id, 0, id.length);
      assert.equal(slot === NO_SLOT, index % 3 !== 0);
      if (slot === NO_SLOT) table.add(recordOf(id, index));
    }
  }
  assert.equal(table.slots, slots);
  assert.equal(JSON.stringify(table.bytes), bytes);
});

test('a text as long as the longest line is kept, and its place is used again', () => {
  const table = new Table(1, KEYS);
  const id = Buffer.from('c');
  const slot = table.add(recordOf(id, 1, 200_000));
  const { texts } = table.bytes;
  for (let round = 0; round < 50; round += 1) {
    for (const long of [5, 512, 513, 60_000, 262_000, 200_000]) {
      const record = recordOf(id, round, long);
      table.replace(slot, record);
      assert.ok(sameRecord(shownAt(table, slot), record));
    }
  }
  assert.ok(table.bytes.texts <= texts + 3 * 2 ** 20);
});

test('tables with the same records have the same digest, whatever was there before; others have not', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer(), (steps, seed) => {
      const table = new Table(seed, KEYS);
      for (const [index, [what, id]] of steps.entries()) {
        const slot = table.find(id, 0, id.length);
        if (slot !== NO_SLOT && what === 'remove') table.remove(slot);
        else if (slot !== NO_SLOT) table.replace(slot, recordOf(id, index + 1));
        else if (what === 'put') table.add(recordOf(id, index + 1));
      }
      const fresh = new Table(seed + 1, KEYS);
      for (const slot of used(table).reverse()) fresh.add(shownAt(table, slot));
      const parts = table.digest.parts(undefined);
      assert.deepEqual(parts, fresh.digest.parts(undefined));
      const inBuckets = Array.from({ length: DIGEST_BUCKETS }, (_, bucket) => [...table.bucket(bucket)]).flat();
      assert.deepEqual(new Set(inBuckets), new Set(used(table)));
      assert.equal(inBuckets.length, table.size);
      const [slot] = inBuckets;
      if (slot === undefined) return;
      table.replace(slot, { ...shownAt(table, slot), sequence: 1000 });
      assert.notDeepEqual(table.digest.parts(undefined), parts);
    }),
  );
});

test('those that were read ahead are found together, and none of what was noted counts once somebody is gone or others are read', () => {
  const table = new Table(5, KEYS);
  const ids = Array.from({ length: 40 }, (_, number) => Buffer.from(`client-${number}`));
  for (const [number, id] of ids.entries()) if (number % 4 > 0) table.add(recordOf(id, number + 1));
  const bytes = Buffer.from(ids.map((id) => `IAMAT ${id} +1+1 1\n`).join(''));
  const ahead = new ReportsAhead(table.kernel);
  let looked = 0;
  for (let start = 0; start < bytes.length; ) {
    ahead.read(bytes, start, LINE_BYTES);
    table.expect(ahead);
    for (;;) {
      const report = ahead.next(bytes, start, bytes.length);
      if (report === undefined) break;
      const slot = table.find(bytes, report.clientStart, report.clientEnd);
      assert.equal(slot === NO_SLOT, looked % 4 === 0);
      assert.equal(report.expectedAt, slot);
      assert.equal(table.findExpected(bytes, report), slot);
      looked += 1;
      start = report.stampEnd + 1;
    }
  }
  assert.equal(looked, ids.length);
  // Who was there is gone, and its slot another's.
  const gone = table.find(ids[1] as Buffer, 0, 8);
  const start = bytes.indexOf('IAMAT client-1 ');
  ahead.read(bytes, start, LINE_BYTES);
  table.expect(ahead);
  const report = ahead.next(bytes, start, bytes.length) as Command;
  assert.equal(report.expectedAt, gone);
  table.remove(gone);
  assert.equal(table.findExpected(bytes, report), NO_SLOT);
  assert.equal(table.add(recordOf(ids[0] as Buffer, 99)), gone);
  assert.equal(table.findExpected(bytes, report), NO_SLOT);
  // Other bytes were scanned since.
  ahead.read(bytes, 0, LINE_BYTES);
  table.expect(ahead);
  const first = ahead.report(0);
  assert.equal(table.findExpected(bytes, first), gone);
  new ReportsAhead(table.kernel).read(bytes, start, LINE_BYTES);
  first.expectedAt = 7;
  assert.equal(table.findExpected(bytes, first), gone);
});
