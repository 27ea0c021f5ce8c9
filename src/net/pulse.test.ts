// The end of a turn: who waits for something to come about is told then, and once; and what is kept while the disk takes its time.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Replica } from '../core/replica.ts';
import type { Observer } from '../core/sink.ts';
import { ByteWriter } from '../wire/bytes.ts';
import { Command, parseCommand } from '../wire/command.ts';
import { TURN_BYTES } from '../wire/limits.ts';
import { ReportsAhead } from '../wire/reports-ahead.ts';
import { type Commit, Pulse } from './pulse.ts';

/** A server without connections, and what its turns sent. */
function alone(
  t: TestContext,
  commit: Commit = (done) => done?.(true),
): {
  pulse: Pulse;
  sent: string[];
  reply: (text: string, acknowledge?: boolean) => void;
} {
  const observer = new Proxy({} as Observer, { get: () => () => {} });
  const plan = { herd: 'farm', self: 'Barn', epoch: 1, neighbours: [], nowMs: 0, expireAfterSeconds: 0, hashSeed: 1 };
  const replica = new Replica({ ...plan, observer });
  const pulse = new Pulse({ replica, readClock: () => {}, commit });
  t.after(() => pulse.stop());
  const sent: string[] = [];
  const who = { turnEnded: (bytes: Uint8Array) => sent.push(Buffer.from(bytes).toString()) > 0 };
  const reply = (text: string, acknowledge = false): void => {
    const start = pulse.replies.length;
    pulse.replies.ascii(text);
    pulse.answered(who, start, acknowledge);
  };
  return { pulse, sent, reply };
}

const LONG_MS = 10_000;

test('what came about in a turn is answered with that turn, once', (t) => {
  const { pulse, sent, reply } = alone(t);
  let is = false;
  pulse.waitFor(
    () => is,
    LONG_MS,
    () => reply('found\n'),
  );
  pulse.endTurn();
  assert.deepEqual(sent, []);
  is = true;
  reply('first\n');
  pulse.endTurn();
  assert.deepEqual(sent, ['first\n', 'found\n']);
  pulse.endTurn();
  assert.equal(sent.length, 2);
});

test('what is so already is answered at once', (t) => {
  const { pulse, sent, reply } = alone(t);
  pulse.waitFor(
    () => true,
    LONG_MS,
    () => reply('found\n'),
  );
  pulse.endTurn();
  assert.deepEqual(sent, ['found\n']);
});

test('what acknowledges nothing does not wait for the disk, but stays behind what was answered before it', (t) => {
  const written: (() => void)[] = [];
  const { pulse, sent, reply } = alone(t, (done) => written.push(() => done?.(true)));
  reply('question\n');
  pulse.endTurn();
  assert.deepEqual(sent, ['question\n']);
  assert.equal(written.length, 1, 'the turn is kept all the same');
  reply('report\n', true);
  pulse.endTurn();
  reply('later question\n');
  pulse.endTurn();
  assert.deepEqual(sent, ['question\n']);
  for (const write of written) write();
  assert.deepEqual(sent, ['question\n', 'report\n', 'later question\n']);
  reply('last question\n');
  pulse.endTurn();
  assert.equal(sent.at(-1), 'last question\n');
});

test('who waits for a record looks again when one was stored, and not at the end of other turns', (t) => {
  const { pulse, sent, reply } = alone(t);
  let [looks, is] = [0, false];
  const report = (text: string): void => {
    const [line, command] = [Buffer.from(text), new Command()];
    assert.equal(parseCommand(line, 0, line.length, command), 'iamat');
    pulse.replica.report(line, command, { seconds: 1, nanoseconds: 0 }, 0, new ByteWriter(100));
  };
  const condition = (): boolean => {
    looks += 1;
    return is;
  };
  pulse.waitForRecord(condition, LONG_MS, () => reply('found\n'));
  for (let turn = 0; turn < 10; turn += 1) pulse.endTurn();
  assert.equal(looks, 1);
  report('IAMAT emu +1+1 1\n');
  report('IAMAT emu +1+1 1\n');
  for (let turn = 0; turn < 10; turn += 1) pulse.endTurn();
  assert.equal(looks, 2);
  is = true;
  report('IAMAT kiwi +1+1 1\n');
  pulse.endTurn();
  pulse.endTurn();
  assert.equal(looks, 3);
  assert.deepEqual(sent, ['found\n']);
});

