// Scenarios of several servers: what an update costs a herd of five with full replication, how soon the farthest server has it,
// and how soon a server that lost everything has it back.

import { ringsOfAll } from './fill.ts';
import { fillFrom, generate, timeOnTheWay } from './generator.ts';
import { Latencies } from './latency.ts';
import { cpuSecondsOf } from './processes.ts';
import { type Finding, type Progress, ringsFor, type Settings } from './scenario.ts';
import { BenchHerd, type HerdPlan } from './servers.ts';

/** The built-in herd's five servers and edges: from Hands to Welsh there are three links. */
const FIVE: Pick<HerdPlan, 'names' | 'links'> = {
  names: ['Goloman', 'Hands', 'Holiday', 'Welsh', 'Wilkes'],
  links: [
    ['Goloman', 'Hands'],
    ['Goloman', 'Holiday'],
    ['Goloman', 'Wilkes'],
    ['Hands', 'Wilkes'],
    ['Holiday', 'Welsh'],
    ['Holiday', 'Wilkes'],
  ],
};
const REPORTED_TO = 'Hands';
const FARTHEST = 'Welsh';
const HOST = '127.0.0.1';

const CLIENTS = 10_000;
const CONNECTIONS = 10;
/** Reports in flight on each connection: full load either way, in turns of fewer or of more reports. */
export const HERD_PIPELINES: readonly number[] = [16, 64];
const FARTHEST_RATE_PER_SECOND = 1000;
/**
 * Before anything counts, the five have compiled what they run: under full load, the compiler takes two thirds of their time in the first three
 * seconds, a fifth in the next, and after fifteen a hundredth or less; with a thousand questions a second most of it is done in eight, and
 * nearly all in fifteen. (And the spanning tree has formed, and places are loaded.)
 */
const COMPILE_SECONDS = 15;
/** For more of the same. */
const SETTLE_SECONDS = 2;
/** Those that have. */
const compiled = new WeakSet<BenchHerd>();
/** What `--seconds` says of one measurement, times this, is as long as that may take. */
const COMPILE_SHARE = 6;
const CATCH_UP_CLIENTS = 200_000;

export async function herd(settings: Settings, progress: Progress): Promise<Finding[]> {
  const five = await startFive(settings);
  try {
    const findings: Finding[] = [];
    for (const pipeline of HERD_PIPELINES) findings.push(await updates(five, settings, pipeline, progress));
    findings.push(await farthest(five, settings, progress));
    return findings;
  } finally {
    await five.stop();
  }
}

/** `nodeOptions` as in `HerdPlan`. */
export function startFive(
  { ack, cores }: Pick<Settings, 'ack' | 'cores'>,
  more: Pick<HerdPlan, 'nodeOptions'> = {},
): Promise<BenchHerd> {
  return BenchHerd.start({ ...FIVE, ack, cores: cores.all, ...more });
}

/** How many reports a server has accepted from its own clients. */
async function heightOf(five: BenchHerd, at: string): Promise<number> {
  const { origins } = await five.status(at);
  return Math.max(0, ...origins.filter(({ origin }) => origin === REPORTED_TO).map(({ height }) => height));
}

/** Reports as fast as one server acknowledges them, until all five have them all. */
export async function updates(
  five: BenchHerd,
  settings: Settings,
  pipeline: number,
  progress: Progress,
): Promise<Finding> {
  const clients = settings.clients ?? CLIENTS;
  const rings = ringsFor({ request: 'iamat', moves: 'random', area: 'world' }, CONNECTIONS, clients);
  const target = { host: HOST, port: five.port(REPORTED_TO), replyEnd: 'line', replyStart: 'A' } as const;
  const load = { ...target, rings, pipeline, warmUpSeconds: 0 };
  const watch = { pids: [], progress: (share: number) => progress(`herd, updates, P=${pipeline}`, share) };
  const mostSeconds = compiled.has(five) ? SETTLE_SECONDS : COMPILE_SECONDS;
  compiled.add(five);
  await generate({ ...load, seconds: Math.min(mostSeconds, COMPILE_SHARE * settings.seconds) }, watch);
  await settled(five);
  const before = {
    cpu: cpuSecondsOf(five.pids),
    height: await heightOf(five, REPORTED_TO),
    copies: await copies(five),
  };
  const later = ringsFor({ request: 'iamat', moves: 'random', area: 'world' }, CONNECTIONS, clients);
  const measured = await generate({ ...load, rings: later, seconds: settings.seconds }, watch);
  await settled(five);
  const count = (await heightOf(five, REPORTED_TO)) - before.height;
  return {
    scenario: 'herd',
    variant: `updates at ${REPORTED_TO}, P=${pipeline}`,
    figures: {
      perSecond: measured.perSecond,
      cpuUs: ((cpuSecondsOf(five.pids) - before.cpu) * 1e6) / count,
      copies: ((await copies(five)) - before.copies) / count,
      generatorBusyShare: measured.generatorBusyShare,
    },
  };
}

