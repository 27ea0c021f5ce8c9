// The traffic log writes what the log library would have written, to the byte: the library is asked each time.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import type { Logger } from 'pino';
import { Command } from '../wire/command.ts';
import { LOG_LINE_BYTES, LOG_RECORD_BYTES } from '../wire/limits.ts';
import { makeOrigin } from '../wire/messages.ts';
import { printable } from '../wire/printable.ts';
import { RecordView, type StoredRecord } from '../wire/record.ts';
import { openLog } from './log.ts';
import { LogObserver } from './observe.ts';

// More on request: DROVER_TEST_RUNS=100000 node --test dist/src/server/traffic-log.test.js
const numRuns = Number(process.env['DROVER_TEST_RUNS'] ?? 300);

const directory = mkdtempSync(path.join(os.tmpdir(), 'drover-traffic-'));
after(() => rmSync(directory, { recursive: true, force: true }));

/** One event, told to the observer and, in the library's way, to the library. */
interface Told {
  readonly nowMs: number;
  tell(observer: LogObserver): void;
  expect(logger: Logger): void;
}

const nowMs = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31, 23, 59, 59, 999) });
const name = fc.string({ unit: fc.constantFrom('G', 'z', '~', '!', '"', '\\', '{', '8'), minLength: 1, maxLength: 64 });
const worstName = fc.constant('"'.repeat(64));
const names = fc.oneof(name, worstName);

/** Some bytes in the middle of others: any, those that usual lines have, and those that are awkward in JSON. */
const range = fc
  .tuple(
    fc.oneof(
      fc.uint8Array({ maxLength: LOG_LINE_BYTES + 90, size: 'max' }),
      fc.array(fc.constantFrom(...Buffer.from('IAMAT kiwi +34')), { maxLength: LOG_LINE_BYTES + 90, size: 'max' }),
      fc.array(fc.constantFrom(...Buffer.from('aZ ~"\\\r\n\t\0\x7f\x80\xff', 'latin1')), {
        maxLength: 90,
        size: 'max',
      }),
    ),
    fc.nat(9),
    fc.nat(9),
    fc.constantFrom('', '\n', '\r\n'),
  )
  .map(([middle, before, behind, lineEnd]) => {
    const filler = (length: number): Buffer => Buffer.alloc(length, 'X');
    const bytes = Buffer.concat([filler(before), Buffer.from(middle), Buffer.from(lineEnd), filler(behind)]);
    return { bytes: new Uint8Array(bytes), start: before, end: bytes.length - behind };
  });

type Range = typeof range extends fc.Arbitrary<infer R> ? R : never;

function stored({ bytes, start, end }: Range, origin: string, sequence: number): StoredRecord {
  const record = new RecordView();
  record.origin = makeOrigin(origin, 1);
  record.sequence = sequence;
  record.text = bytes;
  record.textStart = start;
  record.clientLength = end - start;
  return record;
}

const received = fc
  .record({ nowMs, connection: fc.maxSafeNat(), range, tooLong: fc.boolean() })
  .map(({ nowMs, connection, range, tooLong }): Told => {
    const line = printable(range.bytes, range.start, range.end);
    return {
      nowMs,
      tell: (observer) => observer.received(connection, { ...range, terminated: true, tooLong }),
      expect: (logger) => logger.info({ connection, line, tooLong }, 'received'),
    };
  });

const sent = fc
  .record({ nowMs, connection: fc.maxSafeNat(), range, replyBytes: fc.maxSafeNat() })
  .map(({ nowMs, connection, range: { bytes, start, end }, replyBytes }): Told => {
    const line = printable(bytes, start, end);
    return {
      nowMs,
      tell: (observer) => observer.sent(connection, bytes, start, end, replyBytes),
      expect: (logger) => logger.info({ connection, line, bytes: replyBytes }, 'sent'),
    };
  });

const stale = fc.record({ nowMs, connection: fc.maxSafeNat(), range }).map(({ nowMs, connection, range }): Told => {
  const command = new Command();
  command.clientStart = range.start;
  command.clientEnd = range.end;
  const line = { bytes: range.bytes, start: 0, end: range.bytes.length, terminated: true, tooLong: false };
  const client = printable(range.bytes, range.start, range.end);
  return {
    nowMs,
    tell: (observer) => observer.stale(connection, line, command),
    expect: (logger) => logger.info({ connection, client }, 'report stale'),
  };
});

