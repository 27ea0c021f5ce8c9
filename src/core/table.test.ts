import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { DIGEST_BUCKETS } from '../wire/limits.ts';
import { makeOrigin, type StoredRecord } from '../wire/messages.ts';
import { type Slot, Table } from './table.ts';

const origin = makeOrigin('Hands', 1);
const noTime = { seconds: 0, nanoseconds: 0 };

const KEYS = { first: 1, second: 2, check: 0 };

function recordOf(client: Uint8Array, sequence: number): StoredRecord {
  const times = { received: noTime, order: noTime, stamp: noTime };
  const text = new Uint8Array([...client, 0x20, 0x78]);
  const position = { latitude: 0, longitude: 0 };
  return {
    origin,
    sequence,
    ...times,
    position,
    text,
    clientLength: client.length,
    locationLength: 0,
    forgotten: false,
  };
}

// Few and short IDs, so that they meet; any bytes.
const client = fc.uint8Array({ minLength: 1, maxLength: 2, max: 5 });
const step = fc.tuple(fc.constantFrom('put' as const, 'remove' as const, 'find' as const), client);

test('it behaves as a Map from bytes to records, whatever is added and removed', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer(), (steps, seed) => {
      const table = new Table(seed, KEYS);
      const model = new Map<string, Slot>();
      for (const [index, [what, id]] of steps.entries()) {
        const key = id.join();
        const slot = table.find(id, 0, id.length);
        assert.equal(slot, model.get(key));
        if (what === 'put' && slot === undefined) model.set(key, table.add(recordOf(id, index)));
        else if (what === 'put' && slot !== undefined) table.replace(slot, recordOf(id, index));
        else if (what === 'remove' && slot !== undefined) {
          table.remove(slot);
          model.delete(key);
        }
        assert.equal(table.size, model.size);
      }
      assert.deepEqual(new Set(table.records()), new Set([...model.values()].map((slot) => slot.record)));
      for (let index = 0; index < table.size; index += 1) assert.equal(table.at(index)?.index, index);
    }),
    { numRuns: 500 },
  );
});

test('it grows and shrinks by thousands and finds everybody', () => {
  const table = new Table(7, KEYS);
  const ids = Array.from({ length: 5000 }, (_, index) => Buffer.from(`client-${index}`));
  for (const [index, id] of ids.entries()) table.add(recordOf(id, index));
  for (const [index, id] of ids.entries()) {
    const slot = table.find(id, 0, id.length);
    assert.equal(slot?.record.sequence, index);
    if (slot !== undefined && index % 3 !== 0) table.remove(slot);
  }
  for (const [index, id] of ids.entries()) {
    assert.equal(table.find(id, 0, id.length)?.record.sequence, index % 3 === 0 ? index : undefined);
  }
});

test('tables with the same records have the same digest, whatever was there before; others have not', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer(), (steps, seed) => {
      const table = new Table(seed, KEYS);
      for (const [index, [what, id]] of steps.entries()) {
        const slot = table.find(id, 0, id.length);
        if (slot !== undefined && what === 'remove') table.remove(slot);
        else if (slot !== undefined) table.replace(slot, recordOf(id, index + 1));
        else if (what === 'put') table.add(recordOf(id, index + 1));
      }
      const fresh = new Table(seed + 1, KEYS);
      for (const record of [...table.records()].reverse()) fresh.add(record);
      const parts = table.digest.parts(undefined);
      assert.deepEqual(parts, fresh.digest.parts(undefined));
      const inBuckets = Array.from({ length: DIGEST_BUCKETS }, (_, bucket) => [...table.bucket(bucket)]).flat();
      assert.deepEqual(new Set(inBuckets.map(({ record }) => record)), new Set(table.records()));
      assert.equal(inBuckets.length, table.size);
      assert.equal(table.names(origin), table.size > 0);
      const [slot] = inBuckets;
      if (slot === undefined) return;
      table.replace(slot, { ...slot.record, sequence: 1000 });
      assert.notDeepEqual(table.digest.parts(undefined), parts);
    }),
  );
});
