// Measures what the log costs a report (a line received, the report accepted, a reply sent), as processor time: by the log
// library, by the traffic log and with traffic left out. Prints the figures of docs/decisions/0008-traffic-log.md:
// `npm run build && node scripts/measure-log.mjs [DIRECTORY]`.
import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { madeRecord } from '../dist/src/journal/made-records.js';
import { openLog } from '../dist/src/server/log.js';
import { LogObserver } from '../dist/src/server/observe.js';
import { makeOrigin } from '../dist/src/wire/messages.js';
import { printable } from '../dist/src/wire/printable.js';

const REPORTS = 100_000;
const ROUNDS = 9;
const root = mkdtempSync(path.join(process.argv[2] ?? os.tmpdir(), 'drover-measure-'));
const log = openLog(root, 'Goloman');
const record = madeRecord(makeOrigin('Goloman', 1), 123_456, 'device-0000000012345', 0);
const text = Buffer.from(record.text).toString();
const bytes = Buffer.from(`IAMAT ${text}`);
const line = { bytes, start: 0, end: bytes.length, terminated: true, tooLong: false };
const reply = Buffer.from(`AT Goloman +0.263873386 ${text}\n`);

/** The same records as the log library makes them. */
const library = {
  received: (connection) =>
    log.logger.info({ connection, line: printable(bytes, 0, bytes.length), tooLong: false }, 'received'),
  accepted: ({ text, clientLength, origin, sequence }) =>
    log.logger.info(
      { client: printable(text, 0, clientLength), origin: origin.name, sequence, from: 'client' },
      'report accepted',
    ),
  sent: (connection, bytes, start, end, replyBytes) =>
    log.logger.info({ connection, line: printable(bytes, start, end), bytes: replyBytes }, 'sent'),
};
const ways = {
  'the log library': library,
  'the traffic log': new LogObserver(log.logger, log.traffic),
  'log.traffic false': new LogObserver(log.logger, undefined),
};

function round(observer) {
  const before = process.cpuUsage();
  for (let count = 0; count < REPORTS; count += 1) {
    observer.received(7, line);
    observer.accepted(record, undefined);
    observer.sent(7, reply, 0, reply.length, reply.length);
  }
  const { user, system } = process.cpuUsage(before);
  truncateSync(log.file);
  return (user + system) / REPORTS;
}

// In turns, so that what else the machine does meets all of them.
const costs = Object.keys(ways).map(() => []);
for (let count = 0; count < ROUNDS; count += 1) {
  for (const [index, observer] of Object.values(ways).entries()) costs[index].push(round(observer));
}
for (const [index, way] of Object.keys(ways).entries()) {
  const sorted = costs[index].sort((left, right) => left - right);
  const [least, median] = [sorted[0], sorted[(ROUNDS - 1) / 2]].map((cost) => cost.toFixed(3));
  console.log(`| ${way} | ${median} µs a report (at best ${least}) |`);
}
log.close();
rmSync(root, { recursive: true });
