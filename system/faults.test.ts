// What the network does to a herd: links that go silent, lose one direction, change bytes, tear, dawdle. Each test ends with all
// servers saying the same. The faults are made by system/proxy.ts; `npm run faults` has the long stories.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { exchange } from './client.ts';
import { FaultyHerd, type FaultyOptions } from './faulty-herd.ts';
import { allKeep, Load } from './history.ts';
import { EDGES, SERVERS, type ServerName, until } from './processes.ts';
import { killAtRandom, stopUnderLoad } from './stories.ts';

async function faulty(context: TestContext, options?: FaultyOptions): Promise<FaultyHerd> {
  const herd = await FaultyHerd.startFaulty(options);
  context.after(() => herd.stop());
  return herd;
}

/** Reports at one server, and notes it as acknowledged. */
async function report(
  herd: FaultyHerd,
  server: ServerName,
  client: string,
  history: Map<string, number>,
): Promise<void> {
  const stamp = 1 + (history.get(client) ?? 0);
  const line = await exchange(herd.port(server), `IAMAT ${client} +1+1 ${stamp}\n`);
  assert.match(line, /^AT /);
  history.set(client, stamp);
}

/** Waits until a server has given up its link to a neighbour, and returns why. */
async function dropped(herd: FaultyHerd, server: ServerName, neighbour: ServerName): Promise<string> {
  const [record] = await herd.logged(
    server,
    1,
    (line) => line['event'] === 'link dropped' && line['neighbour'] === neighbour,
  );
  return String(record?.['reason']);
}

/** Both sides of a cut report; the same client may do so on both sides. */
async function liveApart(herd: FaultyHerd, history: Map<string, number>): Promise<void> {
  for (const server of SERVERS) {
    await report(herd, server, `only-${server}`, history);
    await report(herd, server, 'everywhere', history);
  }
}

// They mostly wait, so they wait together.
describe('links that fail', { concurrency: 4 }, () => {
  test('the server that holds the herd together is cut off without a word: both sides go on, and what it learns when it is back goes on to who stands behind it (OrbitDB#1255)', async (context) => {
    const herd = await faulty(context);
    const history = new Map<string, number>();
    await liveApart(herd, history);
    await allKeep(herd, SERVERS, history);
    herd.partition(['Goloman', 'Hands', 'Wilkes']);
    await liveApart(herd, history);
    assert.match(await dropped(herd, 'Goloman', 'Holiday'), /^silent for/);
    assert.match(await dropped(herd, 'Welsh', 'Holiday'), /^silent for/);
    await allKeep(herd, ['Goloman', 'Hands', 'Wilkes'], new Map([['only-Goloman', 2]]));
    assert.match(await exchange(herd.port('Welsh'), 'WHATSAT only-Goloman 0 0\n'), / 1\n/);
    await liveApart(herd, history);
    // Welsh can have these only from Holiday, and Holiday only from its catch-up: what is learned so must go on.
    for (let index = 0; index < 200; index += 1) await report(herd, 'Hands', `c${index}`, history);
    herd.heal();
    await herd.linked();
    await allKeep(herd, SERVERS, history);
  });

  test('three parts heal into one, whichever link is back first (EMQX#3664)', async (context) => {
    const herd = await faulty(context);
    const history = new Map<string, number>();
    herd.partition(['Goloman', 'Hands'], ['Holiday', 'Welsh'], ['Wilkes']);
    await liveApart(herd, history);
    await dropped(herd, 'Goloman', 'Holiday');
    await dropped(herd, 'Wilkes', 'Hands');
    await liveApart(herd, history);
    // One link of those that were cut is enough to make two parts one.
    for (const proxy of herd.between('Holiday', 'Wilkes')) proxy.heal();
    await allKeep(herd, ['Holiday', 'Welsh', 'Wilkes'], new Map([['only-Wilkes', 2]]));
    herd.heal();
    await herd.linked();
    await allKeep(herd, SERVERS, history);
  });

  test('five parts, each server alone, heal into one (EMQX#3664)', async (context) => {
    const herd = await faulty(context);
    const history = new Map<string, number>();
    herd.partition();
    await liveApart(herd, history);
    for (const [one, other] of EDGES) {
      await dropped(herd, one, other);
      await dropped(herd, other, one);
    }
    await liveApart(herd, history);
    herd.heal();
    await herd.linked();
    await allKeep(herd, SERVERS, history);
  });

  test('a link that loses one direction is a dead link for both sides', async (context) => {
    const herd = await faulty(context);
    const history = new Map<string, number>();
    herd.lose('Holiday', 'Welsh');
    // Welsh hears nothing and hangs up; what it says still arrives.
    assert.match(await dropped(herd, 'Welsh', 'Holiday'), /^silent for/);
    await dropped(herd, 'Holiday', 'Welsh');
    await liveApart(herd, history);
    herd.heal();
    await herd.linked();
    await allKeep(herd, SERVERS, history);
  });

  for (const [what, secret, at, reason] of [
    // A frame of either version may be hit.
    ['without a secret, in the header', false, 0, /^frame of version 25[34]/],
    ['with a secret, in what the frame says', true, 7, /altered on its way/],
  ] as const) {
    test(`a byte that changes on its way (${what}) ends that link only, and the next one is whole`, async (context) => {
      const herd = await faulty(context, { secret });
      const history = new Map<string, number>();
      await liveApart(herd, history);
      herd.corrupt('Goloman', 'Holiday', at);
      await liveApart(herd, history);
      await herd.logged(
        'Holiday',
        1,
        (line) =>
          line['event'] === 'link refused' && line['neighbour'] === 'Goloman' && reason.test(String(line['reason'])),
      );
      await herd.linked();
      await liveApart(herd, history);
      await allKeep(herd, SERVERS, history);
      const others = herd.lostLinks().filter((lost) => !/^(Goloman: Holiday|Holiday: Goloman),/.test(lost));
      assert.deepEqual(others, []);
    });
  }

  test('links that are slow and hand over a few bytes at a time carry the same', async (context) => {
    const herd = await faulty(context, { secret: true });
    herd.everyLink((proxy) => {
      proxy.delay(30);
      proxy.chunk(7);
    });
    const load = new Load(herd, SERVERS, 50, 100);
    context.after(() => load.stop());
    await until(
      () => load.answered >= 150,
      () => `${load.answered} answered`,
    );
    await load.stop();
    await allKeep(herd, SERVERS, load.acknowledged);
  });

  test('links that are reset again and again under load lose nothing', async (context) => {
    const herd = await faulty(context);
    const load = new Load(herd, SERVERS, 2000, 500);
    context.after(() => load.stop());
    for (let round = 1; round <= 8; round += 1) {
      await until(
        () => load.answered >= 100 * round,
        () => `${load.answered} answered`,
      );
      herd.everyLink((proxy) => proxy.reset());
    }
    await load.stop();
    await allKeep(herd, SERVERS, load.acknowledged);
  });
});

test('kill -9 of random servers at 12 random instants under load: nothing acknowledged is lost', async (context) => {
  await killAtRandom(context, 12, 1);
});

test('a neighbour stopped under load for 4 s costs the others little memory, and catches up (riak_core#763)', async (context) => {
  await stopUnderLoad(context, 4);
});
