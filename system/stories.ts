// Stories that are told twice: short among all tests, and long by `npm run faults`.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { randomFrom } from './crash/story.ts';
import { FaultyHerd } from './faulty-herd.ts';
import { allKeep, Load } from './history.ts';
import { Herd, SERVERS, type ServerName, until } from './processes.ts';

const KILL_WITHIN_MS = 120;
const MEBIBYTE = 1024 * 1024;
/** Load before the stop, at most: memory must have the size that the load itself needs. */
const WARM_UP_MOST_SECONDS = 10;
/** What neighbours may grow by while a server is stopped: the figure to reach. */
const GROWTH_MEBIBYTES = 32;

/** Kills servers at random instants under load, and sees that everything acknowledged is everywhere at the end. */
export async function killAtRandom(context: TestContext, rounds: number, seed: number): Promise<void> {
  const herd = await Herd.start();
  context.after(() => herd.stop());
  const random = randomFrom(seed);
  // Hardly any client reports twice, so that a lost report is not hidden by a later one.
  const load = new Load(herd, SERVERS, 1_000_000, 500);
  context.after(() => load.stop());
  for (let round = 0; round < rounds; round += 1) {
    const first = Math.floor(random() * SERVERS.length);
    // Sometimes two at once: what one acknowledged is then only on its own disk.
    const count = random() < 0.2 ? 2 : 1;
    const victims = Array.from(
      { length: count },
      (_, index) => SERVERS[(first + index) % SERVERS.length] as ServerName,
    );
    await pause(random() * KILL_WITHIN_MS);
    await Promise.all(victims.map((name) => herd.stopServer(name, 'SIGKILL')));
    for (const name of victims) herd.launch(name);
    for (const name of victims) await herd.processes.get(name)?.printed(/listens on/);
  }
  await load.stop();
  context.diagnostic(`${rounds} rounds, seed ${seed}: ${load.answered} acknowledged of ${load.sent}`);
  assert.ok(load.answered > rounds);
  await herd.linked();
  await allKeep(herd, SERVERS, load.acknowledged);
}

export interface Stopped {
  /** How much each neighbour's memory grew, in MiB. */
  readonly growth: Readonly<Partial<Record<ServerName, number>>>;
  readonly acknowledged: number;
}

/** Stops a server without a word under load for a while; its neighbours stay small, and it catches up. */
export async function stopUnderLoad(
  context: Pick<TestContext, 'after' | 'diagnostic'>,
  seconds: number,
): Promise<Stopped> {
  const herd = await FaultyHerd.startFaulty();
  context.after(() => herd.stop());
  const others = SERVERS.filter((name) => name !== 'Holiday');
  const load = new Load(herd, ['Goloman', 'Hands', 'Wilkes'], 1000, 5000);
  context.after(() => load.stop());
  const before = new Map<ServerName, number>();
  await until(
    async () => {
      // The highest: memory goes up and down with every collection of garbage.
      for (const [name, bytes] of await residentBytes(herd)) before.set(name, Math.max(bytes, before.get(name) ?? 0));
      return load.answered > 5000 * Math.min(seconds, WARM_UP_MOST_SECONDS);
    },
    () => `only ${load.answered} reports answered`,
  );
  const pid = herd.processes.get('Holiday')?.child.pid ?? 0;
  const answeredBefore = load.answered;
  process.kill(pid, 'SIGSTOP');
  try {
    const beganMs = performance.now();
    await pause(seconds * 1000);
    const perSecond = Math.round(((load.answered - answeredBefore) * 1000) / (performance.now() - beganMs));
    process.kill(pid, 'SIGCONT');
    const afterwards = await residentBytes(herd);
    const growth: Partial<Record<ServerName, number>> = {};
    for (const name of others) {
      growth[name] = Math.round(((afterwards.get(name) ?? 0) - (before.get(name) ?? 0)) / MEBIBYTE);
    }
    context.diagnostic(`stopped for ${seconds} s at ${perSecond} reports/s; grown by MiB ${JSON.stringify(growth)}`);
    await load.stop();
    await herd.linked();
    await allKeep(herd, SERVERS, load.acknowledged);
    for (const name of ['Goloman', 'Wilkes', 'Welsh'] as const) {
      assert.ok((growth[name] ?? 0) <= GROWTH_MEBIBYTES, `${name} grew by ${growth[name]} MiB`);
    }
    return { growth, acknowledged: load.answered };
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

async function residentBytes(herd: Herd): Promise<Map<ServerName, number>> {
  const servers = await herd.status();
  return new Map(servers.map(({ server, residentBytes: bytes }) => [server as ServerName, bytes ?? 0]));
}
