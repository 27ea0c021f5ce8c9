// The kernel's way through the table beside the other: whatever was read ahead ends as what was taken in one at a time.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import fc from 'fast-check';
import { asciiBytes, asciiText, ByteReader, ByteWriter } from '../wire/bytes.ts';
import { Kernel, SLOT } from '../wire/kernel.ts';
import { LINE_BYTES, REPORTS_AHEAD } from '../wire/limits.ts';
import { makeOrigin } from '../wire/messages.ts';
import { copyRecord, NewRecord, RecordView, readRecord, type StoredRecord, writeRecord } from '../wire/record.ts';
import { RecordsAhead } from '../wire/records-ahead.ts';
import { ReportsAhead } from '../wire/reports-ahead.ts';
import { hashId } from './id-hash.ts';
import { CLIENT_LENGTH, HASH, NEXT, ROW_TEXT, ROW_TEXT_BYTES, ROW_WORDS, TEXT_LENGTH } from './row.ts';
import { NO_SLOT, Table } from './table.ts';

const ORIGINS = [makeOrigin('Hands', 1), makeOrigin('Hands', 2), makeOrigin('Welsh', 1)];
const KEYS = { first: 11, second: -22, check: 33 };

interface Told {
  readonly client: string;
  readonly origin: number;
  readonly sequence: number;
  readonly location: string;
  readonly stamp: string;
  readonly order: 'stamp' | 'a second before' | 'in the same second';
}

// Few clients, of all lengths that make a difference: to the hash, to the words that are compared, to the room in a row.
const CLIENTS = [
  'a',
  'b',
  'cc',
  'kiwi',
  'kiwi2',
  'van-0007',
  'van-0007x',
  'v'.repeat(20),
  // With the second location and the third stamp, just within a row, and just not.
  'w'.repeat(21),
  'y'.repeat(22),
  'x'.repeat(60),
];
const LOCATIONS = ['+1-2', '+34.068930-118.445127', '-89.9999999999+179.9999999999', '+00.00+00.00'];
const told: fc.Arbitrary<Told> = fc.record({
  client: fc.constantFrom(...CLIENTS, ...CLIENTS.slice(0, 8)),
  origin: fc.constantFrom(0, 0, 0, 0, 1, 2),
  sequence: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 1, max: 5000 }) },
    fc.constantFrom(2 ** 31, 2 ** 32 + 7, 2 ** 53 - 1),
  ),
  location: fc.constantFrom(...LOCATIONS),
  stamp: fc.constantFrom('1700000000', '1700000000.5', '1700000000.123456789', '9.000000001', '0'),
  order: fc.constantFrom('stamp' as const, 'stamp' as const, 'a second before' as const, 'in the same second' as const),
});
/** Records that come together, then somebody who is removed, if that client is there. */
const turns = fc.array(
  fc.tuple(fc.array(told, { minLength: 1, maxLength: REPORTS_AHEAD + 8 }), fc.constantFrom('', '', ...CLIENTS)),
  { minLength: 1, maxLength: 8 },
);

function recordOf({ client, origin, sequence, location, stamp, order }: Told): StoredRecord {
  const text = Buffer.from(`${client} ${location} ${stamp}`);
  const [seconds, decimals = ''] = stamp.split('.') as [string, string?];
  const at = { seconds: Number(seconds), nanoseconds: Number(decimals.padEnd(9, '0')) };
  return {
    origin: ORIGINS[origin] as (typeof ORIGINS)[0],
    sequence,
    received: { seconds: 1_700_000_001 + (sequence % 7), nanoseconds: sequence % 1_000_000_000 },
    order:
      order === 'stamp'
        ? at
        : { seconds: Math.max(0, at.seconds - (order === 'a second before' ? 1 : 0)), nanoseconds: 0 },
    stamp: at,
    text,
    textStart: 0,
    textLength: text.length,
    clientLength: client.length,
    locationLength: location.length,
    forgotten: false,
  };
}

function take(table: Table, bytes: Uint8Array, record: NewRecord): void {
  const slot = table.findExpected(bytes, record);
  if (slot === NO_SLOT || table.compareOrder(record.order, slot) >= 0) table.put(slot, record);
}

function contents(table: Table): string[] {
  const view = new RecordView();
  const shown: string[] = [];
  for (let slot = 0; slot < table.slots; slot += 1) {
    if (!table.isUsed(slot)) continue;
    table.read(slot, view);
    // Of the text, the bytes that lie there: what is between its parts, too.
    const { text: _, origin, ...numbers } = copyRecord(view);
    const text = asciiText(view.text, view.textStart, view.textStart + view.textLength);
    shown.push(`${slot} ${text} ${origin.name} ${origin.epoch} ${JSON.stringify(numbers)}`);
  }
  return shown;
}

