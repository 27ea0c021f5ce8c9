// Counting answers by what they say of their length: the same number however they are cut into chunks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteWriter } from '../wire/bytes.ts';
import { beginFrame, endFrame, type FrameName } from '../wire/frame.ts';
import { FrameCounter, NatsCounter, RedisCounter } from './answer-counters.ts';

const chunks = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 8 });
const texts = fc.array(fc.stringMatching(/^[ -~\r\n]{0,40}$/), { maxLength: 20 });

/** After each byte that ends an answer the sum is right, not only at the end. */
function checkIn(
  counter: FrameCounter | RedisCounter,
  answers: readonly Uint8Array[],
  lengths: readonly number[],
): void {
  const bytes = Buffer.concat(answers);
  const ends = answers.map((_, index) => Buffer.concat(answers.slice(0, index + 1)).length);
  let found = 0;
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const length = Math.min(lengths[turn % lengths.length] ?? 1, bytes.length - at);
    // Old bytes stand behind what was read.
    found += counter.count(Buffer.concat([bytes.subarray(at, at + length), Buffer.from('*1\r\n')]), length);
    at += length;
    assert.equal(found, ends.filter((end) => end <= at).length);
  }
}

function frame(name: FrameName, payload: string): Uint8Array {
  const out = new ByteWriter();
  const begin = beginFrame(out, name);
  out.copy(Buffer.from(payload));
  endFrame(out, begin);
  return out.take();
}

function array(elements: readonly string[]): Buffer {
  return Buffer.from(`*${elements.length}\r\n${elements.join('')}`);
}

function text(characters: string): string {
  return `$${characters.length}\r\n${characters}\r\n`;
}

test('frames, empty ones too', () => {
  fc.assert(
    fc.property(texts, chunks, (payloads, lengths) => {
      checkIn(
        new FrameCounter(),
        payloads.map((payload) => frame('near', payload)),
        lengths,
      );
    }),
  );
});

test("Redis's arrays of clients with their distances, empty ones too", () => {
  fc.assert(
    fc.property(fc.array(texts, { maxLength: 8 }), chunks, (found, lengths) => {
      const answers = found.map((clients) =>
        array(clients.map((client) => array([text(client), text('0.1234')]).toString())),
      );
      checkIn(new RedisCounter(), answers, lengths);
    }),
  );
});

test("NATS's answers, and its questions among them", () => {
  const lines = fc.array(fc.constantFrom('+OK\r\n', 'PING\r\n'), { maxLength: 60 });
  fc.assert(
    fc.property(lines, chunks, (said, lengths) => {
      let pings = 0;
      const counter = new NatsCounter(() => {
        pings += 1;
      });
      const bytes = Buffer.from(said.join(''));
      let found = 0;
      for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
        const length = Math.min(lengths[turn % lengths.length] ?? 1, bytes.length - at);
        found += counter.count(bytes.subarray(at, at + length), length);
        at += length;
      }
      assert.equal(pings, said.filter((line) => line === 'PING\r\n').length);
      assert.equal(found, said.length - pings);
    }),
  );
});

test('a refusal or an error is shown', () => {
  const refusal = Buffer.from(frame('refuse', 'no'));
  assert.throws(() => new FrameCounter().count(refusal, refusal.length), { name: 'WrongReply', message: /no"$/ });
  const error = Buffer.from('-ERR no\r\n');
  assert.throws(() => new RedisCounter().count(error, error.length), { name: 'WrongReply', message: /-ERR no/ });
  const nats = new NatsCounter(() => assert.fail('that was no question'));
  assert.throws(() => nats.count(error, error.length), { name: 'WrongReply', message: /-ERR no/ });
});
