import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { ByteReader, ByteWriter, MalformedFrame } from './bytes.ts';
import { beginFrame, endFrame, FRAME_TYPES, type FrameName, FrameReader } from './frame.ts';
import { FRAME_PAYLOAD_BYTES } from './limits.ts';
import { type Hello, makeOrigin, readHello, readOrigins, writeHello, writeOrigins } from './messages.ts';
import {
  copyRecord,
  locationBytes,
  NewRecord,
  positionOf,
  readRecord,
  type StoredRecord,
  writeRecord,
} from './record.ts';
import { readVector, type VectorEntry, writeVector } from './vector.ts';

const anyFrame = fc
  .tuple(fc.constantFrom(...(Object.keys(FRAME_TYPES) as FrameName[])), fc.uint8Array({ maxLength: 50 }))
  .map(([name, payload]) => ({ name, payload }));

function framed(frames: readonly { name: FrameName; payload: Uint8Array; tag: Uint8Array }[]): Uint8Array {
  const out = new ByteWriter();
  for (const { name, payload, tag } of frames) {
    const begin = beginFrame(out, name);
    out.copy(payload);
    endFrame(out, begin);
    out.copy(tag);
  }
  return out.take();
}

test('frames come out as they went in, with their codes, however the bytes are split', () => {
  const places = fc.array(fc.nat(500), { maxLength: 20 });
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 8 }), fc.nat(3), places, (untagged, tagBytes, places) => {
      const frames = untagged.map((frame, index) => ({ ...frame, tag: new Uint8Array(tagBytes).fill(index) }));
      const bytes = framed(frames);
      const reader = new FrameReader(FRAME_PAYLOAD_BYTES);
      reader.tagBytes = tagBytes;
      const found: typeof frames = [];
      const cuts = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
      for (let index = 1; index < cuts.length; index += 1) {
        // The next chunk is read into the same memory.
        const chunk = bytes.slice(cuts[index - 1], cuts[index]);
        reader.push(chunk);
        while (reader.next())
          found.push({ name: reader.name, payload: reader.payload.slice(), tag: reader.tag.slice() });
        chunk.fill(0xff);
      }
      assert.deepEqual(found, frames);
    }),
  );
});

test('a header is refused before its payload comes: version, type, length', () => {
  const refusal = (header: number[]): string => {
    const reader = new FrameReader(1000);
    reader.push(Uint8Array.from(header));
    try {
      reader.next();
    } catch (error) {
      assert.ok(error instanceof MalformedFrame);
      return error.message;
    }
    return 'accepted';
  };
  assert.match(refusal([2, 1, 0, 0, 0, 0]), /version 2/);
  assert.match(refusal([0, 1, 0, 0, 0, 0]), /version 0/);
  assert.match(refusal([1, 99, 0, 0, 0, 0]), /type 99/);
  assert.match(refusal([1, 6, 0, 0, 3, 0xe9]), /1001 bytes, at most 1000/);
  assert.match(refusal([1, 6, 0xff, 0xff, 0xff, 0xff]), /4294967295 bytes/);
  assert.equal(refusal([1, 6, 0, 0, 3, 0xe8]), 'accepted');
});

test('numbers survive the trip, to the largest that a double holds exactly', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.integer({ min: -(2 ** 51), max: 2 ** 51 }), (natural, signed) => {
      const out = new ByteWriter(1);
      out.varint(natural);
      out.signedVarint(signed);
      const reader = new ByteReader(out.take());
      assert.equal(reader.varint(), natural);
      assert.equal(reader.signedVarint(), signed);
      assert.equal(reader.remaining, 0);
    }),
  );
});

const text = (pattern: RegExp) => fc.stringMatching(pattern);
const anyRecord: fc.Arbitrary<StoredRecord> = fc
  .record({
    sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    client: fc
      .uint8Array({ minLength: 1, maxLength: 30 })
      .map((bytes) => bytes.map((byte) => (byte <= 0x20 ? 0x41 : byte))),
    location: text(/^[+-][0-8]?\d(\.\d{1,6})?[+-]1?[0-7]\d(\.\d{1,9})?$/),
    seconds: fc.integer({ min: -9_000_000_000, max: 9_000_000_000 }),
    fraction: text(/^\d{9}$/),
    receivedSeconds: fc.integer({ min: -9_000_000_000, max: 9_000_000_000 }),
    clamped: fc.boolean(),
    forgotten: fc.boolean(),
  })
  .map((parts) => {
    const client = Buffer.from(parts.client);
    const stampText = `${parts.seconds}.${parts.fraction}`;
    const negative = stampText.startsWith('-') && Number(parts.fraction) > 0;
    const nanoseconds = Number(parts.fraction);
    const stamp = negative
      ? { seconds: parts.seconds - 1, nanoseconds: 1e9 - nanoseconds }
      : { seconds: parts.seconds, nanoseconds };
    return {
      origin: makeOrigin('Hands', 17),
      sequence: parts.sequence,
      received: { seconds: parts.receivedSeconds, nanoseconds: 5 },
      order: parts.clamped ? { seconds: stamp.seconds - 4, nanoseconds: 1 } : stamp,
      stamp,
      text: Buffer.concat([client, Buffer.from(` ${parts.location} ${stampText}`)]),
      textStart: 0,
      textLength: client.length + parts.location.length + stampText.length + 2,
      clientLength: client.length,
      locationLength: parts.location.length,
      forgotten: parts.forgotten,
    };
  });