// All there may be, room for the buckets alone, and none.
for (const pages of [65_536, 4, 2]) {
  test(`records that are read ahead end as those that are read one by one, with ${pages} pages of memory`, () => {
    let ahead = 0;
    fc.assert(
      fc.property(turns, fc.integer(), fc.nat(9), (all, seed, before) => {
        const [together, singly] = [new Table(seed, KEYS, new Kernel(pages)), new Table(seed, KEYS, new Kernel(pages))];
        const reading = new RecordsAhead(together.kernel);
        const one = new NewRecord();
        for (const [records, removed] of all) {
          const out = new ByteWriter();
          out.copy(new Uint8Array(before));
          for (const record of records) writeRecord(out, recordOf(record), record.origin);
          const bytes = out.take();
          const reader = new ByteReader(bytes, before);
          for (let left = records.length; left > 0; left -= reading.count) {
            reading.read(reader, ORIGINS, left);
            together.expect(reading);
            for (const record of reading.sought.slice(0, reading.count)) {
              if (record.expectedAt !== NO_SLOT) ahead += 1;
              take(together, bytes, record);
            }
          }
          const alone = new ByteReader(bytes, before);
          for (const _ of records) {
            readRecord(alone, ORIGINS, one);
            take(singly, bytes, one);
          }
          const id = Buffer.from(removed);
          for (const table of [together, singly]) {
            const slot = table.find(id, 0, id.length);
            if (slot !== NO_SLOT) table.remove(slot);
          }
          assert.deepEqual(contents(together), contents(singly));
          assert.deepEqual(together.kernel.lanes, singly.kernel.lanes);
          assert.equal(together.stored, singly.stored);
        }
      }),
      { numRuns: 400 },
    );
    assert.equal(ahead > 1000, pages > 4, `${ahead} were found by the kernel`);
  });
}

test('where memory for the kernel ends in the middle, those beyond are found the other way', () => {
  // Room for the first segment of rows, of 8,192 clients.
  const table = new Table(3, KEYS, new Kernel(22));
  const ids = Array.from({ length: 20_000 }, (_, index) => `client-${index}`);
  for (const [index, client] of ids.entries()) {
    table.add(recordOf({ client, origin: 0, sequence: index + 1, location: '+1-2', stamp: '5', order: 'stamp' }));
  }
  const bytes = Buffer.from(ids.map((client) => `IAMAT ${client} +1-2 9\n`).join(''));
  const ahead = new ReportsAhead(table.kernel);
  let expected = 0;
  let found = 0;
  for (let start = 0; start < bytes.length; ) {
    ahead.read(bytes, start, LINE_BYTES);
    table.expect(ahead);
    for (let next = ahead.next(bytes, start, bytes.length); next; next = ahead.next(bytes, start, bytes.length)) {
      if (next.expectedAt !== NO_SLOT) expected += 1;
      assert.equal(table.sequenceOf(table.findExpected(bytes, next)), found + 1);
      found += 1;
      start = next.stampEnd + 1;
    }
  }
  assert.equal(found, ids.length);
  assert.ok(expected > 4000 && expected <= 8192, `${expected} were found by the kernel`);
});

test('a text that no longer has room in its row, then has it again, gives back what it took', () => {
  const table = new Table(3, KEYS);
  const reading = new RecordsAhead(table.kernel);
  const client = 'y'.repeat(22);
  const told = { client, origin: 0, sequence: 1, stamp: '1700000000.123456789', order: 'stamp' } as const;
  const out = new ByteWriter();
  for (let index = 0; index < REPORTS_AHEAD; index += 1) {
    const text = recordOf({ ...told, location: LOCATIONS[index % 2] as string });
    assert.equal(text.textLength > ROW_TEXT_BYTES, index % 2 === 1);
    writeRecord(out, text, 0);
  }
  const bytes = out.take();
  // Each piece of 72 bytes: were they not given back, they would not fit in the first mebibyte.
  for (let round = 0; round < 1000; round += 1) {
    reading.read(new ByteReader(bytes), ORIGINS, REPORTS_AHEAD);
    assert.equal(reading.count, REPORTS_AHEAD);
    table.expect(reading);
    for (const record of reading.sought) take(table, bytes, record);
  }
  assert.equal(table.texts.bytes, 2 ** 20);
});

test('a row in which the kernel sees the hash of an ID is its client only if the ID stands there', () => {
  const kernel = new Kernel();
  kernel.begin(0, 0, 0);
  const [buckets, rows] = [kernel.bucketSegment(0, 65_536), kernel.rowSegment(0, 1024)];
  new Int32Array(buckets.buffer, buckets.start, 1).fill(1);
  const words = new Int32Array(rows.buffer, rows.start, ROW_WORDS);
  const cases: [string, string, number, string][] = [
    ['ant', 'ant', 0, 'itself, whatever stands behind it'],
    ['van-0007', 'van-0007', 0, 'as long as a word'],
    ['van-0007x', 'van-0007x', 0, 'and longer'],
    ['ant', 'bat', -1, 'another'],
    ['ant', 'antelope', -1, 'one that begins so'],
    ['van-0007', 'van-0008', -1, 'another in its last byte'],
    ['van-0007x', 'van-0007y', -1, 'another in its last byte, behind a word'],
    ['van-0007-van-0007', 'van-0008-van-0007', -1, 'another in its first word'],
  ];
  for (const [client, there, slot, what] of cases) {
    const bytes = asciiBytes(`IAMAT ${client} +1-2 5\n`);
    const text = asciiBytes(`${there} -3+4 6`);
    words[HASH] = hashId(new DataView(bytes.buffer), 6, 6 + client.length, 0);
    words[NEXT] = NO_SLOT;
    words[CLIENT_LENGTH] = there.length;
    new Uint8Array(rows.buffer, rows.start + 4 * ROW_TEXT).set(text);
    for (const textLength of [text.length, ROW_TEXT_BYTES, ROW_TEXT_BYTES + 1]) {
      words[TEXT_LENGTH] = textLength;
      assert.equal(kernel.reports(bytes, 0, bytes.length, 1), 1);
      kernel.seek(1, 1, 1);
      assert.equal(kernel.integers[SLOT], textLength > ROW_TEXT_BYTES ? NO_SLOT : slot, what);
    }
  }
});

