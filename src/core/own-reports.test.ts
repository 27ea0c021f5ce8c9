// Reports that are taken in together beside the same reports taken in one by one: nobody can tell which it was.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { asciiBytes, asciiText, ByteWriter } from '../wire/bytes.ts';
import { Command, parseCommand } from '../wire/command.ts';
import type { Instant } from '../wire/instant.ts';
import { LINE_BYTES, ORDER_LEAD_SECONDS } from '../wire/limits.ts';
import { LineReader } from '../wire/lines.ts';
import { makeOrigin } from '../wire/messages.ts';
import { copyRecord, NewRecord, type StoredRecord } from '../wire/record.ts';
import { ReportsAhead } from '../wire/reports-ahead.ts';
import { Replica } from './replica.ts';
import type { Observer } from './sink.ts';

const NOW = 1000;
const OUT_BYTES = 4096;
const OTHER = makeOrigin('Welsh', 1);
// The last three have no room in a row with some or all locations.
const CLIENTS = ['a', 'b', 'kiwi', 'van-0007', 'w'.repeat(31), 'x'.repeat(43), 'y'.repeat(70)];
const STAMPS = [
  ...['1', '999', '999.5', '1000', '1000.000000001', '1000.000000002', '1004.999999999', '1005', '1005.000000001'],
  ...['1005.000000002', '1005.00000001', '1005.5', '1006', '5000', '0'],
];

const line = fc
  .tuple(
    fc.constantFrom(...CLIENTS, ...CLIENTS.slice(0, 4)),
    fc.constantFrom('+1-2', '+34.06893-118.445127', '-89.999999999999+179.999999999999'),
    fc.constantFrom(...STAMPS),
    // Mostly plain; else what is read one by one.
    fc.constantFrom('', '', '', '', '', '', '', ' ', '\r'),
  )
  .map(
    ([client, location, stamp, odd]) =>
      `IAMAT ${odd.trim()}${odd === ' ' ? ' ' : ''}${client} ${location} ${stamp}${odd === '\r' ? odd : ''}\n`,
  );
/** When the clock shows what, lines come; before them somebody else's record, or somebody forgets a client, or this server begins another life, if anything. */
const chunks = fc.array(
  fc.tuple(
    fc.constantFrom(NOW, NOW, NOW + 1, NOW - 2, NOW - 100),
    fc.constantFrom(undefined, undefined, undefined, 'life', ...CLIENTS.slice(0, 5)),
    fc.boolean(),
    fc.array(line, { minLength: 1, maxLength: 70 }),
  ),
  { minLength: 1, maxLength: 5 },
);

class Server {
  readonly told: string[] = [];
  readonly out = new ByteWriter(OUT_BYTES);
  readonly replica: Replica;
  together = 0;
  private readonly reader = new LineReader(LINE_BYTES, LINE_BYTES);
  private readonly ahead: ReportsAhead;

  constructor() {
    const silent = new Proxy({}, { get: () => () => {} });
    const accepted = (record: StoredRecord): number => this.told.push(shown(record));
    const observer = Object.assign(Object.create(silent), { accepted }) as Observer;
    const options = {
      herd: 'farm',
      self: 'Barn',
      epoch: 7,
      neighbours: [],
      nowMs: 0,
      expireAfterSeconds: 0,
      hashSeed: 5,
    };
    this.replica = new Replica({ ...options, observer });
    this.ahead = new ReportsAhead(this.replica.table.kernel);
  }

  serve(text: string, now: Instant, together: boolean): void {
    const { ahead, out, reader, replica } = this;
    const { reports } = replica;
    const bytes = asciiBytes(text);
    reader.push(bytes);
    for (;;) {
      if (together && reader.isAtLine) {
        reports.readAhead(reader, ahead, now, out);
        const taken = reports.takeAhead(reader, ahead, now, 0, out);
        this.together += taken;
        const report = taken > 0 ? undefined : reader.nextAhead(ahead);
        if (report !== undefined) reports.take(bytes, report, now, 0, out);
        if (taken > 0 || report !== undefined) continue;
      }
      if (!reader.next()) return;
      const command = new Command();
      assert.equal(parseCommand(reader.bytes, reader.start, reader.end, command), 'iamat');
      reports.take(reader.bytes, command, now, 0, out);
    }
  }

  /** Somebody else's record comes, ordered as a report of now is. */
  hear(client: string, seconds: number): void {
    const record = new NewRecord();
    const text = `${client} +3+4 ${seconds}`;
    const at = { seconds, nanoseconds: 1 };
    Object.assign(record, { origin: OTHER, sequence: 1, received: at, order: at, stamp: { seconds, nanoseconds: 0 } });
    Object.assign(record, { text: asciiBytes(text), textStart: 0, textLength: text.length });
    Object.assign(record, { clientLength: client.length, locationLength: '+3+4'.length });
    this.replica.restore(record);
  }

