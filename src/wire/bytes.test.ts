import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteWriter, copyWords, Words } from './bytes.ts';

// Up to what is copied by the word, around it, and some more.
const lengths = fc.oneof(fc.nat(12), fc.integer({ min: 240, max: 270 }), fc.nat(2000));
const parts = fc.array(
  fc.record({ length: lengths, before: fc.nat(9), behind: fc.nat(9), seed: fc.nat(255), again: fc.boolean() }),
  { minLength: 1, maxLength: 8 },
);

test('what is copied is those bytes and no others, wherever they lie and whatever was copied before', () => {
  fc.assert(
    fc.property(parts, fc.nat(40), (parts, capacity) => {
      const out = new ByteWriter(capacity);
      const expected: number[] = [];
      let source = new Uint8Array(0);
      for (const { length, before, behind, seed, again } of parts) {
        // The same memory with other bytes in it, as a buffer that is read into again, or other memory.
        const size = before + length + behind;
        if (!again || source.length < size) source = new Uint8Array(size);
        for (const [index] of source.entries()) source[index] = seed + 7 * index;
        out.copy(source, before, before + length);
        expected.push(...source.subarray(before, before + length));
      }
      assert.deepEqual([...out.bytes.subarray(0, out.length)], expected);
    }),
  );
});

test('a copy by the word leaves alone what is before and behind it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(9), fc.nat(9), (bytes, before, behind) => {
      const target = new Uint8Array(before + bytes.length + behind).fill(0xaa);
      copyWords(new Words().of(target), before, new Words().of(bytes), 0, bytes.length);
      const expected = [...Array(before).fill(0xaa), ...bytes, ...Array(behind).fill(0xaa)];
      assert.deepEqual([...target], expected);
    }),
  );
});

test('memory that is a part of other memory is seen as that part', () => {
  const memory = Uint8Array.from({ length: 64 }, (_, index) => index);
  const words = new Words();
  assert.equal(words.of(memory.subarray(8, 16)).getUint8(0), 8);
  assert.equal(words.of(memory.subarray(24, 32)).getUint8(0), 24);
  assert.equal(words.of(memory).byteLength, 64);
});
