import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { ByteWriter } from '../wire/bytes.ts';
import { makeOrigin, type Origin } from '../wire/messages.ts';
import { BLOCK_HEAD_BYTES, type EntrySink, EntryWriter, type Kind, PREAMBLE_BYTES } from './entries.ts';
import { type FileEnd, readEntries } from './file-reader.ts';
import { madeRecord } from './made-records.ts';
import { MemoryDirectory } from './memory-directory.ts';

// More on request: DROVER_FUZZ_RUNS=1000000 node scripts/test.mjs dist/src/journal
const numRuns = Number(process.env['DROVER_FUZZ_RUNS'] ?? 2000);

const directory = new MemoryDirectory();

function lies(bytes: Uint8Array): void {
  directory.files.set('wal-3', bytes);
  directory.files.set('snap-3', bytes);
}

interface Read extends FileEnd {
  readonly entries: string[];
}

function read(kind: Kind): Read {
  const entries: string[] = [];
  const sink: EntrySink = {
    origin: (name, epoch): Origin => makeOrigin(name, epoch),
    start: (start) => entries.push(`start ${start.number} ${start.previousNumber} ${start.previousLength}`),
    record: (record) => entries.push(`record ${record.sequence} ${record.textLength}`),
    mark: (origin, height) => entries.push(`mark ${origin.name} ${height}`),
    vector: (entry) => entries.push(`vector ${entry.name} ${entry.height} ${entry.above.length}`),
    end: (records) => entries.push(`end ${records}`),
  };
  return { ...readEntries(directory, kind, 3, sink), entries };
}

/** A log as it is written, in several blocks. */
function someLog(): Uint8Array {
  const writer = new EntryWriter('wal', { number: 3, previousNumber: 2, previousLength: 99 });
  const origin = makeOrigin('Goloman', 1000);
  for (let sequence = 1; sequence <= 12; sequence += 1) {
    writer.record(madeRecord(origin, sequence, `client-${sequence}`, sequence));
    if (sequence % 4 === 0) writer.mark(makeOrigin('Hands', 7), sequence);
    if (sequence % 5 === 0) writer.endBlock();
  }
  writer.vector({ name: 'Hands', epoch: 7, height: 3, above: [5, 6] });
  writer.end(12);
  return writer.out.take();
}

/** Blocks with right checksums around any payloads: what a stranger would write who knows the format. */
function sealed(kind: Kind, payloads: readonly Uint8Array[]): Uint8Array {
  const out = new ByteWriter();
  out.ascii(kind === 'wal' ? 'DROVERWL' : 'DROVERSN');
  out.uint32(1);
  let checksum = crc32(out.bytes.subarray(0, out.length));
  out.uint32(checksum);
  for (const payload of payloads) {
    const start = out.length;
    out.uint32(0);
    out.uint32(payload.length);
    out.copy(payload);
    checksum = crc32(out.bytes.subarray(start + 4, out.length), checksum);
    out.setUint32(start, checksum);
  }
  return out.take();
}

const whole = someLog();
lies(whole);
const expected = read('wal').entries;

test('what was written is read', () => {
  lies(whole);
  const { wholeBytes, sizeBytes, fault } = read('wal');
  assert.deepEqual(
    { wholeBytes, sizeBytes, fault },
    { wholeBytes: whole.length, sizeBytes: whole.length, fault: undefined },
  );
  assert.equal(expected[0], 'start 3 2 99');
  assert.equal(expected.filter((entry) => entry.startsWith('record')).length, 12);
  assert.deepEqual(expected.slice(-2), ['vector Hands 3 2', 'end 12']);
});

test('cut anywhere, a file gives its whole blocks and says where they end', () => {
  for (let length = 0; length < whole.length; length += 1) {
    lies(whole.subarray(0, length));
    const { entries, wholeBytes, fault } = read('wal');
    assert.deepEqual(entries, expected.slice(0, entries.length));
    assert.ok(wholeBytes <= length);
    assert.equal(fault === undefined, wholeBytes === length && length >= PREAMBLE_BYTES, `${length}`);
    lies(whole.subarray(0, wholeBytes));
    assert.deepEqual(read('wal').entries, entries);
  }
});

test('a changed byte anywhere is noticed, and nothing after it is believed', () => {
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (place, change) => {
      const bytes = whole.slice();
      bytes[place] = (bytes[place] ?? 0) ^ change;
      lies(bytes);
      const { entries, wholeBytes, fault } = read('wal');
      assert.ok(fault !== undefined && wholeBytes <= place);
      assert.deepEqual(entries, expected.slice(0, entries.length));
    }),
    { numRuns },
  );
});

test('blocks that are missing, doubled or swapped are noticed', () => {
  const blocks: Uint8Array[] = [];
  for (let at = PREAMBLE_BYTES; at < whole.length; ) {
    const length = BLOCK_HEAD_BYTES + new DataView(whole.buffer).getUint32(at + 4);
    blocks.push(whole.subarray(at, at + length));
    at += length;
  }
  assert.ok(blocks.length >= 4);
  const [first, second, third, ...rest] = blocks as [Uint8Array, Uint8Array, Uint8Array, ...Uint8Array[]];
  for (const others of [
    [first, third, ...rest],
    [first, second, second, third, ...rest],
    [first, third, second, ...rest],
  ]) {
    lies(Buffer.concat([whole.subarray(0, PREAMBLE_BYTES), ...others]));
    assert.equal(read('wal').fault, 'block with a wrong checksum');
  }
});

test('a log is no snapshot', () => {
  lies(whole);
  assert.equal(read('snap').fault, 'not a file of this kind');
});

const anyKind = fc.constantFrom<Kind>('wal', 'snap');
const piece = fc.oneof(
  fc.uint8Array({ maxLength: 80 }),
  // Pieces of real entries, whole and not.
  fc.tuple(fc.nat(whole.length), fc.nat(60)).map(([start, length]) => whole.slice(start, start + length)),
  fc.constantFrom(Uint8Array.of(0, 3, 2, 1), Uint8Array.of(1, 1, 65, 7), Uint8Array.of(3, 0, 9), Uint8Array.of(5, 0)),
);

test('any bytes at all end in a fault, never in an exception', () => {
  fc.assert(
    fc.property(anyKind, fc.array(piece, { maxLength: 10 }), fc.boolean(), (kind, pieces, isBehindPreamble) => {
      const start = isBehindPreamble ? sealed(kind, []) : new Uint8Array();
      lies(Buffer.concat([start, ...pieces]));
      const { wholeBytes, sizeBytes } = read(kind);
      assert.ok(wholeBytes <= sizeBytes);
    }),
    { numRuns },
  );
});

test('nor do blocks that are nonsense under right checksums', () => {
  fc.assert(
    fc.property(
      anyKind,
      fc.array(fc.array(piece, { minLength: 1, maxLength: 6 }), { maxLength: 4 }),
      (kind, blocks) => {
        const payloads = blocks.map((pieces) => Buffer.concat([Uint8Array.of(0, 3, 2, 1), ...pieces]));
        lies(sealed(kind, payloads));
        const { wholeBytes, sizeBytes, fault } = read(kind);
        assert.ok(fault !== undefined || wholeBytes === sizeBytes);
      },
    ),
    { numRuns },
  );
});

test('a block that claims to be huge is not made room for', () => {
  for (const length of [0, 400 * 1024, 0x7fffffff, 0xffffffff]) {
    const bytes = new ByteWriter();
    bytes.copy(sealed('wal', []));
    bytes.uint32(1);
    bytes.uint32(length);
    lies(bytes.take());
    assert.equal(read('wal').fault, `block of ${length} bytes`);
  }
});
