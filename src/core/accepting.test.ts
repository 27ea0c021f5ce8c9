// Records of a batch that the kernel takes in together, beside the same records taken in one by one: nobody can tell which it was.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { asciiBytes, asciiText, ByteWriter } from '../wire/bytes.ts';
import { beginFrame, endFrame, NEWEST_VERSION } from '../wire/frame.ts';
import { parseStamp } from '../wire/instant.ts';
import { makeOrigin, writeOrigins } from '../wire/messages.ts';
import { copyRecord, NewRecord, type StoredRecord, writeRecord } from '../wire/record.ts';
import type { Link } from './link.ts';
import { orderTime } from './order.ts';
import { Replica } from './replica.ts';
import type { Observer, Transport } from './sink.ts';

const NOW = { seconds: 1000, nanoseconds: 0 };
// The last is the receiver itself in its present life.
const ORIGINS = [makeOrigin('Hands', 1), makeOrigin('Wilkes', 1), makeOrigin('Wilkes', 2), makeOrigin('Barn', 7)];
// The last have no room in a row, with some or all locations, or cannot be read ahead.
const CLIENTS = ['a', 'b', 'kiwi', 'van-0007', 'w'.repeat(31), 'x'.repeat(43), 'z'.repeat(130)];
const STAMPS = ['1', '999', '999.5', '1000', '1000.000000001', '1004.999999999', '1005', '1005.5', '1006', '5000'];

const record = fc.record({
  client: fc.constantFrom(...CLIENTS, ...CLIENTS.slice(0, 4), ...CLIENTS.slice(0, 4)),
  location: fc.constantFrom('+1-2', '+34.06893-118.445127', '-89.999999999999+179.999999999999'),
  stamp: fc.constantFrom(...STAMPS),
  receivedSeconds: fc.constantFrom(1000, 1000, 1000, 1001, 990),
  origin: fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 2, 3),
  sequence: fc.integer({ min: 1, max: 60 }),
  forgotten: fc.constantFrom(...Array.from({ length: 20 }, () => false), true),
  dishonest: fc.constantFrom(...Array.from({ length: 80 }, () => 'no'), 'a second', 'a nanosecond'),
});
type Told = typeof record extends fc.Arbitrary<infer One> ? One : never;
/** Batches, and before each somebody who is forgotten, if that client is there. */
const batches = fc.array(
  fc.tuple(fc.array(record, { minLength: 1, maxLength: 70 }), fc.constantFrom('', '', ...CLIENTS.slice(0, 5))),
  { minLength: 1, maxLength: 6 },
);

function shown(one: StoredRecord): string {
  const { text, origin, ...rest } = copyRecord(one);
  return `${origin.name} ${origin.epoch} ${asciiText(text, 0, text.length)} ${JSON.stringify(rest)}`;
}

function recordOf({
  client,
  location,
  stamp,
  receivedSeconds,
  origin,
  sequence,
  forgotten,
  dishonest,
}: Told): NewRecord {
  const made = new NewRecord();
  const text = asciiBytes(`${client} ${location} ${stamp}`);
  made.origin = ORIGINS[origin] as (typeof ORIGINS)[0];
  made.sequence = sequence;
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

function frameOf(records: readonly Told[]): Uint8Array {
  const out = new ByteWriter();
  const begin = beginFrame(out, 'records', NEWEST_VERSION);
  writeOrigins(out, ORIGINS);
  out.varint(records.length);
  for (const one of records) writeRecord(out, recordOf(one), one.origin);
  out.varint(0);
  endFrame(out, begin);
  return out.take();
}

class Wire implements Transport {
  readonly isLocal = false;
  readonly provenName: undefined;
  frames: Uint8Array[] = [];

  write(bytes: Uint8Array): boolean {
    this.frames.push(bytes.slice());
    return true;
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
  together = 0;
  private readonly fromHands: Link;
  private readonly toWelsh = new Wire();

  constructor(isTogether: boolean) {
    const { kernel } = this.replica.table;
    const accept = kernel.accept.bind(kernel);
    kernel.accept = (first, count, origin, originHash) => {
      const end = isTogether ? accept(first, count, origin, originHash) : first;
      this.together += end - first;
      return end;
    };
    this.fromHands = this.link('Hands', new Wire());
    this.link('Welsh', this.toWelsh);
    this.toWelsh.frames = [];
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

  receive(records: readonly Told[], nowMs: number): void {
    this.fromHands.received(frameOf(records), nowMs);
    this.replica.flush(nowMs);
  }

  get state(): unknown {
    const { clients, self, table, vector } = this.replica;
    const { state, receiving, sending } = this.fromHands;
    const ranges = (
      { name, epoch }: { name: string; epoch: number },
      got: { height: number; above(): readonly number[] },
    ) => [name, epoch, got.height, ...got.above()].join(' ');
    return {
      records: Array.from(this.replica.records(), shown),
      ...{ clients, stored: table.stored, lanes: Array.from(table.kernel.lanes), epoch: self.epoch, told: this.told },
      has: Array.from(vector, ([origin, got]) => [ranges(origin, got), table.names(origin)]),
      handsHas: Array.from(sending?.peer ?? [], ([origin, got]) => ranges(origin, got)),
      ...{ state, came: receiving.records, twice: receiving.duplicates, repairs: receiving.repairs },
      passedOn: this.toWelsh.frames.map((frame) => Buffer.from(frame).toString('hex')),
    };
  }
}

test('records that the kernel takes in together are as those that are taken in one by one', () => {
  let together = 0;
  let refused = 0;
  fc.assert(
    fc.property(batches, (all) => {
      const [fast, slow] = [new Server(true), new Server(false)];
      for (const [index, [records, forgotten]] of all.entries()) {
        for (const server of [fast, slow]) {
          if (forgotten !== '') server.replica.forget(asciiBytes(forgotten), NOW, index);
          server.receive(records, index);
        }
        assert.deepEqual(fast.state, slow.state);
      }
      assert.equal(slow.together, 0);
      together += fast.together;
      if (fast.told.some((one) => one.startsWith('refused'))) refused += 1;
    }),
    { numRuns: 300 },
  );
  assert.ok(together > 1000, `${together} records were taken in together`);
  assert.ok(refused > 5, `${refused} batches were refused`);
});
