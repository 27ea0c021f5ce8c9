import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import fc from 'fast-check';
import { asciiBytes, ByteReader, ByteWriter, MalformedFrame } from './bytes.ts';
import { Command, parseCommand } from './command.ts';
import { Kernel } from './kernel.ts';
import { REPORTS_AHEAD } from './limits.ts';
import { makeOrigin } from './messages.ts';
import { copyRecord, NewRecord, readRecord, type StoredRecord, writeRecord } from './record.ts';
import { RecordsAhead } from './records-ahead.ts';
import { ReportsAhead } from './reports-ahead.ts';

const ORIGINS = [makeOrigin('Goloman', 1), makeOrigin('Hands', 2)];

// Mostly plain, each part now and then something else.
const digits = (most: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${most}}$`));
const decimals = fc
  .oneof({ weight: 4, arbitrary: digits(9) }, digits(14), fc.constant(''))
  .chain((text) => fc.constantFrom('', `.${text}`, `.${text}`));
const degree = fc.tuple(
  fc.constantFrom('+', '-', '+', '-', '+', '-', ''),
  fc.oneof({ weight: 6, arbitrary: digits(2) }, digits(3), digits(5)),
  decimals,
);
const nearLimit = fc.constantFrom('+90.', '-90.0', '+90', '+180.000', '-180.0000000001', '+90.00', '+089.9999999999');
const half = fc.oneof({ weight: 6, arbitrary: degree.map((parts) => parts.join('')) }, nearLimit);
const stampSeconds = fc.oneof(digits(10), fc.constantFrom('9223372035', '9223372036', '-1', '+1', '00000000001'));
const stamp = fc.tuple(stampSeconds, decimals).map((parts) => parts.join(''));
const client = fc.oneof(
  { weight: 6, arbitrary: fc.stringMatching(/^[!-~]{1,20}$/) },
  fc.stringMatching(/^[!-~]{1,200}$/),
  fc.constantFrom('', 'a b', 'é', '\u007f', `${'x'.repeat(16)}\t`, 'x'.repeat(127), 'x'.repeat(128)),
);
const rarely = <T>(usual: T, ...others: T[]) => fc.constantFrom(...Array<T>(12).fill(usual), ...others);
const someLine = fc
  .tuple(
    rarely('IAMAT ', 'IAMAT  ', ' IAMAT ', 'WHATSAT ', 'iamat '),
    client,
    rarely(' ', '  ', '\t'),
    half,
    half,
    rarely(' ', '\r', ':'),
    stamp,
    rarely('\n', '\r\n', ' \n', ''),
  )
  .map((parts) => parts.join(''));
const plainLine = fc
  .record({ client: fc.stringMatching(/^[!-~]{1,20}$/), north: fc.nat(89), east: fc.nat(179), stamp: fc.nat() })
  .chain(({ client, north, east, stamp }) =>
    fc
      .constantFrom('', '.5', '.044122')
      .map((rest) => `IAMAT ${client} +${north}${rest}-${east}${rest} ${stamp}${rest}\n`),
  );
const line = fc.oneof({ weight: 5, arbitrary: plainLine }, someLine);
/** A byte somewhere is another. */
const changes = fc.array(fc.tuple(fc.nat(4000), fc.nat(255)), { maxLength: 1 });

function change(bytes: Uint8Array, [at, byte]: readonly [number, number]): void {
  if (at < bytes.length) bytes[at] = byte;
}

test('plain reports are read as the whole grammar reads them, or left to it, wherever they begin and their bytes end', () => {
  let plain = 0;
  let atOnce = 0;
  const lines = fc.array(line, { minLength: 1, maxLength: REPORTS_AHEAD + 4 });
  const ahead = new ReportsAhead(new Kernel());
  fc.assert(
    fc.property(lines, changes, fc.nat(3), fc.nat(90), (texts, changed, before, missing) => {
      const all = Uint8Array.from('x'.repeat(before) + texts.join(''), (character) => character.charCodeAt(0));
      for (const one of changed) change(all, one);
      const bytes = all.subarray(0, Math.max(before, all.length - missing));
      let start = before;
      ahead.read(bytes, start, 300);
      atOnce = Math.max(atOnce, ahead.count);
      for (const fast of Array.from({ length: ahead.count }, (_, row) => ahead.report(row))) {
        plain += 1;
        const lf = bytes.indexOf(0x0a, start);
        const whole = new Command();
        assert.equal(parseCommand(bytes, start, lf, whole), 'iamat');
        const { clientStart, clientEnd, locationStart, locationEnd, stampStart, stampEnd, stamp } = whole;
        const parts = { clientStart, clientEnd, locationStart, locationEnd, stampStart, stampEnd, stamp };
        assert.deepEqual({ ...parts, ...pick(fast, parts) }, parts);
        assert.equal(fast.stampEnd, lf);
        assert.ok(lf - start <= 300);
        start = lf + 1;
      }
    }),
    { numRuns: 5000 },
  );
  assert.ok(plain > 3000, `only ${plain} were plain`);
  assert.ok(atOnce > 4, `never more than ${atOnce} at once`);
});

test('what every usual device sends is plain', () => {
  const usual = [
    'kiwi.cs.ucla.edu +34.068930-118.445127 1520023934.918963997',
    'c +1+1 1',
    'c +1.0-1 0.5',
    'c -0-0 0',
    `${'i'.repeat(36)} -89.999999999999+179.999999999999 9223372035.999999999`,
    'c +90-180 1700000000',
    '\u00e9\u00ff +34.1-118.4 1700000000.123',
  ];
  const bytes = Uint8Array.from(usual.map((text) => `IAMAT ${text}\n`).join(''), (character) =>
    character.charCodeAt(0),
  );
  const ahead = new ReportsAhead(new Kernel());
  ahead.read(bytes, 0, 300);
  assert.equal(ahead.count, usual.length);
});

/** Those of one object that another has. */
function pick<T extends object>(from: T, like: Partial<T>): Partial<T> {
  return Object.fromEntries(Object.keys(like).map((key) => [key, from[key as keyof T]])) as Partial<T>;
}

const number = fc.oneof(fc.nat(300), fc.nat(), fc.maxSafeNat(), fc.constantFrom(0, 2 ** 53 - 1, 2 ** 53, 2 ** 60));
const received = fc.oneof({ weight: 6, arbitrary: fc.nat(4e9) }, fc.constantFrom(2 ** 41, 2 ** 41 + 2, 3, 2 ** 50));
const nanoseconds = fc.oneof({ weight: 6, arbitrary: fc.nat(999_999_999) }, fc.constantFrom(1e9, 2 ** 32));
const location = fc.tuple(half, half).map((parts) => parts.join(''));
const mostly = <T>(usual: fc.Arbitrary<T>, other: fc.Arbitrary<T>) => fc.oneof({ weight: 12, arbitrary: usual }, other);
/** The bytes of a record, written as they are described, by rule or not. */
const recordBytes = fc
  .record({
    origin: rarely(0, 1, 2, 2 ** 31, 2 ** 32),
    sequence: mostly(fc.integer({ min: 1 }), number),
    received: mostly(fc.nat(4e9), received).map((seconds) => 2 * Math.floor(seconds / 2)),
    odd: rarely(0, 1),
    nanoseconds: mostly(fc.nat(999_999_999), nanoseconds),
    flags: fc.constantFrom(...Array<number>(9).fill(1), 0, 0, 0, 2, 3, 4),
    ahead: fc.constantFrom(0, 0, 0, 2, -2),
    client: mostly(fc.stringMatching(/^[!-~]{1,20}$/), client),
    location: mostly(
      fc.nat(89).map((whole) => `+${whole}.5-118.445127`),
      location,
    ),
    stamp: mostly(fc.nat().map(String), stamp),
    padded: rarely(0, 1),
  })
  .map(({ origin, sequence, received, odd, nanoseconds, flags, client, location, stamp, padded, ahead }) => {
    const out = new ByteWriter();
    out.varint(origin);
    varint(out, sequence, padded);
    varint(out, received + odd, 0);
    varint(out, nanoseconds, 0);
    out.byte(flags);
    // As many seconds as the stamp has, before or after it by some.
    const order = Math.max(0, 2 * Math.min(2 ** 41, Number.parseInt(stamp, 10) || 0) + ahead);
    if ((flags & 1) === 0) for (const part of [order, nanoseconds]) varint(out, part, 0);
    for (const part of [client, location, stamp]) {
      out.field(Uint8Array.from(part, (character) => character.charCodeAt(0)));
    }
    return out.take();
  });

/** Also numbers that no writer writes, and with a byte more than they need. */
function varint(out: ByteWriter, value: number, padded: number): void {
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out.byte((rest % 0x80) + 0x80);
  out.byte(rest + 0x80 * padded);
  if (padded > 0) out.byte(0);
}

test('plain records are read as records are read one by one, and what is no record is refused alike', () => {
  let found = 0;
  let plain = 0;
  let refused = 0;
  const batches = fc.array(recordBytes, { minLength: 1, maxLength: REPORTS_AHEAD + 4 });
  const ahead = new RecordsAhead(new Kernel());
  fc.assert(
    fc.property(
      batches,
      changes,
      fc.nat(3),
      fc.oneof(fc.constant(0), fc.nat(90)),
      (parts, changed, before, missing) => {
        // No Buffer: a slice of one is no copy.
        const all = new Uint8Array(Buffer.concat([Buffer.alloc(before), ...parts, Buffer.from('\x00\x01')]));
        for (const one of changed) change(all, one);
        const end = Math.max(before, all.length - 2 - missing);
        const one = new NewRecord();
        const singly = readAll(all, before, end, parts.length, (reader) => {
          readRecord(reader, ORIGINS, one);
          return [one];
        });
        const together = readAll(all, before, end, parts.length, (reader, left) => {
          ahead.read(reader, ORIGINS, left);
          plain += ahead.count > 1 ? ahead.count : 0;
          return ahead.sought.slice(0, ahead.count);
        });
        assert.deepEqual(together, singly);
        found += together.records.length;
        if (together.refusal !== undefined) refused += 1;
      },
    ),
    { numRuns: 3000 },
  );
  assert.ok(found > 1000 && plain > 500 && refused > 300, `${found} found, ${plain} of them plain, ${refused} refused`);
});

interface Outcome {
  /** Copies, and the bytes as which each goes on. */
  records: (readonly [StoredRecord, Uint8Array])[];
  refusal?: string;
  end: number;
}

function readAll(
  bytes: Uint8Array,
  start: number,
  end: number,
  count: number,
  next: (reader: ByteReader, left: number) => readonly NewRecord[],
): Outcome {
  const reader = new ByteReader(bytes, start, end);
  const outcome: Outcome = { records: [], end: start };
  const out = new ByteWriter();
  try {
    while (outcome.records.length < count) {
      for (const record of next(reader, count - outcome.records.length)) {
        writeRecord(out, record, 1);
        outcome.records.push([copyRecord(record), out.take()]);
        assert.deepEqual(
          record.text.slice(record.textStart, record.textStart + record.clientLength),
          bytes.slice(record.clientStart, record.clientEnd),
        );
      }
      outcome.end = reader.position;
    }
  } catch (error) {
    assert.ok(error instanceof MalformedFrame);
    outcome.refusal = error.message;
  }
  return outcome;
}

/** Origin 0, number 7, received at 1.5 s, ordered by its stamp; a client `a`. */
const PLAIN_RECORD = [0, 7, 2, ...[0x80, 0xca, 0xb5, 0xee, 0x01], 1, 1, 0x61, 4, ...asciiBytes('+1+1'), 1, 0x31];

test('what only looks like a plain record is read as what it is', () => {
  const [origin, ...rest] = PLAIN_RECORD;
  const long = [0x85, 0x01, ...asciiBytes('a'.repeat(133)), ...PLAIN_RECORD.slice(-7)];
  const cases: [string, number[], number, string | undefined][] = [
    ['plain', PLAIN_RECORD, 2, undefined],
    ['of origin 46, whose number looks like a point', [46, ...rest], 2, undefined],
    ['of origin 2^32, not 0', [0x80, 0x80, 0x80, 0x80, 0x10, ...rest], 0, 'that the batch does not name'],
    ['of a long client', [origin as number, ...rest.slice(0, 8), ...long], 1, undefined],
    [
      'of a client that goes on behind a byte',
      [origin as number, ...rest.slice(0, 8), 0x85, 0x21],
      0,
      'ends too early',
    ],
  ];
  const origins = Array.from({ length: 47 }, (_, epoch) => makeOrigin('Goloman', epoch));
  for (const [what, bytes, count, refusal] of cases) {
    const ahead = new RecordsAhead(new Kernel());
    const reader = new ByteReader(Uint8Array.from([...bytes, ...bytes]));
    const read = (): void => ahead.read(reader, origins, 2);
    if (refusal === undefined) read();
    else assert.throws(read, new RegExp(refusal), what);
    if (refusal === undefined) assert.equal(ahead.count, count, what);
  }
});

test('a record is plain if it was a usual report, however large its numbers are', () => {
  const out = new ByteWriter();
  const parts = ['c'.repeat(127), '+34.068930-118.445127', '1520023934.918963997'];
  const most = [0, 2 ** 53 - 1, 2 ** 41, 999_999_999, 1];
  for (const numbers of [[0, 1, 0, 0, 1], most]) {
    for (const number of numbers) out.varint(number);
    for (const part of parts) out.field(asciiBytes(part));
  }
  const ahead = new RecordsAhead(new Kernel());
  ahead.read(new ByteReader(out.take()), ORIGINS, 2);
  assert.equal(ahead.count, 2);
  const last = ahead.sought[1] as NewRecord;
  assert.deepEqual([last.sequence, last.received.seconds], [2 ** 53 - 1, 2 ** 40]);
});

test('where there is no WebAssembly nothing is plain, and all is read the other way', () => {
  const program = `
    import { LineReader } from '${import.meta.resolve('./lines.js')}';
    import { ByteReader } from '${import.meta.resolve('./bytes.js')}';
    import { RecordsAhead } from '${import.meta.resolve('./records-ahead.js')}';
    import { ReportsAhead } from '${import.meta.resolve('./reports-ahead.js')}';
    import { Kernel } from '${import.meta.resolve('./kernel.js')}';
    const bytes = new TextEncoder().encode('IAMAT a +1+1 1\\nIAMAT b +1+1 1\\n');
    const reader = new LineReader(100, 10);
    const ahead = new ReportsAhead(new Kernel());
    reader.push(bytes);
    reader.readAhead(ahead);
    const lines = [];
    while (reader.next()) lines.push(reader.end - reader.start);
    console.log(typeof WebAssembly, new Kernel().reports(bytes, 0, bytes.length, 16), ahead.count, ...lines);
    const records = new RecordsAhead(new Kernel());
    const batch = new ByteReader(new Uint8Array([${Array(2).fill(PLAIN_RECORD.join()).join()}]));
    for (let left = 2; left > 0; left -= records.count) records.read(batch, [{ name: 'Goloman', epoch: 1 }], left);
    console.log(batch.remaining, records.count, records.sought[0].sequence);
  `;
  const said = execFileSync(process.execPath, ['--jitless', '--input-type=module', '--eval', program], {
    encoding: 'utf8',
  });
  assert.equal(said, 'undefined 0 0 14 14\n0 1 7\n');
});
