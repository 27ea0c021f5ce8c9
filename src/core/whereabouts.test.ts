// Who is near, as a replica knows it: in step with its table, whoever comes, moves, is forgotten or expires.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { asciiBytes, asciiText, ByteWriter } from '../wire/bytes.ts';
import { Command, parseCommand } from '../wire/command.ts';
import { distanceKm } from '../wire/distance.ts';
import {
  NEAR_BEHIND_CLIENTS,
  NEAR_SETTLE_CLIENTS,
  NEAR_SETTLE_PER_MS,
  NEAR_TOGETHER_CLIENTS,
  PURGE_GRACE_SECONDS,
} from '../wire/limits.ts';
import { type Position, parseLocation } from '../wire/location.ts';
import { clientBytes } from '../wire/record.ts';
import { keptPosition } from './near.ts';
import { Replica } from './replica.ts';
import type { Observer } from './sink.ts';

const observer = new Proxy({} as Observer, { get: () => () => {} });
const expireAfterSeconds = 1000;

class Farm {
  readonly replica = new Replica({
    herd: 'farm',
    self: 'Barn',
    epoch: 1,
    neighbours: [],
    nowMs: 0,
    expireAfterSeconds,
    hashSeed: 1,
    observer,
  });

  say(client: string, location: string, seconds: number): void {
    const line = asciiBytes(`IAMAT ${client} ${location} ${seconds}`);
    const command = new Command();
    parseCommand(line, 0, line.length, command);
    this.replica.report(line, command, { seconds, nanoseconds: 0 }, 0, new ByteWriter());
  }

  near(seconds: number, most = 10): string {
    const question = { latitude: 0, longitude: 0, radiusMetres: 100_000, most };
    return this.replica.whereabouts
      .near(question, { seconds, nanoseconds: 0 })
      .map(({ record, distanceKm }) => `${asciiText(clientBytes(record))} ${distanceKm.toFixed(1)}`)
      .join(', ');
  }
}

test('clients are near where they are now, until they are forgotten, and again when they are back', () => {
  const farm = new Farm();
  for (const [index, client] of ['ant', 'bee', 'cow', 'dog'].entries()) farm.say(client, `+0.${index}+0`, 1);
  assert.equal(farm.near(2), 'ant 0.0, bee 11.1, cow 22.2, dog 33.4');
  assert.equal(farm.near(2, 2), 'ant 0.0, bee 11.1');
  assert.equal(farm.near(2, 0), '');
  farm.say('ant', '+0.25+0', 2);
  assert.equal(farm.near(2), 'bee 11.1, cow 22.2, ant 27.8, dog 33.4');
  farm.say('ant', '+0.0+0', 1);
  assert.equal(farm.near(2), 'bee 11.1, cow 22.2, ant 27.8, dog 33.4');
  assert.ok(farm.replica.forget(asciiBytes('bee'), { seconds: 3, nanoseconds: 0 }, 0));
  assert.equal(farm.near(3), 'cow 22.2, ant 27.8, dog 33.4');
  farm.say('bee', '-0.3+0', 4);
  assert.equal(farm.near(4), 'cow 22.2, ant 27.8, bee 33.4, dog 33.4');
});

test('an expired client is near nobody, before and after it is purged, and those who stay keep their places', () => {
  const farm = new Farm();
  for (let index = 0; index < 300; index += 1) farm.say(`c${index}`, `+0+0.00${index}`, index % 3 === 0 ? 1 : 500);
  const staying = Array.from({ length: 300 }, (_, index) => index).filter((index) => index % 3 > 0);
  const distanceOf = (index: number): number => Number(`0.00${index}`);
  staying.sort((left, right) => distanceOf(left) - distanceOf(right) || left - right);
  const names = (seconds: number): string[] =>
    farm
      .near(seconds, 1000)
      .split(', ')
      .map((told) => told.split(' ')[0] ?? '');
  const expected = staying.map((index) => `c${index}`).sort();
  assert.equal(names(1000).length, 300);
  assert.deepEqual(names(1001).sort(), expected);
  const purgeAt = 1 + expireAfterSeconds + PURGE_GRACE_SECONDS;
  farm.replica.tick(0, { seconds: purgeAt, nanoseconds: 0 });
  assert.equal(farm.replica.clients, expected.length);
  // Those who stay are not hidden by this clock.
  assert.deepEqual(names(1001).sort(), expected);
  farm.say('c1', '+1+1', 2000);
  farm.say('c0', '+0+0', 2000);
  assert.deepEqual(names(1001).sort(), [...expected.filter((name) => name !== 'c1'), 'c0'].sort());
});

