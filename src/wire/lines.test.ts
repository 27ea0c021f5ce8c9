import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { LineReader } from './lines.ts';

interface Found {
  readonly text: string;
  readonly tooLong: boolean;
  readonly terminated: boolean;
}

function readAll(reader: LineReader, chunks: readonly Uint8Array[]): Found[] {
  const lines: Found[] = [];
  const take = (): void => {
    const text = Buffer.from(reader.bytes.subarray(reader.start, reader.end)).toString('latin1');
    lines.push({ text, tooLong: reader.tooLong, terminated: reader.terminated });
  };
  for (const chunk of chunks) {
    reader.push(chunk);
    while (reader.next()) take();
  }
  if (reader.finish()) take();
  return lines;
}

/** Cuts bytes at the given places, in any order and with repeats. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return sorted.slice(1).map((place, index) => bytes.subarray(sorted[index], place));
}

const LIMIT = 20;
const EXCERPT = 6;

test('any split of the bytes gives the same lines, and no line is over the limit', () => {
  const someBytes = fc
    .array(fc.oneof(fc.constant(10), fc.nat(255)), { maxLength: 200 })
    .map((list) => Uint8Array.from(list));
  fc.assert(
    fc.property(someBytes, fc.array(fc.nat(1000), { maxLength: 12 }), (bytes, places) => {
      const whole = readAll(new LineReader(LIMIT, EXCERPT), [bytes]);
      assert.deepEqual(readAll(new LineReader(LIMIT, EXCERPT), cut(bytes, places)), whole);
      const text = Buffer.from(bytes).toString('latin1');
      const expected = text.split('\n');
      if (expected[expected.length - 1] === '') expected.pop();
      assert.deepEqual(
        whole.map((line) => line.text),
        expected.map((line) => (line.length > LIMIT ? line.slice(0, EXCERPT) : line)),
      );
      assert.deepEqual(
        whole.map((line) => line.tooLong),
        expected.map((line) => line.length > LIMIT),
      );
    }),
  );
});

test('a line of just the limit is a line, one byte more is too long', () => {
  const bytes = Buffer.from(`${'a'.repeat(LIMIT)}\n${'b'.repeat(LIMIT + 1)}\nc\n`);
  assert.deepEqual(readAll(new LineReader(LIMIT, EXCERPT), [bytes]), [
    { text: 'a'.repeat(LIMIT), tooLong: false, terminated: true },
    { text: 'b'.repeat(EXCERPT), tooLong: true, terminated: true },
    { text: 'c', tooLong: false, terminated: true },
  ]);
});

test('a line that is too long is answered before its end comes, once', () => {
  const reader = new LineReader(LIMIT, EXCERPT);
  reader.push(Buffer.from('x'.repeat(LIMIT + 1)));
  assert.ok(reader.next());
  assert.ok(reader.tooLong);
  for (let index = 0; index < 3; index += 1) {
    reader.push(Buffer.from('x'.repeat(100)));
    assert.ok(!reader.next());
  }
  reader.push(Buffer.from('x\nnext\n'));
  assert.ok(reader.next());
  assert.equal(Buffer.from(reader.bytes.subarray(reader.start, reader.end)).toString(), 'next');
});

test('only the last line of a stream can lack its end', () => {
  const lines = readAll(new LineReader(LIMIT, EXCERPT), [Buffer.from('one\ntw'), Buffer.from('o')]);
  assert.deepEqual(
    lines.map((line) => line.terminated),
    [true, false],
  );
});
