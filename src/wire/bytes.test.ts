import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteWriter, copyWords, equalBytes, equalWords, SPACE, Words } from './bytes.ts';

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

/** Bytes at the very end of a part of other memory, at any place of a word: what is read beyond them throws. */
const ends = fc.record({
  bytes: fc.uint8Array({ maxLength: 14 }).chain((bytes) =>
    // Spaces, what is beside them, and what is above them by the highest bit alone.
    fc.array(fc.constantFrom(...bytes, 0x21, 0x21, 0xff, 0xa0, 0x80, SPACE, 0x1f, 0), { maxLength: 14 }),
  ),
  before: fc.nat(5),
  around: fc.nat(5),
});

function atTheEnd({ bytes, before, around }: { bytes: number[]; before: number; around: number }): Uint8Array {
  const memory = new Uint8Array(around + before + bytes.length + 8).fill(SPACE);
  memory.set(bytes, around + before);
  return memory.subarray(around, around + before + bytes.length);
}

test('bytes are equal by the word as they are one by one, wherever one of them differs', () => {
  fc.assert(
    fc.property(ends, fc.nat(5), fc.nat(13), fc.integer({ min: 0, max: 255 }), (end, before, place, flip) => {
      const left = atTheEnd(end);
      const bytes = [...end.bytes];
      if (place < bytes.length) bytes[place] = (bytes[place] as number) ^ flip;
      const right = atTheEnd({ ...end, bytes, before });
      const words = new Words().of(left);
      assert.equal(
        equalWords(words, end.before, new Words().of(right), before, bytes.length),
        equalBytes(left, end.before, right, before, bytes.length),
      );
    }),
    { numRuns: 1000 },
  );
});

test('what another writer has written is appended, whatever room there is', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 600 }),
      fc.uint8Array({ maxLength: 600 }),
      fc.nat(40),
      (first, second, room) => {
        const [one, other] = [new ByteWriter(first.length + room), new ByteWriter(1)];
        one.copy(first);
        other.copy(second);
        one.append(other);
        assert.deepEqual(Buffer.from(one.take()), Buffer.concat([first, second]));
        assert.deepEqual(Buffer.from(other.take()), Buffer.from(second));
      },
    ),
  );
});
