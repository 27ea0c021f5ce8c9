import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { JsonWriter } from './json-writer.ts';

const writer = new JsonWriter();

function printString(text: string): string {
  const source = Buffer.from(`<${text}>`);
  writer.text(Buffer.from('"'));
  writer.stringContent(source, 1, source.length - 1);
  writer.text(Buffer.from('"'));
  return Buffer.from(writer.finish()).toString();
}

function printDegrees(units: number): string {
  writer.degrees(units);
  return Buffer.from(writer.finish()).toString();
}

test('property: a string is read back as it was, and needs no raw control character or line end', () => {
  const awkward = fc.string({
    unit: fc.constantFrom('"', '\\', '\n', '\0', '\x7f', '\u2028', '\u2029', '\u2027', 'â', 'é', '😀', 'a'),
  });
  fc.assert(
    fc.property(fc.oneof(awkward, fc.string({ unit: 'grapheme' })), (text) => {
      const printed = printString(text);
      assert.equal(JSON.parse(printed), text);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is what is tested
      assert.doesNotMatch(printed, /[\u0000-\u001f\u007f\u2028\u2029]/);
    }),
  );
});

test('degrees are printed exactly, with a decimal and without superfluous zeros', () => {
  assert.deepEqual([0, 1, -1, 340_000_000, -1_184_400_000, 1_800_000_000, -50_000_000, 123_456_789].map(printDegrees), [
    '0.0',
    '0.0000001',
    '-0.0000001',
    '34.0',
    '-118.44',
    '180.0',
    '-5.0',
    '12.3456789',
  ]);
  fc.assert(
    fc.property(fc.integer({ min: -1_800_000_000, max: 1_800_000_000 }), (units) => {
      assert.equal(Math.round(Number(printDegrees(units)) * 1e7), units);
    }),
  );
});

test('a document may be larger than the first buffer, and the next one starts anew', () => {
  const long = 'x"'.repeat(50_000);
  assert.equal(JSON.parse(printString(long)), long);
  assert.equal(printString('short'), '"short"');
});
