// Positions in whole units: what is read as integers is what rounding degrees gives, for whatever a client may write.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { asciiBytes } from './bytes.ts';
import { parseLocation } from './location.ts';
import { readUnits, UNITS_PER_DEGREE } from './units.ts';

const digits = (most: number): fc.Arbitrary<string> =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: most }).map((each) => each.join(''));
const numberUpTo = (most: number): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.constantFrom('+', '-'),
      fc.constantFrom('', '0', '00', '0000000'),
      fc.oneof(fc.nat(most), fc.constant(most), fc.nat(9)),
      fc.option(fc.oneof(digits(9), digits(30), fc.constantFrom('0', '00000000', '00000005', '99999995'))),
    )
    .map(([sign, zeros, whole, decimals]) => `${sign}${zeros}${whole}${decimals === null ? '' : `.${decimals}`}`);

test('every location that a client may send is rounded to units as its degrees are', () => {
  fc.assert(
    fc.property(numberUpTo(90), numberUpTo(180), (latitude, longitude) => {
      const text = asciiBytes(`c ${latitude}${longitude} 1`);
      const position = { latitude: 0, longitude: 0 };
      fc.pre(parseLocation(text, 2, text.length - 2, position));
      const norths = new Int32Array(3);
      const easts = new Int32Array(3);
      readUnits(text, 2, norths, easts, 1);
      // As integers: there is no -0 among them.
      assert.deepEqual([...norths], [0, Math.round(position.latitude * UNITS_PER_DEGREE) | 0, 0]);
      assert.deepEqual([...easts], [0, Math.round(position.longitude * UNITS_PER_DEGREE) | 0, 0]);
    }),
    { numRuns: 2000 },
  );
});
