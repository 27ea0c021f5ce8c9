import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { LineReader } from './lines.ts';
import { ReportsAhead } from './reports-ahead.ts';

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

test('reading reports ahead changes no line, wherever it is given up', () => {
  const line = fc.oneof(
    { weight: 6, arbitrary: fc.nat(99_999).map((stamp) => `IAMAT a +1-2 ${stamp}\n`) },
    fc.constantFrom('WHATSAT a 1 1\n', '\n', ` IAMAT b +1+1 1\n`, `IAMAT ${'c'.repeat(LIMIT)} +1+1 1\n`, 'IAMAT d +1'),
  );
  const lines = fc.array(line, { maxLength: 60 }).map((parts) => Buffer.from(parts.join('')));
  fc.assert(
    fc.property(lines, fc.array(fc.nat(1000), { maxLength: 6 }), fc.array(fc.nat(5)), (bytes, places, gaps) => {
      const reader = new LineReader(LIMIT, EXCERPT);
      const ahead = new ReportsAhead();
      const found: string[] = [];
      let served = 0;
      for (const chunk of cut(bytes, places)) {
        reader.push(chunk);
        for (;;) {
          // Now and then another connection takes over.
          if (gaps[served % gaps.length] === 0) ahead.drop();
          if (ahead.isEmpty) reader.readAhead(ahead);
          const report = ahead.next();
          if (report !== undefined) reader.pass(report);
          else if (!reader.next()) break;
          found.push(Buffer.from(reader.bytes.subarray(reader.start, reader.end)).toString());
          served += 1;
        }
      }
      if (reader.finish()) found.push(Buffer.from(reader.bytes.subarray(reader.start, reader.end)).toString());
      const plainly = readAll(new LineReader(LIMIT, EXCERPT), [bytes]);
      assert.deepEqual(
        found,
        plainly.map(({ text }) => text),
      );
    }),
  );
});
