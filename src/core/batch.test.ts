import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asciiBytes, ByteReader, ByteWriter } from '../wire/bytes.ts';
import { HEADER_BYTES, NEWEST_VERSION } from '../wire/frame.ts';
import { makeOrigin, readOrigins } from '../wire/messages.ts';
import { copyRecord, NewRecord, readRecord, type StoredRecord } from '../wire/record.ts';
import { Batch } from './batch.ts';

const ORIGINS = [makeOrigin('Hands', 1), makeOrigin('Welsh', 2)] as const;

/** A record as a client's report makes it; `origin` is one of the two, `padding` makes its text longer. */
function made(sequence: number, origin: 0 | 1, padding = 0): StoredRecord {
  const location = '+34.068930-118.445127';
  const client = `c${sequence}${'x'.repeat(padding)}`;
  const text = asciiBytes(`${client} ${location} 1621464827.959498503`);
  const stamp = { seconds: 1_621_464_827, nanoseconds: 959_498_503 };
  return {
    origin: ORIGINS[origin],
    sequence,
    received: { seconds: 1_621_464_828, nanoseconds: 7 },
    order: stamp,
    stamp,
    text,
    textStart: 0,
    textLength: text.length,
    clientLength: client.length,
    locationLength: location.length,
    forgotten: false,
  };
}

function frameOf(records: readonly StoredRecord[]): Uint8Array {
  const batch = new Batch();
  for (const record of records) batch.add(record);
  return written(batch);
}

function written(batch: Batch): Uint8Array {
  const out = new ByteWriter();
  batch.write(out, NEWEST_VERSION, []);
  return out.take();
}

function readFrame(frame: Uint8Array): { readonly records: NewRecord[]; readonly payload: Uint8Array } {
  const payload = frame.slice(HEADER_BYTES);
  const reader = new ByteReader(payload);
  const origins = readOrigins(reader).map(({ name, epoch }) => makeOrigin(name, epoch));
  const records = Array.from({ length: reader.varint() }, () => {
    const record = new NewRecord();
    readRecord(reader, origins, record);
    return record;
  });
  return { records, payload };
}

const RECORDS: readonly StoredRecord[] = [
  made(1, 0),
  made(2, 0),
  made(3, 1),
  made(4, 0),
  made(5, 0),
  made(6, 0, 200),
  made(7, 0),
  made(8, 1),
  made(9, 1),
];

// Whichever of them go on: a neighbour reads the same records, whether they are copied from a frame or written anew.
for (const [what, goesOn] of [
  ['all', () => true],
  ['all but one in the middle', (sequence: number) => sequence !== 4],
  ['all but the first of an origin', (sequence: number) => sequence > 2],
  ['every second', (sequence: number) => sequence % 2 === 0],
] as const) {
  test(`records that go on are the same bytes as records that are made: ${what}`, () => {
    const { records, payload } = readFrame(frameOf(RECORDS));
    const batch = new Batch();
    for (const record of records) if (goesOn(record.sequence)) batch.add(record);
    const bytes = batch.bytes;
    batch.settle();
    assert.equal(batch.bytes, bytes);
    payload.fill(0xff);
    assert.deepEqual(written(batch), frameOf(RECORDS.filter(({ sequence }) => goesOn(sequence))));
    assert.equal(batch.bytes, 0);
  });
}

test('records of several frames, and made ones between, go on in their order', () => {
  const first = readFrame(frameOf(RECORDS.slice(0, 4)));
  const second = readFrame(frameOf(RECORDS.slice(4)));
  const own = made(10, 1);
  const batch = new Batch();
  for (const record of first.records) batch.add(record);
  batch.add(own);
  for (const record of second.records) batch.add(record);
  const expected = frameOf([...first.records.map(copyRecord), own, ...second.records.map(copyRecord)]);
  assert.deepEqual(written(batch), expected);
});