const report = fc
  .record({
    nowMs,
    range,
    origin: names,
    sequence: fc.maxSafeNat(),
    who: names,
    kind: fc.constantFrom('own', 'accepted', 'superseded', 'forwarded'),
  })
  .map(({ nowMs, range, origin, sequence, who, kind }): Told => {
    const record = stored(range, origin, sequence);
    const fields = { client: printable(range.bytes, range.start, range.end), origin, sequence };
    const told = { nowMs };
    if (kind === 'own')
      return {
        ...told,
        tell: (observer) => observer.accepted(record, undefined),
        expect: (logger) => logger.info({ ...fields, from: 'client' }, 'report accepted'),
      };
    if (kind === 'accepted')
      return {
        ...told,
        tell: (observer) => observer.accepted(record, who),
        expect: (logger) => logger.info({ ...fields, from: who }, 'report accepted'),
      };
    if (kind === 'superseded')
      return {
        ...told,
        tell: (observer) => observer.superseded(record, who),
        expect: (logger) => logger.info({ ...fields, from: who }, 'report stale'),
      };
    return {
      ...told,
      tell: (observer) => observer.forwarded(record, who),
      expect: (logger) => logger.info({ ...fields, to: who }, 'report forwarded'),
    };
  });

test('every record of traffic has the bytes that the log library would write, in the order of the events', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 0 });
  await fc.assert(
    fc.asyncProperty(
      name,
      fc.array(fc.oneof(received, sent, stale, report), { maxLength: 8 }),
      async (server, events) => {
        const log = openLog(directory, server);
        const observer = new LogObserver(log.logger, log.traffic);
        for (const event of events) {
          // All of a turn has one time.
          await new Promise((resolve) => setImmediate(resolve));
          t.mock.timers.setTime(event.nowMs);
          event.expect(log.logger);
          event.tell(observer);
          // The same millisecond again, whose text is there already.
          event.expect(log.logger);
          event.tell(observer);
        }
        log.close();
        const lines = readFileSync(log.file, 'latin1').split('\n');
        truncateSync(log.file);
        assert.equal(lines.pop(), '');
        assert.equal(lines.length, 4 * events.length);
        for (let index = 0; index < lines.length; index += 2) {
          const [theirs = '', ours = ''] = lines.slice(index);
          assert.deepEqual(JSON.parse(ours), JSON.parse(theirs));
          assert.equal(ours, theirs);
        }
      },
    ),
    { numRuns },
  );
});

test('the longest record there can be fits into the room that is made for one', () => {
  const log = openLog(directory, '"'.repeat(64));
  const observer = new LogObserver(log.logger, log.traffic);
  const range = { bytes: new Uint8Array(2 * LOG_LINE_BYTES), start: 0, end: 2 * LOG_LINE_BYTES };
  observer.forwarded(stored(range, '"'.repeat(64), Number.MAX_SAFE_INTEGER), '"'.repeat(64));
  observer.sent(Number.MAX_SAFE_INTEGER, range.bytes, 0, range.end, Number.MAX_SAFE_INTEGER);
  log.close();
  const lines = readFileSync(log.file, 'utf8').split('\n');
  assert.equal(lines.length, 3);
  for (const line of lines) assert.ok(line.length < LOG_RECORD_BYTES, `${line.length}`);
});

test('without it traffic leaves nothing in the log, and links and faults do', () => {
  const log = openLog(directory, 'quiet');
  const observer = new LogObserver(log.logger, undefined);
  const line = { bytes: Buffer.from('IAMAT x'), start: 0, end: 7, terminated: true, tooLong: false };
  const record = new RecordView();
  observer.received(1, line);
  observer.sent(1, line.bytes, 0, 7, 7);
  observer.stale(1, line, new Command());
  observer.accepted(record, undefined);
  observer.superseded(record, 'Hands');
  observer.forwarded(record, 'Hands');
  observer.dropped(1, 'ECONNRESET');
  observer.dialFailed('Hands', 'ECONNREFUSED');
  log.close();
  const events = readFileSync(log.file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((text) => JSON.parse(text).event);
  assert.deepEqual(events, ['client connection dropped', 'neighbour not reached; dialling on']);
});
