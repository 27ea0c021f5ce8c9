import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PlaceIdHash } from './place-id.ts';

const hash = new PlaceIdHash();
const result = (): bigint => (BigInt(hash.high) << 32n) | BigInt(hash.low);

/** FNV-1a, as it is published. */
function fnv1a(bytes: Uint8Array): bigint {
  return bytes.reduce(
    (state, byte) => ((state ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn,
    0xcbf29ce484222325n,
  );
}

test('is the published FNV-1a of 64 bits', () => {
  const source = Buffer.from('foobar');
  hash.restart();
  hash.bytes(source, 0, source.length);
  assert.equal(result(), 0x85944171f73967e8n);
});

test('property: agrees with big integers, numbers in four bytes, the lowest first', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.integer(), (source, number) => {
      hash.restart();
      hash.bytes(source, 0, source.length);
      hash.int32(number);
      const four = Buffer.alloc(4);
      four.writeInt32LE(number);
      assert.equal(result(), fnv1a(Buffer.concat([source, four])));
    }),
  );
});
