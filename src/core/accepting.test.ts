// Records of a batch that the kernel takes in together, beside the same records taken in one by one: nobody can tell which it was.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { asciiBytes, asciiText, ByteWriter } from '../wire/bytes.ts';
import { beginFrame, endFrame, type FrameName, NEWEST_VERSION } from '../wire/frame.ts';
import { parseStamp } from '../wire/instant.ts';
import { ROW_INTEGERS, SLOT } from '../wire/kernel.ts';
import { makeOrigin, writeOrigins } from '../wire/messages.ts';
import { copyRecord, NewRecord, type StoredRecord, writeRecord } from '../wire/record.ts';
import type { Link } from './link.ts';
import { orderTime } from './order.ts';
import { Replica } from './replica.ts';
import type { Observer, Transport } from './sink.ts';

const NOW = { seconds: 1000, nanoseconds: 0 };
// The last is the receiver itself in its present life.
const ORIGINS = [makeOrigin('Hands', 1), makeOrigin('Wilkes', 1), makeOrigin('Wilkes', 2), makeOrigin('Barn', 7)];
const SHORT = ['a', 'b', 'c', 'kiwi', 'van-0007'];
// The last have no room in a row, with some or all locations, or cannot be read ahead.
const CLIENTS = [...SHORT, 'w'.repeat(31), 'x'.repeat(43), 'z'.repeat(130)];
/** What a batch goes on with, unless it is a time later than all before. */
const STAMPS = ['1', '999', '999.5', '1000', '1000.000000001', '1004.999999999', '1005', '1005.5', '1006', '5000'];
const RISING = 'rising';

function rarely<Value>(often: Value, times: number, ...seldom: Value[]): fc.Arbitrary<Value> {
  return fc.oneof(
    { weight: times, arbitrary: fc.constant(often) },
    { weight: 1, arbitrary: fc.constantFrom(...seldom) },
  );
}

const record = fc.record({
  client: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...SHORT) }, fc.constantFrom(...CLIENTS)),
  location: rarely('+1-2', 3, '+34.06893-118.445127', '-89.999999999999+179.999999999999'),
  stamp: rarely(RISING, 2, ...STAMPS),
  receivedSeconds: rarely(1000, 3, 1001, 990),
  origin: rarely(0, 3, 1, 2, 3),
  /** 0 is the next. */
  sequence: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 60 })),
  forgotten: rarely(false, 60, true),
  dishonest: rarely('no', 300, 'a second', 'a nanosecond'),
  /** The one before comes again instead. */
  repeats: rarely(false, 10, true),
});
type Told = typeof record extends fc.Arbitrary<infer One> ? One : never;
/** What is done between batches: somebody is forgotten, or something happens to the link to Welsh. */
const between = fc.constantFrom('', '', '', 'time', 'full', 'drained', 'prune', 'graft', ...SHORT);
const batches = fc.array(fc.tuple(fc.array(record, { minLength: 1, maxLength: 70 }), between), {
  minLength: 1,
  maxLength: 8,
});

function shown(one: StoredRecord): string {
  const { text, origin, ...rest } = copyRecord(one);
  return `${origin.name} ${origin.epoch} ${asciiText(text, 0, text.length)} ${JSON.stringify(rest)}`;
}

/** `number` counts all records of all batches. */
function recordOf(told: Told, number: number): NewRecord {
  const { client, location, receivedSeconds, origin, forgotten, dishonest } = told;
  const rising = `${1000 + Math.floor(number / 100)}.${String(number).padStart(9, '0')}`;
  const stamp = told.stamp === RISING ? rising : told.stamp;
  const made = new NewRecord();
  const text = asciiBytes(`${client} ${location} ${stamp}`);
  made.origin = ORIGINS[origin] as (typeof ORIGINS)[0];
  made.sequence = told.sequence === 0 ? 60 + number : told.sequence;
  made.received.seconds = receivedSeconds;
  parseStamp(text, text.length - stamp.length, text.length, made.stamp);
  orderTime(made.stamp, made.received, made.order);
  // No server orders a report so.
  if (dishonest === 'a second') made.order.seconds -= 1;
  if (dishonest === 'a nanosecond') made.order.nanoseconds += made.order.nanoseconds > 0 ? -1 : 1;
  made.text = text;
  made.textLength = text.length;
  made.clientLength = client.length;
  made.locationLength = location.length;
  made.forgotten = forgotten;
  return made;
}

function frameOf(records: readonly Told[], firstNumber: number): Uint8Array {
  return frame('records', (out) => {
    writeOrigins(out, ORIGINS);
    out.varint(records.length);
    let at = 0;
    for (const [index, { repeats }] of records.entries()) {
      if (!repeats) at = index;
      const one = records[at] as Told;
      writeRecord(out, recordOf(one, firstNumber + at), one.origin);
    }
    out.varint(0);
  });
}

function frame(name: FrameName, write: (out: ByteWriter) => void): Uint8Array {
  const out = new ByteWriter();
  const begin = beginFrame(out, name, NEWEST_VERSION);
  write(out);
  endFrame(out, begin);
  return out.take();
}

class Wire implements Transport {
  readonly isLocal = false;
  readonly provenName: undefined;
  frames: Uint8Array[] = [];
  isFull = false;

  write(bytes: Uint8Array): boolean {
    this.frames.push(bytes.slice());
    return !this.isFull;
  }

  end(): void {}

  destroy(): void {}
}

