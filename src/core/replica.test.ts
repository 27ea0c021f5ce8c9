// Two replicas joined by hand, for what takes an exact order of events: each test is a bug that the simulator found.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asciiBytes, ByteWriter } from '../wire/bytes.ts';
import { Command, parseCommand } from '../wire/command.ts';
import { SILENCE_MS, TICK_MOST_MS, UNACKNOWLEDGED_MS, WINDOW_FIRST_BYTES } from '../wire/limits.ts';
import type { StoredRecord } from '../wire/record.ts';
import type { Link } from './link.ts';
import { Replica } from './replica.ts';
import type { Observer, Transport } from './sink.ts';

/** One server with what it sent, by link. */
class Side {
  readonly replica: Replica;
  readonly forwarded: StoredRecord[] = [];

  constructor(self: string, neighbours: string[], epoch = 1) {
    const nothing = (): void => {};
    const observer: Observer = {
      linkOpened: nothing,
      linkCaughtUp: nothing,
      linkDropped: nothing,
      linkRefused: (_link, reason) => assert.fail(reason),
      accepted: nothing,
      superseded: nothing,
      forwarded: (record) => this.forwarded.push(record),
      marked: nothing,
      repaired: () => assert.fail('nothing was lost'),
      lifeBegun: nothing,
      statusRequested: nothing,
      nearRequested: nothing,
      forgetRequested: nothing,
    };
    this.replica = new Replica({
      herd: 'test',
      self,
      epoch,
      neighbours,
      nowMs: 0,
      expireAfterSeconds: 0,
      hashSeed: 1,
      observer,
    });
  }

  say(client: string, stamp: number): void {
    const line = asciiBytes(`IAMAT ${client} +1+1 ${stamp}`);
    const command = new Command();
    parseCommand(line, 0, line.length, command);
    this.replica.report(line, command, { seconds: 1000, nanoseconds: 0 }, 0, new ByteWriter());
  }
}

const noon = { seconds: 43_200, nanoseconds: 0 };

class Queue implements Transport {
  readonly isLocal = false;
  readonly provenName: undefined;
  readonly frames: Uint8Array[] = [];

  write(bytes: Uint8Array): boolean {
    this.frames.push(bytes.slice());
    return true;
  }

  end(): void {}

  destroy(): void {}
}

interface Wire {
  readonly near: Link;
  readonly far: Link;
  readonly there: Queue;
  readonly back: Queue;
}

function dial(near: Side, far: Side): Wire {
  const [there, back] = [new Queue(), new Queue()];
  const nearLink = near.replica.connected(there, far.replica.self.name, 0);
  return { near: nearLink, far: far.replica.connected(back, undefined, 0), there, back };
}

function deliver(queue: Queue, link: Link, nowMs: number, most = Number.POSITIVE_INFINITY): void {
  for (let count = 0; count < most; count += 1) {
    const frame = queue.frames.shift();
    if (frame === undefined) return;
    link.received(frame, nowMs);
  }
}

/** Hello, challenge, proof and vectors, nothing more. */
function greet({ near, far, there, back }: Wire): void {
  deliver(there, far, 0);
  deliver(back, near, 0);
  deliver(there, far, 0);
  deliver(back, near, 0);
}

test('a link that waits for its neighbour is not overdue: the core would be woken every millisecond', () => {
  const [goloman, hands] = [new Side('Goloman', ['Hands']), new Side('Hands', ['Goloman'])];
  const wire = dial(goloman, hands);
  deliver(wire.there, wire.far, 0);
  deliver(wire.back, wire.near, 0, 1);
  assert.equal(wire.near.state, 'syncing');
  goloman.replica.tick(1500, noon);
  assert.ok(goloman.replica.dueMs() > 1500, 'while the vector has not come');

  deliver(wire.there, wire.far, 1500);
  deliver(wire.back, wire.near, 1500);
  assert.equal(wire.near.state, 'live');
  for (let index = 0; index < 2000; index += 1) goloman.say(`client${index}`, index);
  goloman.replica.flush(1500);
  goloman.say('one more', 1);
  for (const nowMs of [1550, 1600]) {
    goloman.replica.tick(nowMs, noon);
    assert.ok(goloman.replica.dueMs() > nowMs, 'while the window is full');
  }
});