test('a record comes out of a frame as it went in, bytes and nanoseconds', () => {
  fc.assert(
    fc.property(anyRecord, (record) => {
      const out = new ByteWriter();
      writeRecord(out, record, 0);
      const read = new NewRecord();
      readRecord(new ByteReader(out.take()), [record.origin], read);
      assert.deepEqual(copyRecord(read), { ...record, text: new Uint8Array(record.text) });
      const { latitude, longitude } = positionOf(record);
      const location = Buffer.from(locationBytes(record)).toString();
      const middle = Math.max(location.lastIndexOf('+'), location.lastIndexOf('-'));
      assert.deepEqual([latitude, longitude], [Number(location.slice(0, middle)), Number(location.slice(middle))]);
    }),
  );
});

test('whatever bytes come, a reader takes them or throws MalformedFrame, and nothing else', () => {
  const readers = [
    readHello,
    readOrigins,
    (reader: ByteReader) => readRecord(reader, [makeOrigin('Hands', 1)], new NewRecord()),
  ];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), fc.constantFrom(...readers), (bytes, read) => {
      try {
        read(new ByteReader(bytes));
      } catch (error) {
        assert.ok(error instanceof MalformedFrame, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

test('a record with one byte damaged is refused or still a possible record', () => {
  fc.assert(
    fc.property(anyRecord, fc.nat(), fc.integer({ min: 1, max: 255 }), (record, place, flip) => {
      const out = new ByteWriter();
      writeRecord(out, record, 0);
      const bytes = out.take();
      bytes[place % bytes.length] = (bytes[place % bytes.length] as number) ^ flip;
      try {
        const read = new NewRecord();
        readRecord(new ByteReader(bytes), [record.origin], read);
        const { latitude, longitude } = positionOf(read);
        assert.ok(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180);
      } catch (error) {
        assert.ok(error instanceof MalformedFrame, String(error));
      }
    }),
  );
});

test('a hello survives the trip, and a later version may add to it', () => {
  const hello: Hello = {
    oldestVersion: 1,
    newestVersion: 3,
    purpose: 'link',
    nonce: new Uint8Array(32),
    herd: 'ucla',
    from: 'Hands',
    to: 'Wilkes',
    epoch: 1.7e12,
  };
  const out = new ByteWriter();
  writeHello(out, hello);
  out.ascii('more');
  assert.deepEqual(readHello(new ByteReader(out.take())), hello);
});

test('lists of origins survive the trip and cannot claim more than their bytes', () => {
  const out = new ByteWriter();
  writeOrigins(out, [makeOrigin('Hands', 5), makeOrigin('Wilkes', 2 ** 52)]);
  assert.deepEqual(readOrigins(new ByteReader(out.take())), [
    { name: 'Hands', epoch: 5 },
    { name: 'Wilkes', epoch: 2 ** 52 },
  ]);
  const claim = new ByteWriter();
  claim.varint(1e9);
  assert.throws(() => readOrigins(new ByteReader(claim.take())), MalformedFrame);
});

test('a vector survives the trip, and one that is too large for a frame says as much as fits', () => {
  const entry = (index: number, ranges: number): VectorEntry => ({
    name: `server${index}`,
    epoch: 1.7e12 + index,
    height: index,
    above: Array.from({ length: 2 * ranges }, (_, at) => index + 2 + at * 1000),
  });
  const trip = (entries: readonly VectorEntry[]): VectorEntry[] => {
    const out = new ByteWriter();
    writeVector(out, entries);
    assert.ok(out.length <= FRAME_PAYLOAD_BYTES, `${out.length} bytes`);
    return readVector(new ByteReader(out.take()));
  };
  const small = [entry(0, 0), entry(1, 3)];
  assert.deepEqual(trip(small), small);
  const large = Array.from({ length: 500 }, (_, index) => entry(index, 1500));
  const read = trip(large);
  assert.ok(read.length > 10 && read.length < large.length);
  for (const [index, { above }] of read.entries()) assert.deepEqual(above, large[index]?.above.slice(0, 2000));
});