test('a bucket that does not lie in the memory of the kernel is not taken for what does', () => {
  const kernel = new Kernel();
  kernel.begin(0, 0, 0);
  const rows = kernel.rowSegment(0, 1024);
  const words = new Int32Array(rows.buffer, rows.start, ROW_WORDS);
  // Whatever stands in the window could be the first slot of some bucket.
  const bytes = new Uint8Array(new Int32Array(768).fill(1).buffer);
  for (let number = 100; number < 600; number += 1) {
    const text = asciiBytes(`ant-${number} +1-2 5\n`);
    bytes.set([...asciiBytes('IAMAT '), ...text]);
    words.set([hashId(new DataView(bytes.buffer), 6, 13, 0), NO_SLOT, 0, text.length - 1, 7], HASH);
    new Uint8Array(rows.buffer, rows.start + 4 * ROW_TEXT).set(text);
    assert.equal(kernel.reports(bytes, 0, bytes.length, 1), 1);
    kernel.seek(1, 16_384, 16_383);
    assert.equal(kernel.integers[SLOT], NO_SLOT);
  }
});

test('what lies in segments beyond those of which the kernel knows is left to the other way', () => {
  const kernel = new Kernel();
  kernel.begin(0, 0, 0);
  const bytes = asciiBytes('IAMAT ant +1-2 5\n');
  const hash = hashId(new DataView(bytes.buffer), 6, 9, 0);
  const segment = kernel.bucketSegment(0, 65_536);
  const words = new Int32Array(segment.buffer, segment.start, 16_384);
  const slotOf = (bucketCount: number, mask: number): number | undefined => {
    assert.equal(kernel.reports(bytes, 0, bytes.length, 1), 1);
    kernel.seek(1, bucketCount, mask);
    return kernel.integers[SLOT];
  };
  // Where there is nothing but the first bucket, a row of this client: as if it were the first of a segment too many.
  const row = [2 ** 25 + 1, 0, 0, 0, 0, 0, 0, 0, hash, -1, 0, 10, 3];
  words.set(row);
  new Uint8Array(segment.buffer, segment.start).set(bytes.subarray(6, 16), 64);
  assert.equal(slotOf(1, 1), -1);
  words[0] = 2 ** 31 - 1;
  assert.equal(slotOf(1, 1), -1);
  // And it is in the first segment, but its bucket is in one too many.
  const { buffer, start } = kernel.rowSegment(0, 1024);
  new Uint8Array(buffer, start, 128).set(new Uint8Array(segment.buffer, segment.start, 128));
  kernel.lanes.fill(segment.start);
  words.fill(1);
  assert.equal(slotOf(1, 1), 0);
  assert.ok((hash & (2 ** 26)) !== 0);
  assert.equal(slotOf(2 ** 27, 2 ** 27 - 1), -1);
});

test('where there is no WebAssembly the table is the same', () => {
  const program = `
    import { Table } from '${import.meta.resolve('./table.js')}';
    const table = new Table(1, { first: 1, second: 2, check: 3 });
    const text = new TextEncoder().encode('ant +1-2 5');
    const record = { origin: { name: 'Hands', epoch: 1, hash: 7 }, sequence: 1, received: { seconds: 1, nanoseconds: 2 },
      order: { seconds: 5, nanoseconds: 0 }, stamp: { seconds: 5, nanoseconds: 0 }, text, textStart: 0, textLength: 10, clientLength: 3,
      locationLength: 4, forgotten: false };
    table.add(record);
    table.put(0, { ...record, sequence: 2, scan: table.kernel.scan, row: 0 });
    console.log(typeof WebAssembly, table.find(text, 0, 3), table.sequenceOf(0), table.size, table.texts.startOf(0));
    // Nothing of the kernel's lies over the digest.
    table.kernel.answerWith(text);
    table.kernel.slots.fill(5);
    table.kernel.integers.fill(5);
    table.remove(0);
    console.log(table.kernel.lanes.some((lane) => lane !== 0));
  `;
  const said = execFileSync(process.execPath, ['--jitless', '--input-type=module', '--eval', program], {
    encoding: 'utf8',
  });
  assert.equal(said, 'undefined 0 2 1 64\nfalse\n');
});