test('a neighbour that falls silent just after this server was stopped for long is noticed in time', () => {
  const [goloman, hands] = [new Side('Goloman', ['Hands']), new Side('Hands', ['Goloman'])];
  const wire = dial(goloman, hands);
  greet(wire);
  hands.replica.tick(1000, noon);
  // Stopped here; when it goes on, the event loop reads its sockets before it looks at its timers.
  const wokenMs = 60_000;
  deliver(wire.back, wire.near, wokenMs);
  for (let nowMs = wokenMs; nowMs <= wokenMs + SILENCE_MS + TICK_MOST_MS; nowMs += TICK_MOST_MS) {
    goloman.replica.tick(nowMs, noon);
  }
  assert.equal(wire.near.state, 'closed');
});

test('a neighbour that waits for ever for the end of a frame whose length was altered is given up', () => {
  const [goloman, hands] = [new Side('Goloman', ['Hands']), new Side('Hands', ['Goloman'])];
  const wire = dial(goloman, hands);
  greet(wire);
  goloman.say('client', 1);
  goloman.replica.flush(0);
  const altered = wire.there.frames[0] as Uint8Array;
  altered[3] = (altered[3] as number) | 1;
  for (let nowMs = 0; nowMs <= UNACKNOWLEDGED_MS + TICK_MOST_MS; nowMs += TICK_MOST_MS) {
    deliver(wire.there, wire.far, nowMs);
    deliver(wire.back, wire.near, nowMs);
    // Both sides go on hearing each other: silence is not what ends it.
    if (nowMs < UNACKNOWLEDGED_MS) assert.deepEqual([wire.near.state, wire.far.state], ['live', 'live']);
    goloman.replica.tick(nowMs, noon);
    hands.replica.tick(nowMs, noon);
  }
  assert.equal(wire.near.state, 'closed');
});

test('two processes that each find their number lost do not go on under the same one', () => {
  const lives = [5, 6].map((epoch) => {
    const { replica } = new Side('Goloman', ['Hands'], epoch);
    replica.origin('Goloman', 10);
    return replica.self.epoch;
  });
  assert.ok(lives.every((epoch) => epoch > 10));
  assert.notEqual(lives[0], lives[1]);
});

test('what was news during a catch-up is not sent again when the catch-up comes to it', () => {
  const [goloman, hands] = [new Side('Goloman', ['Hands']), new Side('Hands', ['Goloman'])];
  for (let index = 0; index < 2900; index += 1) goloman.say(`client${index}`, 1);
  const wire = dial(goloman, hands);
  greet(wire);
  for (let nowMs = 0; nowMs < 500; nowMs += 50) {
    // The catch-up looks from the end: the first client is the last it comes to, when this news is under way.
    if (nowMs === 50) goloman.say('client0', 2);
    while (goloman.replica.flush(nowMs));
    deliver(wire.there, wire.far, nowMs);
    hands.replica.tick(nowMs, noon);
    deliver(wire.back, wire.near, nowMs);
  }
  assert.equal(hands.replica.clients, 2900);
  assert.equal(goloman.forwarded.length, 2900);
});

test('late bytes of an earlier life of a neighbour do not pass for what its new life has (ssb-ebt#48)', () => {
  const [goloman, hands] = [new Side('Goloman', ['Hands']), new Side('Hands', ['Goloman'])];
  const old = dial(goloman, hands);
  greet(old);
  hands.say('kiwi', 1);
  hands.replica.flush(0);
  // Goloman leaves the old connection, and what Hands sent on it is still on its way when Hands starts again with nothing.
  old.near.leave('replaced by another connection', 0);
  const again = new Side('Hands', ['Goloman'], 2);
  const wire = dial(goloman, again);
  greet(wire);
  deliver(old.back, old.near, 0);
  goloman.replica.flush(0);
  deliver(wire.there, wire.far, 0);
  assert.equal(again.replica.clients, 1);
});

test('a catch-up does not put more on its way than the window lets: newer records would have to wait behind it', () => {
  const [goloman, hands] = [new Side('Goloman', ['Hands']), new Side('Hands', ['Goloman'])];
  for (let index = 0; index < 2000; index += 1) goloman.say(`client${index}`, 1);
  const wire = dial(goloman, hands);
  greet(wire);
  goloman.replica.flush(0);
  const bytes = wire.there.frames.reduce((sum, frame) => sum + frame.length, 0);
  assert.ok(bytes < 1.2 * WINDOW_FIRST_BYTES, `${bytes} bytes`);
});
