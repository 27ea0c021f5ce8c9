// What is asked and answered about who is near, to bytes and back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { asciiBytes, ByteReader, ByteWriter, MalformedFrame } from './bytes.ts';
import { FRAME_PAYLOAD_BYTES, NEAR_CLIENTS, NEAR_RADIUS_METRES } from './limits.ts';
import { makeOrigin } from './messages.ts';
import { readNearAnswer, readNearQuestion, writeNearAnswer, writeNearQuestion } from './near.ts';
import type { StoredRecord } from './record.ts';

const degrees = (most: number): fc.Arbitrary<number> =>
  fc.integer({ min: -most * 1e7, max: most * 1e7 }).map((units) => units / 1e7);

test('a question is read as it was asked', () => {
  const questions = fc.record(
    {
      latitude: degrees(90),
      longitude: degrees(180),
      radiusMetres: fc.nat(NEAR_RADIUS_METRES),
      most: fc.nat(NEAR_CLIENTS),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(questions, (question) => {
      const out = new ByteWriter();
      writeNearQuestion(out, question);
      assert.deepEqual(readNearQuestion(new ByteReader(out.take())), question);
    }),
  );
});

test('a question about nowhere, about too much, or with more behind it is refused', () => {
  const right = { latitude: -90, longitude: 180, radiusMetres: NEAR_RADIUS_METRES, most: NEAR_CLIENTS };
  const refuses = (change: Partial<typeof right>, more: number[], message: RegExp): void => {
    const out = new ByteWriter();
    writeNearQuestion(out, { ...right, ...change });
    for (const byte of more) out.byte(byte);
    const bytes = out.take();
    assert.throws(
      () => readNearQuestion(new ByteReader(bytes)),
      (error) => error instanceof MalformedFrame && message.test(error.message),
    );
  };
  refuses({ latitude: 90.0000001 }, [], /no position/);
  refuses({ longitude: -180.0000001 }, [], /no position/);
  refuses({ radiusMetres: NEAR_RADIUS_METRES + 1 }, [], /within more than/);
  refuses({ most: NEAR_CLIENTS + 1 }, [], /at most 1000 allowed/);
  refuses({}, [0], /left over/);
});

function recordOf(client: string): StoredRecord {
  const instant = { seconds: 1, nanoseconds: 0 };
  const times = { received: instant, order: instant, stamp: instant };
  const text = asciiBytes(`${client} +01-2.0 1.50`);
  const lengths = { textStart: 0, textLength: text.length, clientLength: client.length, locationLength: 7 };
  return { origin: makeOrigin('Barn', 1), sequence: 1, ...times, text, ...lengths, forgotten: false };
}

test('an answer has the words of each client as it sent them, and the distance in whole metres', () => {
  const out = new ByteWriter();
  writeNearAnswer(out, [
    { record: recordOf('kiwi'), distanceKm: 0 },
    { record: recordOf('emu'), distanceKm: 1.2345678 },
  ]);
  const words = { location: asciiBytes('+01-2.0'), stamp: asciiBytes('1.50') };
  assert.deepEqual(readNearAnswer(new ByteReader(out.take())), {
    found: 2,
    clients: [
      { client: asciiBytes('kiwi'), ...words, distanceMetres: 0 },
      { client: asciiBytes('emu'), ...words, distanceMetres: 1235 },
    ],
  });
});

test('an answer ends where a frame would, and says how many there were', () => {
  const out = new ByteWriter();
  const found = Array.from({ length: 9 }, () => ({ record: recordOf('x'.repeat(60_000)), distanceKm: 1 }));
  writeNearAnswer(out, found);
  assert.ok(out.length <= FRAME_PAYLOAD_BYTES);
  const answer = readNearAnswer(new ByteReader(out.take()));
  assert.deepEqual([answer.found, answer.clients.length], [9, 4]);
});

test('an answer that was cut off or says too little is refused', () => {
  assert.throws(() => readNearAnswer(new ByteReader(Uint8Array.of(1, 1, 65))), MalformedFrame);
  assert.throws(() => readNearAnswer(new ByteReader(Uint8Array.of(0, 1, 65, 1, 66, 1, 67, 0))), MalformedFrame);
});
