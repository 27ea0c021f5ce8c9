import assert from 'node:assert/strict';
import test from 'node:test';
import { asciiBytes, asciiText, ByteReader, ByteWriter, MalformedFrame } from './bytes.ts';
import { makeOrigin } from './messages.ts';
import { NewRecord, readRecord, type StoredRecord, writeRecord } from './record.ts';

const ORIGIN = makeOrigin('Goloman', 1);

/** A record with parts of these lengths, in the middle of a longer text. */
function recordOf(clientLength: number, locationLength: number, stampLength: number): StoredRecord {
  const client = 'c'.repeat(clientLength);
  const location = `+34.${'0'.repeat(locationLength - 8)}-118`;
  const stamp = `15.${'0'.repeat(stampLength - 3)}`;
  const text = `${client} ${location} ${stamp}`;
  const time = { seconds: 15, nanoseconds: 0 };
  const textLength = text.length;
  return {
    origin: ORIGIN,
    sequence: 1,
    received: { seconds: 16, nanoseconds: 999_999_999 },
    order: time,
    stamp: time,
    text: asciiBytes(`AT ${text}\n`),
    textStart: 3,
    textLength,
    clientLength,
    locationLength,
    forgotten: false,
  };
}

test('a record is its numbers and three fields, however long each is', () => {
  const lengths = [9, 127, 128, 20_000];
  for (const client of lengths) {
    for (const location of lengths) {
      for (const stamp of lengths) {
        const record = recordOf(client, location, stamp);
        const out = new ByteWriter(1);
        writeRecord(out, record, 0);
        const expected = new ByteWriter();
        for (const number of [0, 1, 32, 999_999_999, 1]) expected.varint(number);
        for (const part of asciiText(record.text, 3, 3 + record.textLength).split(' '))
          expected.field(asciiBytes(part));
        const bytes = out.take();
        assert.deepEqual(bytes, expected.take());
        const read = new NewRecord();
        readRecord(new ByteReader(bytes), [ORIGIN], read);
        assert.deepEqual(
          [read.clientLength, read.locationLength, read.textLength],
          [client, location, record.textLength],
        );
      }
    }
  }
});

test('an ID may have any bytes but the six of white space, at any place, and has at least one', () => {
  const reads = (client: readonly number[]): boolean => {
    const out = new ByteWriter();
    for (const number of [0, 1, 32, 999_999_999, 1]) out.varint(number);
    for (const part of [Uint8Array.from(client), asciiBytes('+34-118'), asciiBytes('15')]) out.field(part);
    try {
      readRecord(new ByteReader(out.take()), [ORIGIN], new NewRecord());
      return true;
    } catch (error) {
      assert.ok(error instanceof MalformedFrame);
      return false;
    }
  };
  assert.ok(!reads([]));
  for (let length = 1; length <= 9; length += 1) {
    for (let place = 0; place < length; place += 1) {
      for (let byte = 0; byte < 256; byte += 1) {
        const client = new Array<number>(length).fill(0x63);
        client[place] = byte;
        assert.equal(reads(client), ![0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20].includes(byte), client.join());
      }
    }
  }
});

test('a varint is seven bits a byte, least significant first, up to the largest number', () => {
  for (let exponent = 0; exponent <= 53; exponent += 1) {
    for (const value of [2 ** exponent - 1, 2 ** exponent, 2 ** exponent + 1]) {
      if (value > Number.MAX_SAFE_INTEGER) continue;
      const out = new ByteWriter(1);
      out.varint(value);
      const digits: number[] = [];
      for (let rest = BigInt(value); ; rest >>= 7n) {
        digits.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
        if (rest <= 0x7fn) break;
      }
      assert.deepEqual([...out.bytes.subarray(0, out.length)], digits, String(value));
      assert.equal(new ByteReader(out.take()).varint(), value);
    }
  }
});