test('in quiet moments the index comes within bounds, some clients a turn; when more report than it could learn of it leaves them to who asks', () => {
  const farm = new Farm();
  const { whereabouts } = farm.replica;
  const say = (first: number, count: number): void => {
    for (let client = first; client < first + count; client += 1) farm.say(`c${client}`, '+40+0', 1);
  };
  let nowMs = 0;
  /** A tick and the turns that it asks for: how many clients waited after each. */
  const pass = (ms: number): number[] => {
    nowMs += ms;
    const counts: number[] = [];
    for (let more = farm.replica.tick(nowMs, { seconds: 2, nanoseconds: 0 }); ; more = farm.replica.flush(nowMs)) {
      counts.push(whereabouts.unsettled);
      if (!more) return counts;
    }
  };
  say(0, NEAR_BEHIND_CLIENTS);
  assert.deepEqual(pass(1000), [NEAR_BEHIND_CLIENTS]);
  const most = 10 * NEAR_SETTLE_PER_MS;
  say(NEAR_BEHIND_CLIENTS, most);
  const waiting = NEAR_BEHIND_CLIENTS + most;
  const counts = pass(10);
  for (const [turn, count] of counts.entries()) {
    assert.equal(count, Math.max(NEAR_BEHIND_CLIENTS, waiting - (turn + 1) * NEAR_SETTLE_CLIENTS));
  }
  const left = counts.at(-1) as number;
  assert.ok(left < NEAR_BEHIND_CLIENTS + NEAR_TOGETHER_CLIENTS, `${left} are left`);
  say(waiting, most + 1);
  assert.deepEqual(pass(10), [left + most + 1]);
  // No more than for the time that has passed, however many wait; and too few for a piece wait for more.
  const pieces = Math.floor((5 * NEAR_SETTLE_PER_MS) / NEAR_SETTLE_CLIENTS);
  assert.ok(5 * NEAR_SETTLE_PER_MS - pieces * NEAR_SETTLE_CLIENTS < NEAR_TOGETHER_CLIENTS);
  assert.equal(pass(5).at(-1), left + most + 1 - pieces * NEAR_SETTLE_CLIENTS);
  farm.say('ant', '+0.2+0', 2);
  assert.equal(farm.near(3), 'ant 22.2');
  assert.equal(whereabouts.unsettled, 0);
});

test('clients settled together, some at a time or all, are where the table has them', () => {
  const locations = fc.oneof(
    fc.constantFrom('+0+0', '+90+180', '-90-180', '-0.0000001+179.99999999', '+0.123456789012345678-000.1'),
    fc
      .tuple(fc.double({ min: -0.9, max: 0.9, noNaN: true }), fc.double({ min: -0.9, max: 0.9, noNaN: true }))
      .map((degrees) => degrees.map((number) => `${number < 0 ? '-' : '+'}${Math.abs(number).toFixed(6)}`).join('')),
  );
  const event = fc.oneof(
    { weight: 8, arbitrary: fc.record({ client: fc.nat(40), location: locations }) },
    { weight: 1, arbitrary: fc.record({ client: fc.nat(40), location: fc.constant('') }) },
    { weight: 1, arbitrary: fc.nat(50) },
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 200, size: 'max' }), (events) => {
      const farm = new Farm();
      const positions = new Map<string, Position>();
      for (const [second, what] of events.entries()) {
        if (typeof what === 'number') farm.replica.whereabouts.settle(what);
        else if (what.location === '') {
          farm.replica.forget(asciiBytes(`c${what.client}`), { seconds: second, nanoseconds: 0 }, 0);
          positions.delete(`c${what.client}`);
        } else {
          farm.say(`c${what.client}`, what.location, second);
          const text = asciiBytes(what.location);
          const position = { latitude: 0, longitude: 0 };
          assert.ok(parseLocation(text, 0, text.length, position));
          positions.set(`c${what.client}`, keptPosition(position.latitude, position.longitude));
        }
      }
      const expected = [...positions]
        .map(([client, { latitude, longitude }]) => ({ client, km: distanceKm(0, 0, latitude, longitude) }))
        .filter(({ km }) => km <= 100)
        .map(({ client, km }) => `${client} ${km.toFixed(1)}`);
      const answered = farm.near(events.length, 100);
      assert.deepEqual((answered === '' ? [] : answered.split(', ')).sort(), expected.sort());
    }),
  );
});
