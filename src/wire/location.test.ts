import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { latitudeLongitude, type Position, parseLocation } from './location.ts';

function parse(text: string): Position | undefined {
  const position = { latitude: 0, longitude: 0 };
  const bytes = new TextEncoder().encode(text);
  return parseLocation(bytes, 0, bytes.length, position) ? position : undefined;
}

test('the positions of the published task are read', () => {
  assert.deepEqual(parse('+34.068930-118.445127'), { latitude: 34.06893, longitude: -118.445127 });
  assert.deepEqual(parse('-33.8688+151.2093'), { latitude: -33.8688, longitude: 151.2093 });
  assert.deepEqual(parse('+27.5916+086.5640'), { latitude: 27.5916, longitude: 86.564 });
  assert.deepEqual(parse('+34-118'), { latitude: 34, longitude: -118 });
});

test('a position reads as the double that its decimals mean', () => {
  const degrees = (most: number) => fc.tuple(fc.boolean(), fc.integer({ min: 0, max: most * 1e7 }), fc.nat(3));
  fc.assert(
    fc.property(degrees(90), degrees(180), (latitude, longitude) => {
      const texts = [latitude, longitude].map(([negative, scaled, zeros]) => {
        const digits = scaled.toString().padStart(8, '0');
        return `${negative ? '-' : '+'}${'0'.repeat(zeros)}${digits.slice(0, -7)}.${digits.slice(-7)}`;
      });
      const parsed = parse(texts.join(''));
      assert.deepEqual(parsed, { latitude: Number(texts[0]), longitude: Number(texts[1]) });
    }),
  );
});

test('the range is closed, and one digit beyond it at any depth is outside', () => {
  for (const text of ['+90-180', '-90.000+180.0000000000000000000000', '+090+0180']) assert.ok(parse(text), text);
  const outside = [
    '+90.0000000000000000000000001+0',
    '+0-180.00000000000000000000000001',
    '+91+0',
    '+0+181',
    '-90.1+0',
  ];
  for (const text of [...outside, `+${'9'.repeat(400)}+0`]) assert.equal(parse(text), undefined, text);
});

test('altitude, solidus, exponent, missing signs or digits, and other minus signs are refused', () => {
  const refused = [
    '',
    '+34',
    '34-118',
    '+34 -118',
    '+34-118/',
    '+34-118+5',
    '+34.-118',
    '+.5-118',
    '+3e1-118',
    '+34\u2212118',
  ];
  for (const text of [...refused, '+340841.2-1182642.5', '++34-118', '+34,-118', '+\u0663\u0664-118', '+34-', '-']) {
    assert.equal(parse(text), undefined, text);
  }
});

test("providers get the client's digits without plus signs or leading zeros", () => {
  const text = (location: string): string => latitudeLongitude(new TextEncoder().encode(location));
  assert.equal(text('+34.068930-118.445127'), '34.068930,-118.445127');
  assert.equal(text('+27.5916+086.5640'), '27.5916,86.5640');
  assert.equal(text('-00.50+000'), '-0.50,0');
  assert.equal(text(`+1.${'3'.repeat(400)}-2`), '1.333333333333333,-2');
});
