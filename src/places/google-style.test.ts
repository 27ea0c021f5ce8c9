import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NumberText, printStyled, type StyledValue } from './google-style.ts';
import { listOf, numberText, objectOf, parseKeepingNumbers } from './json-numbers.ts';
import { JsonFault } from './json-scan.ts';

test('prints as Google does', () => {
  const value = {
    types: ['cafe', 'establishment'],
    long: ['a'.repeat(40), 'b'.repeat(40)],
    none: [],
    nothing: {},
    left_out: undefined,
    Rating: new NumberText('4.0'),
    list: [{ a: true }, new NumberText('20000000000000000001')],
  };
  assert.equal(
    printStyled(value),
    `{
   "Rating" : 4.0,
   "list" : [
      {
         "a" : true
      },
      20000000000000000001
   ],
   "long" : [
      "${'a'.repeat(40)}",
      "${'b'.repeat(40)}"
   ],
   "none" : [],
   "nothing" : {},
   "types" : [ "cafe", "establishment" ]
}`,
  );
});

test('escapes what ends a line for some readers, and half a character', () => {
  assert.equal(printStyled('a"\\\n\u2028\u2029\u007f\ud800é'), '"a\\"\\\\\\n\\u2028\\u2029\\u007f\\ud800é"');
});

test('what is printed reads as what it was, and has no empty line', () => {
  const { value } = fc.letrec<{ value: StyledValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string({ unit: 'binary' }),
      fc.boolean(),
      fc.array(tie('value')),
      fc.dictionary(fc.string(), tie('value')),
    ),
  }));
  fc.assert(
    fc.property(value, (one) => {
      const printed = printStyled(one);
      assert.deepEqual(JSON.parse(printed), JSON.parse(JSON.stringify(one)));
      assert.ok(!printed.includes('\n\n'));
    }),
  );
});

test('reads any JSON object, with numbers as their digits', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(undefined, 2), (object, indent) => {
      const text = JSON.stringify(object, undefined, indent);
      const expected = JSON.parse(text, (_, value: unknown) =>
        typeof value === 'number' ? JSON.stringify(value) : value,
      );
      assert.deepEqual(parseKeepingNumbers(Buffer.from(text)), expected);
    }),
  );
  assert.deepEqual(parseKeepingNumbers(Buffer.from('{"a":-0.10E+2,"b":[12345678901234567890]}')), {
    a: '-0.10E+2',
    b: ['12345678901234567890'],
  });
  assert.throws(() => parseKeepingNumbers(Buffer.from('{"a":01}')), JsonFault);
});

test('a number is one by its digits; what is no object or list is an empty one', () => {
  assert.deepEqual(['0', '-1.50', '1e7', '01', '1.', '', 'NaN', '1 ', 1, null, undefined].map(numberText), [
    '0',
    '-1.50',
    '1e7',
    ...new Array(8).fill(undefined),
  ]);
  assert.deepEqual([null, 'a', [1], undefined].map(objectOf), [{}, {}, {}, {}]);
  assert.deepEqual([null, 'a', {}, undefined].map(listOf), [[], [], [], []]);
});
