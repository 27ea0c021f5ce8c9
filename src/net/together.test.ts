// Reports of connections that are taken in together, where nobody wants to hear of each: what clients hear, and what is kept, is the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Farm, say } from './made-farm.ts';

const CONNECTIONS = 3;
/** Of a connection's reports that are looked at before the clock is. */
const MANY = 300;

const line = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(
        fc.constantFrom('a', 'b', 'c', 'kiwi', 'x'.repeat(60)),
        fc.constantFrom('+1-2', '+34.5-118.25'),
        fc.constantFrom('1', '2', '3', '4.5', '9'),
      )
      .map((parts) => `IAMAT ${parts.join(' ')}\n`),
  },
  fc.constantFrom(
    'what\n',
    '\n',
    'IAMAT  a +1+1 7\r\n',
    'WHATSAT nobody 1 1\n',
    'WHATSAT a 1 1\n',
    `IAMAT ${'y'.repeat(99)} +1+1 1\n`,
  ),
);
/** Who sends what, cut in two pieces, the second of which comes in the next turn if `isLate`; or a turn ends. */
const event = fc.record({
  who: fc.nat(CONNECTIONS - 1),
  lines: fc.array(line, { minLength: 1, maxLength: 40 }),
  cut: fc.double({ min: 0, max: 1, noNaN: true }),
  isLate: fc.boolean(),
  ends: fc.boolean(),
});

test('what clients hear and what is kept is the same, whether reports are taken in together or not', async () => {
  let together = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 12 }), async (events) => {
      const farms = [new Farm(true), new Farm(false)] as const;
      const heard = ['', ''];
      for (const [index, farm] of farms.entries()) {
        const sockets = Array.from({ length: CONNECTIONS }, () => farm.connect());
        const hear = async (): Promise<void> => {
          heard[index] += `${await farm.heard()}|`;
        };
        for (const { who, lines, cut, isLate, ends } of events) {
          const text = lines.join('');
          const at = Math.floor(cut * text.length);
          const socket = sockets[who] as (typeof sockets)[0];
          if (at > 0) say(socket, text.slice(0, at));
          if (isLate) await hear();
          say(socket, text.slice(at));
          if (ends) await hear();
        }
        for (let turn = 0; turn < 4; turn += 1) await hear();
      }
      const [singly, jointly] = farms;
      assert.equal(heard[1], heard[0]);
      assert.deepEqual(jointly.accepted, singly.accepted);
      assert.deepEqual(jointly.pulse.replica.table.kernel.lanes, singly.pulse.replica.table.kernel.lanes);
      assert.equal(singly.together, 0);
      together += jointly.together;
    }),
    { numRuns: 150 },
  );
  assert.ok(together > 1000, `${together} were taken in together`);
});

test('one that is no plain replacement does not keep those behind it from being taken in together', async () => {
  const farm = new Farm(false);
  const socket = farm.connect();
  say(socket, 'IAMAT a +1+1 1\n');
  await farm.heard();
  const five = (from: number): string =>
    Array.from({ length: 5 }, (_, index) => `IAMAT a +1+1 ${from + index}\n`).join('');
  say(socket, `${five(2)}IAMAT new +1+1 1\n${five(7)}`);
  assert.equal((await farm.heard()).match(/\n/g)?.length, 11);
  assert.equal(farm.together, 10);
});

test('what the disk did not keep is not acknowledged: its client is cut off', async () => {
  for (const behind of ['', 'IAMAT new +1+1 1\n', 'what\n']) {
    const farm = new Farm(false);
    const socket = farm.connect();
    say(socket, 'IAMAT a +1+1 1\n');
    assert.match(await farm.heard(), /^AT /);
    farm.keeps = false;
    say(socket, `IAMAT a +1+1 2\n${behind}`);
    assert.equal(await farm.heard(), '');
    assert.equal(farm.together, 1);
    assert.ok(socket.destroyed);
  }
});

test('while no reports are accepted, none is taken in', async () => {
  const farm = new Farm(false);
  const socket = farm.connect();
  say(socket, 'IAMAT a +1+1 1\n');
  await farm.heard();
  farm.acceptsReports = false;
  say(socket, 'IAMAT a +1+1 2\n');
  assert.equal(await farm.heard(), '? IAMAT a +1+1 2\n');
  assert.equal(farm.accepted.length, 1);
});

test('replies to reports wait behind a lookup, also beside those of others that are taken in together', async () => {
  const farm = new Farm(false);
  const [asking, other] = [farm.connect(), farm.connect()];
  say(other, 'IAMAT a +1+1 1\n');
  await farm.heard();
  let found: () => void = () => {};
  farm.places = new Promise((resolve) => {
    found = () => resolve(undefined);
  });
  say(asking, 'WHATSAT a 1 1\n');
  assert.equal(await farm.heard(), '');
  say(other, 'IAMAT a +1+1 2\n');
  say(asking, 'IAMAT a +1+1 3\n');
  assert.match(await farm.heard(), /^AT Barn \S+ a \+1\+1 2\n$/);
  found();
  await new Promise((resolve) => setImmediate(resolve));
  assert.match(await farm.heard(), /^\? WHATSAT a 1 1\nAT Barn \S+ a \+1\+1 3\n$/);
});

test('a connection that takes long makes way for others', async () => {
  const farm = new Farm(false);
  const socket = farm.connect();
  say(socket, 'IAMAT a +1+1 1\n');
  await farm.heard();
  farm.pulse.lookMs = 10;
  say(socket, Array.from({ length: MANY }, (_, index) => `IAMAT a +1+1 ${index + 2}\n`).join(''));
  const heard: number[] = [];
  for (let turn = 0; turn < MANY && heard.reduce((sum, lines) => sum + lines, 0) < MANY; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    heard.push(farm.heardAtOnce().match(/\n/g)?.length ?? 0);
  }
  farm.pulse.stop();
  assert.equal(
    heard.reduce((sum, lines) => sum + lines, 0),
    MANY,
  );
  assert.ok(Math.max(...heard) < MANY / 2, heard.join(' '));
  assert.equal(farm.together, MANY);
});
