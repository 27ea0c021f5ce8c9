// What the kernel has found counts only for what was found, and only until something else is: a replica that is told in an order in which it
// could be taken for another's.
import assert from 'node:assert/strict';
import test from 'node:test';
import { asciiBytes, asciiText, ByteReader, ByteWriter } from '../wire/bytes.ts';
import { Command, parseCommand } from '../wire/command.ts';
import { Kernel } from '../wire/kernel.ts';
import { LINE_BYTES } from '../wire/limits.ts';
import { makeOrigin } from '../wire/messages.ts';
import { type NewRecord, type StoredRecord, writeRecord } from '../wire/record.ts';
import { RecordsAhead } from '../wire/records-ahead.ts';
import { ReportsAhead } from '../wire/reports-ahead.ts';
import { Replica } from './replica.ts';

const NOW = { seconds: 1000, nanoseconds: 0 };

class Told {
  readonly replica: Replica;
  readonly ahead: ReportsAhead;

  constructor() {
    const nothing = (): void => {};
    this.replica = new Replica({
      herd: 'test',
      self: 'Hands',
      epoch: 1,
      neighbours: [],
      nowMs: 0,
      expireAfterSeconds: 0,
      hashSeed: 1,
      observer: {
        linkOpened: nothing,
        linkCaughtUp: nothing,
        linkDropped: nothing,
        linkRefused: nothing,
        accepted: nothing,
        superseded: nothing,
        forwarded: nothing,
        marked: nothing,
        repaired: nothing,
        lifeBegun: nothing,
        statusRequested: nothing,
        nearRequested: nothing,
        forgetRequested: nothing,
      },
    });
    this.ahead = new ReportsAhead(this.replica.table.kernel);
  }

  /** Reads reports ahead; what is returned serves the next of them. */
  read(text: string): () => void {
    const bytes = asciiBytes(text);
    this.ahead.read(bytes, 0, LINE_BYTES);
    this.replica.table.expect(this.ahead);
    const reports = Array.from({ length: this.ahead.count }, (_, row) => this.ahead.report(row));
    return () => this.serve(bytes, reports.shift() as Command);
  }

  one(line: string): void {
    const bytes = asciiBytes(line);
    const command = new Command();
    assert.equal(parseCommand(bytes, 0, bytes.length, command), 'iamat');
    this.serve(bytes, command);
  }

  shown(client: string): string | undefined {
    const record = this.replica.lookUp(asciiBytes(client), 0, client.length, NOW);
    return record && asciiText(record.text);
  }

  private serve(bytes: Uint8Array, report: Command): void {
    this.replica.report(bytes, report, NOW, 0, new ByteWriter());
  }
}

test('a report that was parsed by itself, or a client that is forgotten, is not what was read ahead before', () => {
  const told = new Told();
  told.one('IAMAT ant +1+1 1');
  told.one('IAMAT bee +1+1 1');
  const next = told.read('IAMAT ant +2+2 2\nIAMAT bee +2+2 2\n');
  next();
  told.one('IAMAT bee  +3+3 3');
  assert.deepEqual([told.shown('ant'), told.shown('bee')], ['ant +2+2 2', 'bee +3+3 3']);
  // Stale, and looked at all the same.
  next();
  assert.equal(told.shown('bee'), 'bee +3+3 3');
  assert.ok(told.replica.forget(asciiBytes('bee'), NOW, 0));
  assert.deepEqual([told.shown('ant'), told.shown('bee')], ['ant +2+2 2', undefined]);
});

test('a report that was read ahead is stored as it is, though other bytes were scanned before it was served', () => {
  const told = new Told();
  told.one('IAMAT ant +1+1 1');
  told.one('IAMAT bee +1+1 1');
  const next = told.read('IAMAT ant +2+2 2\nIAMAT bee +2+2 2\n');
  next();
  const others = new ReportsAhead(told.replica.table.kernel);
  others.read(asciiBytes('IAMAT cow +5+5 5\nIAMAT dog +6+6 6\n'), 0, LINE_BYTES);
  assert.equal(others.count, 2);
  next();
  assert.deepEqual([told.shown('ant'), told.shown('bee')], ['ant +2+2 2', 'bee +2+2 2']);
});

test("a record that another kernel has read is not taken for one of the table's own", () => {
  const told = new Told();
  told.one('IAMAT ant +1+1 1');
  told.read('IAMAT bee +9+9 9\n');
  const origin = makeOrigin('Hands', 1);
  const log = new RecordsAhead(new Kernel());
  // So many scans that both kernels would have counted to the same number.
  for (let stamp = 2; stamp < 20; stamp += 1) {
    const text = asciiBytes(`ant +1+1 ${stamp}`);
    const at = { seconds: stamp, nanoseconds: 0 };
    const record: StoredRecord = {
      ...{ origin, sequence: stamp, received: NOW, order: at, stamp: at, forgotten: false },
      ...{ text, textStart: 0, textLength: text.length, clientLength: 3, locationLength: 4 },
    };
    const out = new ByteWriter();
    writeRecord(out, record, 0);
    log.read(new ByteReader(out.take()), [told.replica.self], 1);
    told.replica.restore(log.sought[0] as NewRecord);
    assert.equal(told.shown('ant'), `ant +1+1 ${stamp}`);
  }
});
