// Counting replies: the same number however they are cut into chunks and whatever their lengths.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ReplyCounter } from './reply-counter.ts';

/** Feeds `text` in chunks of these lengths, again and again, out of a buffer that holds old bytes behind each. */
function countIn(counter: ReplyCounter, text: string, lengths: readonly number[]): number {
  const buffer = Buffer.alloc(4096, '\n');
  const bytes = Buffer.from(text);
  let found = 0;
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const length = Math.min(lengths[turn % lengths.length] ?? 1, bytes.length - at);
    bytes.copy(buffer, 0, at, at + length);
    found += counter.count(buffer, length);
    at += length;
  }
  return found;
}

const chunks = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 8 });
const words = fc.array(fc.stringMatching(/^[ -~]{0,40}$/), { minLength: 1, maxLength: 60 });

test('lines, when no two are together as short as one', () => {
  fc.assert(
    fc.property(words, chunks, (lines, lengths) => {
      const text = lines.map((line) => `A${'.'.repeat(40)}${line}\n`).join('');
      assert.equal(countIn(new ReplyCounter('line', 'A'), text, lengths), lines.length);
    }),
  );
});

test('answers that end with an empty line', () => {
  fc.assert(
    fc.property(fc.array(words, { minLength: 1, maxLength: 10 }), chunks, (answers, lengths) => {
      const text = answers.map((lines) => `A\n${lines.map((line) => `"${line}\n`).join('')}\n`).join('');
      assert.equal(countIn(new ReplyCounter('emptyLine', 'A'), text, lengths), answers.length);
    }),
  );
});

test('an answer that is none is shown', () => {
  const counter = new ReplyCounter('line', 'A');
  const bytes = Buffer.from('AT Bench\n? IAMAT\n');
  assert.equal(counter.count(bytes.subarray(0, 9), 9), 1);
  assert.throws(() => counter.count(bytes.subarray(9), 8), {
    name: 'WrongReply',
    message: 'the server answered "? IAMAT\\n"',
  });
});