  forget(client: string, now: Instant): void {
    this.replica.forget(asciiBytes(client), now, 0);
  }

  /** Somebody remembers a later life of this server: it goes on in one that nobody knows. */
  liveOn(): void {
    const { name, epoch } = this.replica.self;
    this.replica.origin(name, epoch + 1);
  }

  get state(): unknown {
    const { clients, self, table, vector } = this.replica;
    const records = Array.from(this.replica.records(), shown);
    const heights = Array.from(vector, ([origin, got]) => [origin.name, got.height, got.rangeCount]);
    return [records, clients, table.stored, Array.from(table.kernel.lanes), heights, self.epoch, this.told];
  }
}

function shown(record: StoredRecord): string {
  const { text, origin, ...numbers } = copyRecord(record);
  return `${asciiText(text)} ${origin.name} ${JSON.stringify(numbers)}`;
}

test('reports that are taken in together end as those that are taken in one by one', () => {
  let [served, together] = [0, 0];
  fc.assert(
    fc.property(chunks, (all) => {
      const [singly, jointly] = [new Server(), new Server()];
      for (const [seconds, happens, isForgotten, lines] of all) {
        const now = { seconds, nanoseconds: 0 };
        for (const server of [singly, jointly]) {
          if (happens === 'life') server.liveOn();
          else if (happens !== undefined && isForgotten) server.forget(happens, now);
          else if (happens !== undefined) server.hear(happens, seconds);
          server.serve(lines.join(''), now, server === jointly);
        }
        served += lines.length;
        assert.equal(asciiText(jointly.out.take()), asciiText(singly.out.take()));
        assert.deepEqual(jointly.state, singly.state);
      }
      together += jointly.together;
    }),
    { numRuns: 300 },
  );
  assert.ok(together > served / 5 && together < served, `${together} of ${served} were taken in together`);
});

test('a report that is ordered with the record that is there, or before it, leaves it there; one behind it does not', () => {
  const server = new Server();
  const now = { seconds: NOW, nanoseconds: 0 };
  server.serve('IAMAT emu +1+1 10.000000005\n', now, true);
  const texts = ['10.000000005', '10.000000004', '9.9', '10.000000006', '10.000000006', '11'];
  server.serve(texts.map((stamp, index) => `IAMAT emu +2+${index} ${stamp}\n`).join(''), now, true);
  assert.equal(server.together, texts.length);
  assert.deepEqual(
    server.told.map((record) => record.split(' ').slice(1, 3).join(' ')),
    ['+1+1 10.000000005', '+2+3 10.000000006', '+2+5 11'],
  );
});

test('a stamp from the future counts as received and five seconds, also where reports are taken in together', () => {
  const server = new Server();
  const now = { seconds: NOW, nanoseconds: 0 };
  server.serve('IAMAT emu +1+1 1\n', now, true);
  // Received a nanosecond later, and the next another.
  server.serve('IAMAT emu +1+1 9999\nIAMAT emu +1+2 9999\n', now, true);
  assert.equal(server.together, 2);
  const orders = server.told.slice(1).map((record) => JSON.parse(record.slice(record.indexOf('{'))).order);
  const seconds = NOW + ORDER_LEAD_SECONDS;
  assert.deepEqual(
    orders,
    [1, 2].map((nanoseconds) => ({ seconds, nanoseconds })),
  );
});

test('what another has scanned meanwhile is not taken for what was read ahead', () => {
  const server = new Server();
  const { kernel } = server.replica.table;
  const ahead = new ReportsAhead(kernel);
  const reader = new LineReader(LINE_BYTES, LINE_BYTES);
  reader.push(asciiBytes('IAMAT emu +1+1 1\nIAMAT emu +1+1 2\n'));
  reader.readAhead(ahead);
  assert.equal(reader.countAhead(ahead), 2);
  new ReportsAhead(kernel).read(asciiBytes('IAMAT longer-than-that +1+1 1\n'), 0, LINE_BYTES);
  assert.equal(reader.countAhead(ahead), 0);
  assert.equal(reader.nextAhead(ahead), undefined);
});

test('a client that was forgotten in a later life of the server is known again, by a report of that life', () => {
  const server = new Server();
  const now = { seconds: NOW, nanoseconds: 0 };
  server.serve('IAMAT emu +1+1 1\n', now, true);
  server.liveOn();
  server.forget('emu', now);
  assert.equal(server.replica.lookUp(asciiBytes('emu'), 0, 3, now), undefined);
  server.serve('IAMAT emu +1+2 1004\n', now, true);
  assert.equal(server.together, 1);
  const record = server.replica.lookUp(asciiBytes('emu'), 0, 3, now);
  assert.equal(record?.origin, server.replica.self);
  assert.equal(server.replica.vector.get(server.replica.self)?.height, 2);
});
