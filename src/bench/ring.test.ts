// The requests that a load is made of: valid in the real parser, later with each visit and lap, and where they should be.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteReader } from '../wire/bytes.ts';
import { Command, parseCommand } from '../wire/command.ts';
import { FrameReader } from '../wire/frame.ts';
import { compareInstants, type Instant } from '../wire/instant.ts';
import { FRAME_PAYLOAD_BYTES } from '../wire/limits.ts';
import { readNearQuestion } from '../wire/near.ts';
import { makeRing, type RingPlan, RingWalk, visitsFor } from './ring.ts';

const PLAN: RingPlan = {
  request: 'iamat',
  moves: 'random',
  area: 'world',
  first: 7,
  clients: 5,
  stride: 3,
  visits: 4,
  seed: 1,
  stampSeconds: 1_700_000_000,
};

interface Report {
  readonly client: string;
  readonly latitude: number;
  readonly longitude: number;
  readonly stamp: Instant;
}

/** What the server's own parser makes of it. */
function read(request: Buffer): Report {
  const command = new Command();
  assert.equal(request[request.length - 1], 0x0a);
  assert.equal(parseCommand(request, 0, request.length - 1, command), 'iamat', request.toString());
  const { latitude, longitude } = command.position;
  const client = request.toString('latin1', command.clientStart, command.clientEnd);
  return { client, latitude, longitude, stamp: { ...command.stamp } };
}

test('each client reports as often as it should, always later, also when the ring has gone round a thousand times', () => {
  const walk = new RingWalk(makeRing(PLAN), 1);
  const last = new Map<string, Instant>();
  const times = new Map<string, number>();
  const laps = 1001;
  for (let number = 0; number < 20 * laps; number += 1) {
    const { client, stamp } = read(walk.next(1));
    const before = last.get(client);
    assert.ok(before === undefined || compareInstants(stamp, before) > 0, client);
    last.set(client, stamp);
    times.set(client, (times.get(client) ?? 0) + 1);
  }
  const ids = [7, 10, 13, 16, 19].map((number) => `device-${String(number).padStart(13, '0')}`);
  assert.deepEqual([...times.keys()].sort(), ids);
  assert.ok([...times.values()].every((count) => count === 4 * laps));
});

test('a step is some 14 m, also from the last visit of a lap to the first of the next; a random move is not', () => {
  for (const moves of ['step', 'random'] as const) {
    const walk = new RingWalk(makeRing({ ...PLAN, moves }), 1);
    const last = new Map<string, Report>();
    let small = 0;
    let moved = 0;
    for (let number = 0; number < 60; number += 1) {
      const report = read(walk.next(1));
      const before = last.get(report.client);
      last.set(report.client, report);
      if (before === undefined) continue;
      moved += 1;
      const degrees = Math.hypot(report.latitude - before.latitude, report.longitude - before.longitude);
      if (Math.abs(degrees - 0.000125) < 0.000002) small += 1;
    }
    assert.equal(small, moves === 'step' ? moved : 0);
  }
});

test('a question asks for just what a report of the same plan says', () => {
  const reports = new RingWalk(makeRing(PLAN), 1);
  const questions = new RingWalk(makeRing({ ...PLAN, request: 'since' }), 1);
  const command = new Command();
  for (let number = 0; number < 60; number += 1) {
    const { client, stamp } = read(reports.next(1));
    const question = questions.next(1);
    assert.equal(parseCommand(question, 0, question.length - 1, command), 'whatsat');
    assert.equal(question.toString('latin1', command.clientStart, command.clientEnd), client);
    assert.deepEqual({ ...command.stamp }, stamp);
  }
});

test('who is near is asked at the same positions in both protocols', () => {
  const plan = { ...PLAN, area: 'towns', moves: 'step', radiusKm: 10, bound: 20 } as const;
  const ours = new RingWalk(makeRing({ ...plan, request: 'near' }), 1);
  const theirs = new RingWalk(makeRing({ ...plan, request: 'geosearch' }), 1);
  const frames = new FrameReader(FRAME_PAYLOAD_BYTES);
  for (let number = 0; number < 40; number += 1) {
    frames.push(ours.next(1));
    assert.ok(frames.next());
    assert.equal(frames.name, 'nearRequest');
    const { latitude, longitude, radiusMetres, most } = readNearQuestion(new ByteReader(frames.payload));
    assert.deepEqual([radiusMetres, most], [10_000, 20]);
    const words = theirs
      .next(1)
      .toString()
      .split('\r\n')
      .filter((_, index) => index > 0 && index % 2 === 0);
    assert.deepEqual(words.slice(0, 5), ['GEOSEARCH', 'geo', 'FROMLONLAT', ...words.slice(3, 5)]);
    assert.deepEqual([Number(words[3]), Number(words[4])], [longitude, latitude]);
    assert.equal(words.slice(5).join(' '), 'BYRADIUS 10 km ASC COUNT 20 WITHDIST');
  }
});

test("Redis's and NATS's requests say their lengths right", () => {
  for (const request of ['geoadd', 'hset', 'geosearch'] as const) {
    const text = new RingWalk(makeRing({ ...PLAN, request }), 1).next(1).toString();
    const [count = '', ...parts] = text.split('\r\n');
    assert.equal(parts.pop(), '');
    assert.equal(count, `*${parts.length / 2}`);
    for (let at = 0; at < parts.length; at += 2) assert.equal(parts[at], `$${parts[at + 1]?.length}`, text);
  }
  const [first = '', payload = ''] = new RingWalk(makeRing({ ...PLAN, request: 'pub' }), 1)
    .next(1)
    .toString()
    .split('\r\n');
  assert.equal(first, `PUB moves ${payload.length}`);
});

test('few clients are visited often, so that laps stay long', () => {
  for (const clients of [1, 10, 1000, 100_000]) {
    const visits = visitsFor(clients);
    assert.ok(visits % 2 === 0 && visits >= 4 && visits < 999, String(visits));
  }
});
