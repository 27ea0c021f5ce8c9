// The long stories: minutes of load, hundreds of kills. `npm run faults` runs them; they are no part of `npm test`, so the name of
// this file does not end like a test's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FaultyHerd } from '../faulty-herd.ts';
import { allKeep, Load } from '../history.ts';
import { Herd, SERVERS, until } from '../processes.ts';
import { killAtRandom, stopUnderLoad } from '../stories.ts';

test('kill -9 of random servers at 200 random instants under load: nothing acknowledged is lost', async (context) => {
  await killAtRandom(context, 200, Date.now() % 2 ** 32);
});

test('a neighbour stopped under load for 60 s costs the others little memory, and catches up (riak_core#763)', async (context) => {
  await stopUnderLoad(context, 60);
});

test('all five restarted one after the other under load: nothing acknowledged is lost', async (context) => {
  const herd = await Herd.start();
  context.after(() => herd.stop());
  const load = new Load(herd, SERVERS, 1_000_000, 500);
  context.after(() => load.stop());
  for (const server of SERVERS) {
    const { code } = await herd.stopServer(server);
    assert.equal(code, 0);
    await herd.startServer(server);
  }
  await load.stop();
  assert.ok(load.answered > 0);
  await allKeep(herd, SERVERS, load.acknowledged);
});

test('a length that changes on its way does not stall its link for good', async (context) => {
  const herd = await FaultyHerd.startFaulty();
  context.after(() => herd.stop());
  const load = new Load(herd, ['Hands'], 10, 10);
  context.after(() => load.stop());
  // The last but one byte of the first frame's length: what follows is taken for the rest of a frame of 64 KiB.
  herd.corrupt('Holiday', 'Welsh', 4);
  await until(
    () => load.answered > 100,
    () => `${load.answered} answered`,
  );
  await herd.logged('Holiday', 1, ({ event, neighbour }) => event === 'link dropped' && neighbour === 'Welsh');
  await load.stop();
  await herd.linked();
  await allKeep(herd, SERVERS, load.acknowledged);
});
