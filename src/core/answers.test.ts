// Lines that are printed ahead are those that are printed one by one, or are not taken: whatever comes between.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { asciiBytes, asciiText, ByteWriter } from '../wire/bytes.ts';
import { Command, parseCommand } from '../wire/command.ts';
import { compareInstants } from '../wire/instant.ts';
import { Kernel } from '../wire/kernel.ts';
import { LINE_BYTES, REPORTS_AHEAD } from '../wire/limits.ts';
import { NewRecord } from '../wire/record.ts';
import { ReportsAhead } from '../wire/reports-ahead.ts';
import { Answers } from './answers.ts';

/** Capacity of a writer: some windows have room in it, and some do not. */
const OUT_BYTES = 4000;
const BILLION = 1_000_000_000n;

const stamp = fc.oneof(
  fc.constantFrom('0', '9223372035.999999999', '1700000000.000000001', '1699999999.999999999', '1700000000'),
  fc.bigInt({ min: 0n, max: 9_223_372_036n * BILLION - 1n }).map(decimal),
  fc.bigInt({ min: 1_699_999_000n * BILLION, max: 1_700_001_000n * BILLION }).map(decimal),
);
const client = fc.oneof({ weight: 6, arbitrary: fc.stringMatching(/^[!-~]{1,40}$/) }, fc.constant('x'.repeat(300)));
const report = fc
  .tuple(client, fc.constantFrom('+1-2', '-33.86705222+151.1957'), stamp)
  .map((parts) => parts.join(' '));
const reports = fc.array(report, { minLength: 1, maxLength: REPORTS_AHEAD });
const now = fc.record({
  seconds: fc.oneof(
    { weight: 4, arbitrary: fc.constant(1_700_000_000) },
    fc.constantFrom(0, -1, -5, 9_223_372_035, 9_223_372_036, 2 ** 40),
  ),
  nanoseconds: fc.oneof(fc.constantFrom(0, 999_999_999, 999_999_990), fc.nat(999_999_999)),
});
/** What happens before some reports of a window are served, or instead. */
const between = fc.constantFrom(
  ...['a line', 'nothing is found any more', 'the turn ends', 'one again', 'one elsewhere', 'the clock moves'],
  ...['the reply goes elsewhere', 'another instead'],
);
const windows = fc.array(fc.tuple(now, reports, fc.array(fc.tuple(fc.nat(REPORTS_AHEAD), between), { maxLength: 3 })), {
  minLength: 1,
  maxLength: 6,
});

