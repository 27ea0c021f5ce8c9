// The line reader and the parser against a second, plain description of the client protocol in strings and whole numbers. A
// failure prints the seed: DROVER_FUZZ_SEED=N repeats it alone, DROVER_FUZZ_RUNS=N goes on for longer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asciiBytes, asciiText } from './bytes.ts';
import { type Chance, chanceOf } from './chance.ts';
import { Command, parseCommand } from './command.ts';
import { LineReader } from './lines.ts';

const runs = Number(process.env['DROVER_FUZZ_RUNS'] ?? 5000);
const only = process.env['DROVER_FUZZ_SEED'];
const seeds = only === undefined ? Array.from({ length: runs }, (_, index) => index) : [Number(only)];

const LONGEST = 90;
const EXCERPT = 10;

// The model: one character is one byte.

/** A decimal number as a whole count of 10^-decimals, so that any number of digits compares exactly. */
function isAtMost(text: string, most: number): boolean {
  const [integer = '', fraction = ''] = text.split('.');
  return BigInt(integer + fraction) <= BigInt(most) * 10n ** BigInt(fraction.length);
}

function stampNanoseconds(text: string): bigint | undefined {
  const [, sign, integer = '', fraction = ''] = /^(-?)([0-9]+)(?:\.([0-9]+))?$/.exec(text) ?? [];
  if (sign === undefined) return undefined;
  const size = BigInt(integer + fraction.padEnd(9, '0').slice(0, 9));
  const value = sign === '-' ? -size : size;
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

function positionOf(text: string): readonly [number, number] | undefined {
  const [, north = '', east = ''] = /^([+-][0-9]+(?:\.[0-9]+)?)([+-][0-9]+(?:\.[0-9]+)?)$/.exec(text) ?? [];
  if (north === '' || !isAtMost(north.slice(1), 90) || !isAtMost(east.slice(1), 180)) return undefined;
  return [Number(north), Number(east)];
}

/** What a line says, as text; numbers that are doubles are compared apart. */
function modelOf(line: string): { says: string; numbers: readonly number[] } {
  const fields = line.split(/[\t\n\v\f\r ]+/).filter((field) => field !== '');
  const [word, client = '', third = '', fourth = '', since, stamp = ''] = fields;
  if (fields.length === 0) return { says: 'blank', numbers: [] };
  const invalid = { says: 'invalid', numbers: [] };
  if (word === 'IAMAT' && fields.length === 4) {
    const position = positionOf(third);
    const time = stampNanoseconds(fourth);
    if (position === undefined || time === undefined) return invalid;
    return { says: `iamat ${client} ${third} ${fourth} ${time}`, numbers: position };
  }
  if (word === 'WHATSAT' && (fields.length === 4 || (fields.length === 6 && since === 'SINCE'))) {
    if (!/^[0-9]+(\.[0-9]+)?$/.test(third) || !isAtMost(third, 50)) return invalid;
    if (!/^[0-9]+$/.test(fourth) || !isAtMost(fourth, 20)) return invalid;
    const time = stampNanoseconds(stamp);
    if (since !== undefined && time === undefined) return invalid;
    const asks = since === undefined ? '' : ` since ${time}`;
    return { says: `whatsat ${client}${asks}`, numbers: [Number(third), Number(fourth)] };
  }
  return invalid;
}

interface Heard {
  readonly line: string;
  readonly says: string;
  readonly numbers: readonly number[];
}

function modelOfStream(stream: string): Heard[] {
  const lines = stream.split('\n');
  const last = lines.pop() ?? '';
  const ended = lines.map((line) => [line, '\n'] as const);
  if (last !== '') ended.push([last, '' as '\n']);
  return ended.map(([line, end]) =>
    line.length > LONGEST
      ? { line: `${line.slice(0, EXCERPT)}...`, says: 'too long', numbers: [] }
      : { line: line + end, ...modelOf(line) },
  );
}

// The real thing.

function saidBy(line: LineReader): Heard {
  const { bytes, start, end, tooLong, terminated } = line;
  if (tooLong) return { line: `${asciiText(bytes, start, end)}...`, says: 'too long', numbers: [] };
  const command = new Command();
  const kind = parseCommand(bytes, start, end, command);
  const text = (from: number, to: number): string => asciiText(bytes, from, to);
  const client = text(command.clientStart, command.clientEnd);
  const time = BigInt(command.stamp.seconds) * 1_000_000_000n + BigInt(command.stamp.nanoseconds);
  const heard = { line: text(start, end) + (terminated ? '\n' : '') };
  if (kind === 'iamat') {
    const location = text(command.locationStart, command.locationEnd);
    const says = `iamat ${client} ${location} ${text(command.stampStart, command.stampEnd)} ${time}`;
    return { ...heard, says, numbers: [command.position.latitude, command.position.longitude] };
  }
  if (kind !== 'whatsat') return { ...heard, says: kind, numbers: [] };
  const says = `whatsat ${client}${command.since ? ` since ${time}` : ''}`;
  return { ...heard, says, numbers: [command.radiusKm, command.bound] };
}

function heardInPieces(stream: string, cut: () => number): Heard[] {
  const reader = new LineReader(LONGEST, EXCERPT);
  const heard: Heard[] = [];
  for (let at = 0; at < stream.length; ) {
    const end = Math.min(stream.length, at + cut());
    reader.push(asciiBytes(stream.slice(at, end)));
    while (reader.next()) heard.push(saidBy(reader));
    at = end;
  }
  if (reader.finish()) heard.push(saidBy(reader));
  return heard;
}

// What is said.

const WORDS = ['IAMAT', 'IAMAT', 'IAMAT', 'IAMAT', 'WHATSAT', 'WHATSAT', 'iamat', 'AT', 'IAMATx', '', 'SINCE'];
const CLIENTS = ['kiwi', '__proto__', '\xff\xfe', '\xa0', 'a\0b', '\x1c', 'SINCE', 'IAMAT'];
const NUMBERS = ['0', '1', '007', '20', '21', '49.999', '50', '50.0', '50.000000000000000001', '90', '90.00', '180'];
const MORE = ['90.0000000000000000000001', '180.1', '1e1', '0x1', '.5', '5.', '1.2.3', '-1', '9223372036.854775807'];
const STAMPS = [
  '9223372036.8547758079',
  '9223372036.854775808',
  '-9223372036.854775808',
  '-9223372036.854775809',
  '-0',
];
const OTHERS = ['1520023934.918963997', '-0.000000001', '1'.repeat(40), `0.${'0'.repeat(30)}1`, `${'0'.repeat(30)}5`];
const ODD = [...MORE, ...STAMPS, ...OTHERS];
const SPACES = [...' '.repeat(20), '  ', '\t', '\r', '\v\f', '\xa0', '\x1c', '\x85'];

function streamOf(chance: Chance): string {
  const pick = (list: readonly string[]): string => list[Math.floor(chance() * list.length)] as string;
  const number = (): string => pick(chance() < 0.7 ? NUMBERS : ODD);
  const location = (): string =>
    pick(['+', '-', '+', '-', '']) +
    number() +
    pick(['+', '-', '+', '-', '\u2212']) +
    number() +
    pick(['', '', '', '', '', '/']);
  let stream = '';
  const count = Math.floor(chance() * 6);
  for (let index = 0; index < count; index += 1) {
    const word = pick(WORDS);
    const fields = [word, pick(CLIENTS), word === 'IAMAT' ? location() : number(), number()];
    if (chance() < 0.2) fields.push(pick(['SINCE', 'since', 'SINCE']), number());
    if (chance() < 0.1) fields.push(number());
    if (chance() < 0.1) fields.splice(Math.floor(chance() * fields.length), 1);
    stream += pick(['', '', '', ' ', '\r']);
    for (const field of fields) stream += field + pick(SPACES);
    stream += pick(['\n', '\n', '\r\n', '\n\n', '', 'x'.repeat(100)]);
  }
  let bytes = [...stream].map((character) => String.fromCharCode(character.charCodeAt(0) & 0xff));
  for (let change = Math.floor(chance() * 4) - 1; change > 0; change -= 1) {
    bytes = bytes.toSpliced(
      Math.floor(chance() * bytes.length),
      Math.floor(chance() * 3),
      String.fromCharCode(Math.floor(chance() * 256)),
    );
  }
  return bytes.join('');
}

test('lines mean what the protocol says, however their bytes are cut', () => {
  const kinds = new Map<string, number>();
  for (const seed of seeds) {
    const chance = chanceOf(seed);
    const stream = streamOf(chance);
    const expected = modelOfStream(stream);
    const sizes = [1, 2, 5, 30, 1000];
    const most = sizes[Math.floor(chance() * sizes.length)] as number;
    const heard = heardInPieces(stream, () => 1 + Math.floor(chance() * most));
    const explain = `DROVER_FUZZ_SEED=${seed}: ${JSON.stringify(stream)}`;
    assert.deepEqual(
      heard.map(({ line, says }) => [line, says]),
      expected.map(({ line, says }) => [line, says]),
      explain,
    );
    for (const [index, { says, numbers }] of expected.entries()) {
      const kind = says.split(' ')[0] as string;
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      for (const [at, number] of numbers.entries()) {
        // The parser keeps what a position can mean: a billionth of a degree, a millionth of a metre.
        assert.ok(Math.abs((heard[index]?.numbers[at] ?? Number.NaN) - number) < 1e-9, explain);
      }
    }
  }
  // Otherwise the test says little.
  if (only === undefined)
    for (const kind of ['iamat', 'whatsat', 'invalid', 'blank', 'too'])
      assert.ok((kinds.get(kind) ?? 0) > runs / 100, kind);
});