test('many large answers take a turn each', async (t) => {
  const { pulse, sent, reply } = alone(t);
  let is = false;
  for (const letter of ['a', 'b', 'c']) {
    pulse.waitFor(
      () => is,
      LONG_MS,
      () => reply(letter.repeat(TURN_BYTES + 1)),
    );
  }
  is = true;
  pulse.endTurn();
  assert.deepEqual(sent, ['a'.repeat(TURN_BYTES + 1)]);
  for (let turn = 0; turn < 10 && sent.length < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(
    sent.map((text) => text[0]),
    ['a', 'b', 'c'],
  );
});

test('what is printed ahead of a turn that ends first is not taken for a reply, when its buffer is used again', (t) => {
  const { pulse, sent, reply } = alone(t);
  const { reports, table } = pulse.replica;
  const line = Buffer.from('IAMAT emu +1+1 1\n');
  const ahead = new ReportsAhead(table.kernel);
  const now = { seconds: 3, nanoseconds: 0 };
  ahead.read(line, 0, line.length);
  reports.answers.ahead(ahead.count, now, pulse.replies);
  for (const text of ['x\n', 'y\n']) {
    reply(text);
    pulse.endTurn();
  }
  pulse.replica.report(line, ahead.report(0), now, 0, pulse.replies);
  const printed = pulse.replies.bytes.subarray(0, pulse.replies.length);
  assert.equal(Buffer.from(printed).toString(), 'AT Barn +2.000000000 emu +1+1 1\n');
  assert.deepEqual(sent, ['x\n', 'y\n']);
});

test('what a socket still needs stays as it is, also when the turn was over while an earlier one waits for the disk', (t) => {
  const commits: boolean[] = [];
  // The first waits, the second is refused.
  const { pulse, reply } = alone(t, (done) => done !== undefined && commits.push(true) === 2 && done(false));
  reply('first\n', true);
  pulse.endTurn();
  const unsent: Uint8Array[] = [];
  const start = pulse.replies.length;
  pulse.replies.ascii('unsent\n');
  pulse.answered({ turnEnded: (replies) => unsent.push(replies) < 0 }, start, true);
  pulse.endTurn();
  for (const text of ['secret\n', 'of others\n', 'and more\n']) {
    reply(text);
    pulse.endTurn();
  }
  assert.deepEqual(
    unsent.map((replies) => Buffer.from(replies).toString()),
    ['unsent\n'],
  );
});

test('who gave up is not told', (t) => {
  const { pulse, sent, reply } = alone(t);
  let is = false;
  const giveUp = pulse.waitFor(
    () => is,
    LONG_MS,
    () => reply('found\n'),
  );
  giveUp();
  is = true;
  pulse.endTurn();
  assert.deepEqual(sent, []);
});

test('turns that wait for the disk take the memory of their replies, and answer what they said', (t) => {
  const waiting: ((kept: boolean) => void)[] = [];
  const { pulse, sent, reply } = alone(t, (done) => done !== undefined && waiting.push(done));
  const said: string[] = [];
  const turn = (text: string): void => {
    reply(text, true);
    pulse.endTurn();
    said.push(text);
  };
  const before = process.memoryUsage().arrayBuffers;
  for (let number = 0; number < 2000; number += 1) turn(`reply ${number}`);
  const grown = process.memoryUsage().arrayBuffers - before;
  assert.ok(grown < 4_000_000, `2,000 replies that wait take ${grown} bytes`);
  for (const done of waiting.splice(0)) done(true);
  assert.deepEqual(sent, said);
  // And so on, with the same buffers.
  for (let number = 2000; number < 2003; number += 1) turn(`reply ${number}`);
  for (const done of waiting) done(true);
  assert.deepEqual(sent, said);
});