/** Nanoseconds as seconds with nine decimals. */
function decimal(nanoseconds: bigint): string {
  const digits = nanoseconds.toString().padStart(10, '0');
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

function nanosecondsOf(text: string): bigint {
  const [seconds = '', decimals = ''] = text.split('.');
  return BigInt(seconds) * BILLION + BigInt(decimals.padEnd(9, '0'));
}

/** The line by BigInt, and not by the code under test. */
function lineFor(name: string, received: { seconds: number; nanoseconds: number }, text: string): string {
  const skew =
    BigInt(received.seconds) * BILLION + BigInt(received.nanoseconds) - nanosecondsOf(text.split(' ')[2] as string);
  return `AT ${name} ${skew < 0n ? `-${decimal(-skew)}` : `+${decimal(skew)}`} ${text}\n`;
}

for (const name of ['Hands', 'a', 'n'.repeat(124), 'n'.repeat(125)]) {
  test(`lines are the same however they come, of a server with a name of ${name.length} bytes`, () => {
    let [served, printedAhead] = [0, 0];
    const kernel = new Kernel();
    const ahead = new ReportsAhead(kernel);
    fc.assert(
      fc.property(windows, (all) => {
        const answers = new Answers(kernel, asciiBytes(name));
        const into = new NewRecord();
        const out = new ByteWriter(OUT_BYTES);
        let spare: Uint8Array = new Uint8Array(OUT_BYTES);
        for (const [shown, texts, events] of all) {
          const clock = { ...shown };
          const bytes = asciiBytes(texts.map((text) => `IAMAT ${text}\n`).join(''));
          ahead.read(bytes, 0, LINE_BYTES);
          const found = ahead.count;
          answers.ahead(found, clock, out);
          for (let index = 0; index < found; index += 1) {
            const text = texts[index] as string;
            const command = ahead.report(index);
            const event = events.find(([at]) => at === index)?.[1];
            let to = out;
            if (event === 'a line') out.ascii('? what\n');
            if (event === 'nothing is found any more') kernel.forget();
            if (event === 'the turn ends') {
              answers.drop();
              const { bytes } = out;
              [out.bytes, spare] = [spare, bytes];
              out.length = 0;
            }
            if (event === 'one again') serveOne(answers, text, clock, into, out);
            if (event === 'one elsewhere' || event === 'another instead') {
              serveOne(answers, text, clock, into, new ByteWriter());
            }
            if (event === 'another instead') continue;
            if (event === 'the clock moves') clock.seconds += 1;
            if (event === 'the reply goes elsewhere') {
              to = new ByteWriter(OUT_BYTES);
              to.length = out.length;
            }
            const start = to.length;
            // So that what is there already can be told from what is printed now.
            const before = asciiText(to.bytes, start, Math.min(to.bytes.length, start + 500));
            const last = { ...into.received };
            answers.write(bytes, command, clock, into, to);
            // Later than the one before, unless the clock was set back.
            const isLater = compareInstants(into.received, last) > 0 || compareInstants(into.received, clock) === 0;
            assert.ok(index === 0 || isLater);
            const expected = lineFor(name, into.received, text);
            assert.equal(asciiText(to.bytes, start, to.length), expected);
            assert.equal(asciiText(into.text, into.textStart, into.textStart + into.textLength), text);
            served += 1;
            if (event === undefined && before.startsWith(expected)) printedAhead += 1;
          }
        }
      }),
      { numRuns: 300 },
    );
    if (name.length < 125) assert.ok(printedAhead > served / 4, `${printedAhead} of ${served} were printed ahead`);
    else assert.equal(printedAhead, 0);
  });
}

function serveOne(
  answers: Answers,
  text: string,
  now: { seconds: number; nanoseconds: number },
  into: NewRecord,
  out: ByteWriter,
): void {
  const line = asciiBytes(`IAMAT ${text}`);
  const command = new Command();
  assert.equal(parseCommand(line, 0, line.length, command), 'iamat');
  answers.write(line, command, now, into, out);
}

class Told {
  readonly kernel = new Kernel();
  readonly answers = new Answers(this.kernel, asciiBytes('Hands'));
  readonly out = new ByteWriter(OUT_BYTES);
  readonly clock = { seconds: 100, nanoseconds: 0 };

  /** Reads reports ahead; what is returned serves one of them, and says what was printed. */
  read(text: string): (index: number) => string {
    const bytes = asciiBytes(text);
    const ahead = new ReportsAhead(this.kernel);
    ahead.read(bytes, 0, LINE_BYTES);
    const reports = Array.from({ length: ahead.count }, () => new Command());
    for (const [row, report] of reports.entries())
      Object.assign(report, ahead.report(row), { stamp: { ...ahead.report(row).stamp } });
    return (index) => {
      const start = this.out.length;
      this.answers.write(bytes, reports[index] as Command, this.clock, new NewRecord(), this.out);
      return asciiText(this.out.bytes, start, this.out.length);
    };
  }
}

test('what was printed before a turn ended is not taken for what is asked in the next, at the same place of the same buffer', () => {
  const told = new Told();
  const serve = told.read('IAMAT ant +1+1 1\n');
  told.answers.ahead(1, told.clock, told.out);
  told.answers.drop();
  // Another turn prints something else there, and is sent.
  told.out.ascii('x'.repeat(100));
  told.out.reset();
  assert.equal(serve(0), 'AT Hands +99.000000000 ant +1+1 1\n');
});

test('what was printed for one scan is not taken for what another found', () => {
  const told = new Told();
  told.read('IAMAT ant +1+1 1\n');
  told.answers.ahead(1, told.clock, told.out);
  const serve = told.read('IAMAT bee +1+1 2\n');
  assert.equal(serve(0), 'AT Hands +98.000000000 bee +1+1 2\n');
});

test('how long a reply is does not come from what was scanned and printed later', () => {
  const told = new Told();
  const serve = told.read('IAMAT ant +1+1 1\n');
  told.answers.ahead(1, told.clock, told.out);
  told.read('IAMAT an-ant-with-a-longer-name +1+1 1\n');
  new Answers(told.kernel, asciiBytes('Hands')).ahead(1, told.clock, new ByteWriter(OUT_BYTES));
  assert.equal(serve(0), 'AT Hands +99.000000000 ant +1+1 1\n');
});

test('a reply is not taken with that of a report that was not served', () => {
  const told = new Told();
  const serve = told.read('IAMAT ant +1+1 1\nIAMAT bee +1+1 1\nIAMAT cat +1+1 1\n');
  told.answers.ahead(3, told.clock, told.out);
  assert.equal(serve(0), 'AT Hands +99.000000000 ant +1+1 1\n');
  serveOne(told.answers, 'bee +1+1 1', told.clock, new NewRecord(), new ByteWriter());
  assert.equal(serve(2), 'AT Hands +99.000000002 cat +1+1 1\n');
});