function makeReplica(self: string, epoch: number, neighbours: readonly string[], told: string[]): Replica {
  const silent = new Proxy({}, { get: () => () => {} });
  const observer = Object.assign(Object.create(silent), {
    accepted: (one: StoredRecord, from: string) => told.push(`accepted ${from} ${shown(one)}`),
    superseded: (one: StoredRecord, from: string) => told.push(`superseded ${from} ${shown(one)}`),
    forwarded: (one: StoredRecord, to: string) => told.push(`forwarded ${to} ${shown(one)}`),
    repaired: (_link: Link, count: number) => told.push(`repaired ${count}`),
    linkRefused: (_link: Link, reason: string) => told.push(`refused ${reason}`),
    lifeBegun: (begun: number) => told.push(`life ${begun}`),
  }) as Observer;
  const options = { herd: 'farm', self, epoch, neighbours, nowMs: 0, expireAfterSeconds: 0, hashSeed: 5 };
  return new Replica({ ...options, observer });
}

/** A server with a link from Hands and one to Welsh. */
class Server {
  readonly told: string[] = [];
  readonly replica: Replica = makeReplica('Barn', 7, ['Hands', 'Welsh'], this.told);
  /** What the kernel took in: records, those that won, and those of them that won over one of the same call. */
  readonly counts = { together: 0, won: 0, again: 0 };
  private readonly toHands = new Wire();
  private readonly toWelsh = new Wire();
  private readonly hands: Link;
  private readonly welsh: Link;
  private nowMs = 0;
  private number = 0;

  constructor(isTogether: boolean) {
    const { kernel } = this.replica.table;
    const accept = kernel.accept.bind(kernel);
    kernel.accept = (first, count, origin, originHash) => {
      if (!isTogether) return first;
      const end = accept(first, count, origin, originHash);
      const winners = Array.from({ length: end - first }, (_, index) => first + index).filter((row) =>
        kernel.hasWon(row),
      );
      const slots = new Set(winners.map((row) => kernel.integers[row * ROW_INTEGERS + SLOT]));
      this.counts.together += end - first;
      this.counts.won += winners.length;
      this.counts.again += winners.length - slots.size;
      return end;
    };
    this.hands = this.link('Hands', this.toHands);
    this.welsh = this.link('Welsh', this.toWelsh);
  }

  /** Somebody dials and is greeted. */
  private link(name: string, wire: Wire): Link {
    const there = new Wire();
    const caller = makeReplica(name, 1, ['Barn'], []).connected(there, 'Barn', 0);
    const link = this.replica.connected(wire, undefined, 0);
    while (there.frames.length + wire.frames.length > 0) {
      for (const frame of there.frames.splice(0)) link.received(frame, 0);
      for (const frame of wire.frames.splice(0)) caller.received(frame, 0);
    }
    assert.equal(link.state, 'live');
    return link;
  }

  receive(records: readonly Told[]): void {
    this.hands.received(frameOf(records, this.number), this.nowMs);
    this.number += records.length;
    this.replica.flush(this.nowMs);
  }

  happen(what: string): void {
    this.nowMs += what === 'time' ? 200 : 1;
    if (what === 'time') this.replica.tick(this.nowMs, NOW);
    else if (what === 'full') this.toWelsh.isFull = true;
    else if (what === 'drained') {
      this.toWelsh.isFull = false;
      this.welsh.drained(this.nowMs);
    } else if (what === 'prune' || what === 'graft') {
      const [origin] = ORIGINS;
      if (origin !== undefined)
        this.welsh.received(
          frame(what, (out) => writeOrigins(out, [origin])),
          this.nowMs,
        );
    } else if (what !== '') this.replica.forget(asciiBytes(what), NOW, this.nowMs);
  }

  /** An origin has a number in the table as long as there is a record of it. */
  checkNames(): void {
    const { table, vector } = this.replica;
    const named = new Set(Array.from(this.replica.records(), ({ origin }) => origin));
    for (const origin of vector.keys()) assert.equal(table.names(origin), named.has(origin));
  }

  get state(): unknown {
    const { clients, self, table, vector } = this.replica;
    const { state, receiving, sending } = this.hands;
    const ranges = (
      { name, epoch }: { name: string; epoch: number },
      got: { height: number; above(): readonly number[] },
    ) => [name, epoch, got.height, ...got.above()].join(' ');
    return {
      records: Array.from(this.replica.records(), shown),
      ...{ clients, stored: table.stored, lanes: Array.from(table.kernel.lanes), epoch: self.epoch, told: this.told },
      has: Array.from(vector, ([origin, got]) => ranges(origin, got)),
      handsHas: Array.from(sending?.peer ?? [], ([origin, got]) => ranges(origin, got)),
      ...{ state, came: receiving.records, twice: receiving.duplicates, repairs: receiving.repairs },
      said: [this.toHands, this.toWelsh].map(({ frames }) => frames.map((one) => Buffer.from(one).toString('hex'))),
    };
  }
}

test('records that the kernel takes in together are as those that are taken in one by one', () => {
  const counts = { together: 0, won: 0, again: 0, refused: 0 };
  fc.assert(
    fc.property(batches, (all) => {
      const [fast, slow] = [new Server(true), new Server(false)];
      for (const [records, what] of all) {
        for (const server of [fast, slow]) {
          server.happen(what);
          server.receive(records);
        }
        assert.deepEqual(fast.state, slow.state);
        fast.checkNames();
      }
      counts.together += fast.counts.together;
      counts.won += fast.counts.won;
      counts.again += fast.counts.again;
      if (fast.told.some((one) => one.startsWith('refused'))) counts.refused += 1;
    }),
    { numRuns: 300 },
  );
  const { together, won, again, refused } = counts;
  assert.ok(together > 2500 && won > 700 && again > 60 && refused > 8, JSON.stringify(counts));
});
