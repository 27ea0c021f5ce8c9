import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { asciiBytes, asciiText, ByteWriter } from './bytes.ts';
import { compareInstants, type Instant, nextNanosecond, parseStamp, writeSkew } from './instant.ts';

function parse(text: string): Instant | undefined {
  const instant = { seconds: 0, nanoseconds: 0 };
  const bytes = new TextEncoder().encode(text);
  return parseStamp(bytes, 0, bytes.length, instant) ? instant : undefined;
}

function nanosecondsOf(instant: Instant): bigint {
  return BigInt(instant.seconds) * 1_000_000_000n + BigInt(instant.nanoseconds);
}

const anyNanoseconds = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

/** The exact decimal of a count of nanoseconds, printed by BigInt and not by the code under test. */
function decimal(nanoseconds: bigint): string {
  const digits = (nanoseconds < 0n ? -nanoseconds : nanoseconds).toString().padStart(10, '0');
  return `${nanoseconds < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

test('every 64-bit count of nanoseconds is read exactly, with any leading zeros and further digits', () => {
  fc.assert(
    fc.property(anyNanoseconds, fc.nat(30), fc.stringMatching(/^\d{0,20}$/), (nanoseconds, zeros, further) => {
      const text = decimal(nanoseconds).replace(/^-?/, (sign) => sign + '0'.repeat(zeros)) + further;
      const parsed = parse(text);
      assert.ok(parsed !== undefined, text);
      assert.equal(nanosecondsOf(parsed), nanoseconds);
      assert.ok(parsed.nanoseconds >= 0 && parsed.nanoseconds < 1e9);
    }),
  );
});

test('nanoseconds that a double cannot tell apart are told apart', () => {
  const earlier = parse('1520023934.918963997');
  const later = parse('1520023934.918963998');
  assert.ok(earlier !== undefined && later !== undefined);
  assert.equal(Number('1520023934.918963997'), Number('1520023934.918963998'));
  assert.ok(compareInstants(earlier, later) < 0);
});

test('what does not fit in 64-bit nanoseconds is no stamp, by one nanosecond', () => {
  assert.ok(parse('9223372036.854775807'));
  assert.ok(parse('-9223372036.854775808'));
  for (const text of ['9223372036.854775808', '-9223372036.854775809', '9223372037', '99999999999', '9'.repeat(400)]) {
    assert.equal(parse(text), undefined, text);
  }
});

test('anything but digits, one point and a leading minus is no stamp', () => {
  const refused = [
    '',
    '-',
    '.',
    '1.',
    '.5',
    '+1',
    '1e9',
    '0x10',
    '1_0',
    'nan',
    'inf',
    '--1',
    '1.2.3',
    '1 ',
    '\u0661',
    '1.-5',
  ];
  for (const text of refused) assert.equal(parse(text), undefined, text);
  for (const text of ['0', '-0', '00.00', '1520023934', '-5.25']) assert.ok(parse(text), text);
});

test('a skew is received minus stamp, always signed, with exactly nine decimals', () => {
  const received = fc.record({
    seconds: fc.integer({ min: -(2 ** 33), max: 2 ** 33 }),
    nanoseconds: fc.nat(999_999_999),
  });
  fc.assert(
    fc.property(received, received, (left, right) => {
      const out = new ByteWriter();
      writeSkew(out, left, right);
      const difference = nanosecondsOf(left) - nanosecondsOf(right);
      assert.equal(asciiText(out.take()), (difference < 0n ? '' : '+') + decimal(difference));
    }),
  );
});

test('the next nanosecond is one later, also across a second', () => {
  for (const text of ['5.999999999', '5', '-1.000000001']) {
    const instant = parse(text);
    assert.ok(instant !== undefined);
    assert.equal(nanosecondsOf(nextNanosecond(instant)), nanosecondsOf(instant) + 1n);
  }
});

test('a stamp is read from its own range of the bytes', () => {
  const instant = { seconds: 0, nanoseconds: 0 };
  assert.ok(parseStamp(asciiBytes('99 12.5 77'), 3, 7, instant));
  assert.deepEqual(instant, { seconds: 12, nanoseconds: 500_000_000 });
});
