import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Arena } from './arena.ts';

/** Of what texts are copied from: a frame with many of them. */
const FRAME_BYTES = 200;

const cut = fc.tuple(fc.nat({ max: FRAME_BYTES - 1 }), fc.nat({ max: FRAME_BYTES })).map(([start, end]) => ({
  start: Math.min(start, end),
  length: Math.max(1, Math.abs(end - start)),
}));
const step = fc.tuple(fc.constantFrom('add', 'replace', 'replace', 'remove'), fc.nat(), cut, fc.boolean());

test('texts are kept to the byte, wherever in a frame they are copied from, and none touches another', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const arena = new Arena();
      const texts: { address: number; text: Uint8Array }[] = [];
      let frame = new Uint8Array(0);
      for (const [number, [what, pick, { start, length }, isNewFrame]] of steps.entries()) {
        if (isNewFrame || number === 0) {
          frame = Uint8Array.from({ length: FRAME_BYTES }, (_, index) => index * 7 + number * 13);
          // As the payload of a frame is, it is a part of a larger buffer.
          const whole = new Uint8Array(FRAME_BYTES + 3);
          whole.set(frame, 3);
          frame = whole.subarray(3);
        }
        const text = frame.slice(start, start + length);
        const known = texts[pick % Math.max(1, texts.length)];
        if (what === 'add' || known === undefined) texts.push({ address: arena.add(frame, start, text.length), text });
        else if (what === 'replace') {
          arena.remove(known.address, known.text.length);
          known.address = arena.add(frame, start, text.length);
          known.text = text;
        } else {
          arena.remove(known.address, known.text.length);
          texts.splice(texts.indexOf(known), 1);
        }
        for (const { address, text: expected } of texts) {
          const at = arena.offsetOf(address);
          assert.deepEqual(arena.chunkOf(address).slice(at, at + expected.length), expected);
        }
      }
    }),
  );
});
