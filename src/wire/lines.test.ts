import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Kernel } from './kernel.ts';
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
  const stream = fc.record({ bytes: lines, places: fc.array(fc.nat(1000), { maxLength: 6 }) });
  const streams = fc.array(stream, { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(streams, fc.array(fc.nat(5)), (connections, gaps) => {
      const ahead = new ReportsAhead(new Kernel());
      const readers = connections.map(() => new LineReader(LIMIT, EXCERPT));
      const found: string[][] = connections.map(() => []);
      const chunks = connections.map(({ bytes, places }) => cut(bytes, places));
      const keep = (which: number): void => {
        const reader = readers[which] as LineReader;
        found[which]?.push(Buffer.from(reader.bytes.subarray(reader.start, reader.end)).toString());
      };
      let served = 0;
      for (let turn = 0; chunks.some((mine) => turn < mine.length); turn += 1) {
        // Chunks of several connections stand one after the other, and whoever is served finds what was read ahead before.
        const pieces = chunks.map((mine) => mine[turn] ?? Buffer.alloc(0));
        const bytes = Buffer.concat(pieces);
        let start = 0;
        ahead.drop();
        for (const [which, piece] of pieces.entries()) {
          const reader = readers[which] as LineReader;
          reader.push(bytes, start, start + piece.length);
          start += piece.length;
          for (;;) {
            // Now and then another connection takes over.
            if (gaps[served % gaps.length] === 0) ahead.drop();
            if (gaps[served % gaps.length] === 1) reader.keepUnread();
            let isFound = reader.nextAhead(ahead) !== undefined;
            if (!isFound) {
              reader.readAhead(ahead);
              isFound = reader.nextAhead(ahead) !== undefined || reader.next();
            }
            if (!isFound) break;
            keep(which);
            served += 1;
          }
        }
      }
      for (const [which, reader] of readers.entries()) {
        if (reader.finish()) keep(which);
        const plainly = readAll(new LineReader(LIMIT, EXCERPT), [connections[which]?.bytes ?? Buffer.alloc(0)]);
        assert.deepEqual(
          found[which],
          plainly.map(({ text }) => text),
        );
      }
    }),
  );
});

test("what was read ahead is nobody else's, and no line of whoever is within another", () => {
  const text = (reader: LineReader): string => Buffer.from(reader.bytes.subarray(reader.start, reader.end)).toString();
  const bytes = Buffer.from('IAMAT a +1+1 1\nIAMAT a +1+1 2\nIAMAT b +1+1 3\nIAMAT c +1+1 4\n');
  const [first, second, third] = [new LineReader(100, 10), new LineReader(100, 10), new LineReader(100, 10)];
  const ahead = new ReportsAhead(new Kernel());
  third.push(Buffer.from('half'));
  assert.ok(!third.next());
  first.push(bytes, 0, 30);
  second.push(bytes, 30, 45);
  third.push(bytes, 45, 60);
  first.readAhead(ahead);
  assert.ok(first.nextAhead(ahead));
  // The first gives up before its second line.
  assert.equal(second.nextAhead(ahead), undefined);
  second.readAhead(ahead);
  assert.ok(second.nextAhead(ahead));
  assert.equal(text(second), 'IAMAT b +1+1 3');
  assert.equal(second.nextAhead(ahead), undefined);
  assert.equal(third.nextAhead(ahead), undefined);
  assert.ok(third.next());
  assert.equal(text(third), 'halfIAMAT c +1+1 4');
});
