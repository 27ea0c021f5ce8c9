// Who is near, as a replica knows it: in step with its table, whoever comes, moves, is forgotten or expires.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asciiBytes, asciiText, ByteWriter } from '../wire/bytes.ts';
import { Command, parseCommand } from '../wire/command.ts';
import { NEAR_BEHIND_CLIENTS, NEAR_SETTLE_CLIENTS, PURGE_GRACE_SECONDS } from '../wire/limits.ts';
import { clientBytes } from '../wire/record.ts';
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

test('the index is a bounded number of clients behind, and leaves more reports than it could learn of to a quiet moment', () => {
  const farm = new Farm();
  const { replica } = farm;
  const tick = (): unknown => replica.tick(0, { seconds: 2, nanoseconds: 0 });
  const say = (first: number, count: number): void => {
    for (let client = first; client < first + count; client += 1) farm.say(`c${client}`, '+40+0', 1);
    tick();
  };
  for (let thousand = 0; thousand < 12; thousand += 1) say(thousand * 1000, 1000);
  assert.equal(replica.whereabouts.unsettled, NEAR_BEHIND_CLIENTS);
  say(12_000, NEAR_SETTLE_CLIENTS + 1);
  assert.equal(replica.whereabouts.unsettled, NEAR_BEHIND_CLIENTS + NEAR_SETTLE_CLIENTS + 1);
  tick();
  assert.equal(replica.whereabouts.unsettled, NEAR_BEHIND_CLIENTS + 1);
  tick();
  assert.equal(replica.whereabouts.unsettled, NEAR_BEHIND_CLIENTS);
  farm.say('ant', '+0.2+0', 2);
  assert.equal(farm.near(3), 'ant 22.2');
  assert.equal(replica.whereabouts.unsettled, 0);
});
