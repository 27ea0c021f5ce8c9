// WHATSAT through a live provider: order, failures, what the provider is asked and what nobody may learn.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { NearbyStandIn } from '../src/places/stand-in.ts';
import { AWKWARD_ANSWER } from '../src/places/stand-in-legacy.ts';
import { Client, exchange } from './client.ts';
import { Herd, until } from './processes.ts';

const KEY = 'secret-key+/=&%41';

let standIn: NearbyStandIn;
let herd: Herd;
let port: number;

before(async () => {
  standIn = await NearbyStandIn.start({ slowMs: 300 });
  herd = await Herd.start(['Goloman'], {
    DROVER_PLACES: 'google-legacy',
    DROVER_GOOGLE_KEY: KEY,
    DROVER_GOOGLE_URL: standIn.url,
  });
  port = herd.port('Goloman');
  await exchange(port, 'IAMAT kiwi +34.068930-118.445127 1520023934.918963997\nIAMAT peak +27.5916+086.5640 1\n');
});
beforeEach(() => {
  standIn.behaviour = 'places';
  standIn.requests.length = 0;
});
after(async () => {
  await herd.stop();
  await standIn.close();
});

test('the provider is asked in metres, for a location without plus signs, with the key', async () => {
  await exchange(port, 'WHATSAT kiwi 10 5\nWHATSAT peak 0.25 5\n');
  const asked = standIn.requests.map(({ parameters }) =>
    ['location', 'radius', 'key'].map((name) => parameters.get(name)),
  );
  assert.deepEqual(asked, [
    ['34.068930,-118.445127', '10000', KEY],
    ['27.5916,86.5640', '250', KEY],
  ]);
  assert.ok(standIn.requests.every(({ query }) => !query.includes('+')));
});

test('the JSON is the text of the provider, cut to the bound', async () => {
  standIn.behaviour = 'awkward';
  const reply = Buffer.from(await exchange(port, 'WHATSAT kiwi 10 1\n'), 'latin1').toString('utf8');
  const json = reply.slice(reply.indexOf('\n') + 1);
  assert.ok(json.endsWith('\n\n') && json.indexOf('\n\n') === json.length - 2);
  for (const kept of [
    '"rating" : 4.0, "cid" : 12345678901234567890 , "huge":1E+2,',
    '\\u201cL\u2019\u00c9toile\\u201d ] }',
  ]) {
    assert.ok(AWKWARD_ANSWER.includes(kept) && json.includes(kept), kept);
  }
  const names = (JSON.parse(json) as { results: { place_id: string }[] }).results.map((place) => place.place_id);
  assert.deepEqual(names, ['a']);
});

test('an answer with a status passes through, whatever the status', async () => {
  for (const [behaviour, status] of [
    ['zero-results', 'ZERO_RESULTS'],
    ['request-denied', 'REQUEST_DENIED'],
    ['over-query-limit', 'OVER_QUERY_LIMIT'],
  ] as const) {
    standIn.behaviour = behaviour;
    const reply = await exchange(port, 'WHATSAT kiwi 10 5\n');
    assert.match(reply, /^AT Goloman /);
    assert.equal((JSON.parse(reply.slice(reply.indexOf('\n'))) as { status: string }).status, status);
  }
});

test('without a usable answer the client gets its command back, and the log gets the reason', async () => {
  const behaviours = ['server-error', 'html', 'truncated', 'broken-off', 'redirect', 'too-large'] as const;
  for (const behaviour of behaviours) {
    standIn.behaviour = behaviour;
    const reply = await exchange(port, 'x\nWHATSAT  kiwi 10 5\r\nIAMAT last +1+1 1');
    assert.match(reply, /^\? x\n\? WHATSAT {2}kiwi 10 5\nAT Goloman \S+ last \+1\+1 1\n$/, behaviour);
  }
  await herd.logged('Goloman', behaviours.length, ({ event }) => event === 'places failed');
});

test('replies keep the order of commands around a slow lookup, and other connections are not delayed', async () => {
  standIn.behaviour = 'slow';
  const slow = await Client.connect(port);
  slow.send('IAMAT van +1+1 1\nWHATSAT van 10 2\nIAMAT van +2+2 2\nnonsense\nWHATSAT van 10 2\n');
  await until(
    () => standIn.requests.length === 2,
    () => 'the provider was not asked',
  );
  assert.match(await exchange(port, 'IAMAT other +1+1 1\n'), /^AT Goloman /);
  assert.ok(!slow.received.includes('nonsense'), 'a quick reply overtook a slow one');
  const reply = await slow.receives((text) => text.split('\n\n').length === 3);
  const heads = reply.split('\n').filter((line) => /^(AT|\?) /.test(line));
  assert.deepEqual(
    heads.map((line) => line.replace(/^AT Goloman \S+ /, '')),
    ['van +1+1 1', 'van +1+1 1', 'van +2+2 2', '? nonsense', 'van +2+2 2'],
  );
  // The AT line and the position searched belong to the same record.
  assert.deepEqual(
    standIn.requests.map(({ parameters }) => parameters.get('location')),
    ['1,1', '2,2'],
  );
  slow.destroy();
});

test('a client that resets during a lookup leaves nothing behind', async () => {
  standIn.behaviour = 'never';
  for (let round = 0; round < 20; round += 1) {
    const client = await Client.connect(port);
    client.send('WHATSAT kiwi 10 5\nWHATSAT kiwi 10 6\n');
    await until(
      () => standIn.requests.length === 2 * (round + 1),
      () => 'the provider was not asked',
    );
    client.socket.resetAndDestroy();
  }
  await until(
    () => standIn.openAnswers === 0,
    () => `${standIn.openAnswers} requests to the provider are still open`,
  );
  await until(
    async () => (await herd.status()).find(({ server }) => server === 'Goloman')?.connections === 0,
    () => 'connections are left over',
  );
});

test('a client that asks far more than it may at once gets every answer, in order', async () => {
  const reply = await exchange(port, 'WHATSAT kiwi 10 1\nx\n'.repeat(100));
  const heads = reply.split('\n').filter((line) => /^(AT|\?) /.test(line));
  assert.equal(heads.length, 200);
  assert.ok(heads.every((line, index) => (index % 2 === 0 ? line.startsWith('AT ') : line === '? x')));
});

test('the key is in no log and no reply', () => {
  const log = readFileSync(path.join(herd.directory, 'Goloman.log'), 'utf8');
  assert.ok(log.includes('places answered') && log.includes('google-legacy'));
  for (const form of [KEY, encodeURIComponent(KEY), 'secret-key']) assert.ok(!log.includes(form), form);
});

test('large answers that come out of order are kept in order, and do not count against a client that reads', async () => {
  const results = Array.from({ length: 20 }, (_, index) => ({ name: `${index}`.padEnd(20_000, 'x') }));
  const large = { status: 200, body: JSON.stringify({ results, status: 'OK' }) };
  standIn.behaviour = 'slow';
  const client = await Client.connect(port);
  client.send('WHATSAT kiwi 10 20\n');
  await until(
    () => standIn.requests.length === 1,
    () => 'the provider was not asked',
  );
  standIn.behaviour = large;
  client.send(`${'WHATSAT kiwi 10 20\n'.repeat(7)}x\n`);
  const reply = await client.receives((text) => text.endsWith('? x\n'));
  assert.equal(reply.split('\n\n').length - 1, 8);
  client.destroy();
});