/** Records that all servers together have received over their links. */
async function copies(five: BenchHerd): Promise<number> {
  const figures = await Promise.all(FIVE.names.map((name) => five.status(name)));
  return figures.flatMap(({ links }) => links).reduce((sum, { recordsReceived = 0 }) => sum + recordsReceived, 0);
}

/** Waits until every server has all that was reported. */
async function settled(five: BenchHerd): Promise<void> {
  const height = await heightOf(five, REPORTED_TO);
  for (const name of FIVE.names) {
    await five.until(name, ({ origins }) => origins.some((one) => one.origin === REPORTED_TO && one.height >= height));
  }
}

async function farthest(five: BenchHerd, settings: Settings, progress: Progress): Promise<Finding> {
  const clients = settings.clients ?? CLIENTS;
  const [ring] = ringsFor({ request: 'iamat', moves: 'step', area: 'world' }, 1, clients);
  if (ring === undefined) throw new Error('no ring');
  const plan = {
    host: HOST,
    reportPort: five.port(REPORTED_TO),
    askPort: five.port(FARTHEST),
    // The updates' clients, maybe in the same second.
    ring: { ...ring, stampSeconds: ring.stampSeconds + 1 },
    ratePerSecond: FARTHEST_RATE_PER_SECOND,
    warmUpSeconds: Math.min(COMPILE_SECONDS, COMPILE_SHARE * settings.seconds),
    seconds: settings.seconds,
  };
  const what = `${REPORTED_TO} to ${FARTHEST}, ${FARTHEST_RATE_PER_SECOND}/s`;
  const result = await timeOnTheWay(plan, (share) => progress(`herd, ${what}`, share));
  const { latencies: text, madeWay, ...counts } = result;
  const latencies = Latencies.decode(text);
  return {
    scenario: 'herd',
    variant: madeWay ? what : `${what}, generator in the way`,
    figures: { answers: latencies.count, ...latencies.summary(), ...counts },
  };
}

/** Two servers: one has all clients, the other starts with nothing. */
export async function catchUp(settings: Settings, progress: Progress): Promise<Finding[]> {
  const clients = settings.clients ?? CATCH_UP_CLIENTS;
  const plan: HerdPlan = {
    names: ['Full', 'Wiped'],
    links: [['Full', 'Wiped']],
    ack: settings.ack,
    cores: settings.cores.all,
  };
  const two = await BenchHerd.start(plan, ['Full']);
  try {
    const rings = ringsOfAll('iamat', clients, Math.floor(Date.now() / 1000));
    const target = { host: HOST, port: two.port('Full'), replyStart: 'A' };
    await fillFrom({ ...target, rings }, (share) => progress('catch-up, filling', share));
    const cpuBefore = cpuSecondsOf(two.pids);
    const beganMs = performance.now();
    const listensMs = await two.startServer('Wiped');
    await two.until('Wiped', (figures) => {
      progress('catch-up', figures.clients / clients);
      return figures.clients === clients;
    });
    const seconds = (performance.now() - beganMs - listensMs) / 1000;
    const cpuUs = ((cpuSecondsOf(two.pids) - cpuBefore) * 1e6) / clients;
    const figures = { clients, seconds, perSecond: clients / seconds, cpuUs };
    return [{ scenario: 'catch-up', variant: `from nothing to ${clients} clients`, figures }];
  } finally {
    await two.stop();
  }
}
