import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { asciiText } from './bytes.ts';
import { Command, type CommandKind, parseCommand } from './command.ts';

function kindOf(line: string): CommandKind {
  const bytes = new TextEncoder().encode(line);
  return parseCommand(bytes, 0, bytes.length, new Command());
}

const WHITE = [' ', '\t', '\r', '\n', '\f', '\v'];
const gap = fc.array(fc.constantFrom(...WHITE), { minLength: 1, maxLength: 4 }).map((list) => list.join(''));
const margin = fc.array(fc.constantFrom(...WHITE), { maxLength: 3 }).map((list) => list.join(''));
const field = fc
  .uint8Array({ minLength: 1, maxLength: 12 })
  .map((bytes) => bytes.map((byte) => (byte === 0x20 || (byte >= 9 && byte <= 13) ? 0x41 : byte)))
  .map((bytes) => asciiText(bytes));

test('an IAMAT with any white space and any client is cut into the bytes that were sent', () => {
  const parts = fc.tuple(margin, gap, field, gap, gap, margin);
  fc.assert(
    fc.property(parts, ([before, first, client, second, third, after]) => {
      const line = `${before}IAMAT${first}${client}${second}+34.0689-118.44${third}1520023934.918963997${after}`;
      const bytes = Uint8Array.from(line, (character) => character.charCodeAt(0));
      const command = new Command();
      assert.equal(parseCommand(bytes, 0, bytes.length, command), 'iamat');
      assert.equal(asciiText(bytes, command.clientStart, command.clientEnd), client);
      assert.equal(asciiText(bytes, command.locationStart, command.locationEnd), '+34.0689-118.44');
      assert.equal(asciiText(bytes, command.stampStart, command.stampEnd), '1520023934.918963997');
      assert.deepEqual(command.stamp, { seconds: 1520023934, nanoseconds: 918963997 });
    }),
  );
});

test('no bytes at all break the parser, and only what starts with a command word is a command', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const kind = parseCommand(bytes, 0, bytes.length, new Command());
      const words = asciiText(bytes)
        .split(/[ \t\r\n\f\v]+/)
        .filter((word) => word !== '');
      if (words.length === 0) assert.equal(kind, 'blank');
      else if (kind === 'iamat') assert.equal(words[0], 'IAMAT');
      else if (kind === 'whatsat') assert.equal(words[0], 'WHATSAT');
      else assert.equal(kind, 'invalid');
    }),
  );
});

test('lines of only white space are blank; other spaces are part of a field', () => {
  for (const line of ['', ' ', '\r', ' \t\f\v\r']) assert.equal(kindOf(line), 'blank', JSON.stringify(line));
  for (const line of ['\u00a0', '\u001c', '\u2003', '\0', '\u0085'])
    assert.equal(kindOf(line), 'invalid', JSON.stringify(line));
  assert.equal(kindOf('IAMAT a\u00a0b +1+1 1'), 'iamat');
  assert.equal(kindOf('IAMAT\u00a0a +1+1 1'), 'invalid');
});

test('command words are whole and case-sensitive, and the number of fields is exact', () => {
  assert.equal(kindOf('IAMAT __proto__ +1+1 1'), 'iamat');
  const invalid = [
    'iamat a +1+1 1',
    'IAMATa +1+1 1',
    'IAMAT a +1+1',
    'IAMAT a +1+1 1 2',
    'IAMAT a +1+1 1 2 3 4',
    'AT a b c d',
  ];
  for (const line of [
    ...invalid,
    'AT Goloman +0.1 a +1+1 1',
    'WHATSAT a 10',
    'WHATSAT a 10 5 1',
    'Whatsat a 10 5',
    'x',
  ]) {
    assert.equal(kindOf(line), 'invalid', line);
  }
});

test('radius is 0 to 50 with decimals, bound 0 to 20 without', () => {
  const command = new Command();
  const parse = (line: string): CommandKind => {
    const bytes = new TextEncoder().encode(line);
    return parseCommand(bytes, 0, bytes.length, command);
  };
  assert.equal(parse('WHATSAT a 10.25 00005'), 'whatsat');
  assert.deepEqual([command.radiusKm, command.bound], [10.25, 5]);
  for (const rest of ['0 0', '50 20', '50.000000000000000000 020', '00050 0', '0.00000000000000001 1']) {
    assert.equal(parse(`WHATSAT a ${rest}`), 'whatsat', rest);
  }
  const refused = [
    '51 5',
    '50.0000000000000000001 5',
    '-1 5',
    '+1 5',
    '1e1 5',
    '10. 5',
    '.5 5',
    '10 21',
    '10 5.0',
    '10 -1',
    '10 0x5',
  ];
  for (const rest of [...refused, 'nan 5', 'inf 5', '10 \u0665', `${'9'.repeat(400)} 5`, `10 ${'9'.repeat(400)}`]) {
    assert.equal(parse(`WHATSAT a ${rest}`), 'invalid', rest);
  }
});

test('WHATSAT may ask for a report at least as new as a stamp, in exactly that form', () => {
  const command = new Command();
  const bytes = new TextEncoder().encode('WHATSAT a 10 5 SINCE 1520023934.918963997');
  assert.equal(parseCommand(bytes, 0, bytes.length, command), 'whatsat');
  assert.deepEqual([command.since, command.stamp], [true, { seconds: 1520023934, nanoseconds: 918963997 }]);
  const plain = new TextEncoder().encode('WHATSAT a 10 5');
  assert.equal(parseCommand(plain, 0, plain.length, command), 'whatsat');
  assert.equal(command.since, false);
  for (const rest of ['SINCE', 'SINCE x', 'since 1', 'SINCE 1 2', 'AFTER 1', '1 2', 'SINCE1']) {
    assert.equal(kindOf(`WHATSAT a 10 5 ${rest}`), 'invalid', rest);
  }
  assert.equal(kindOf('IAMAT a +1+1 1 SINCE 1'), 'invalid');
});
