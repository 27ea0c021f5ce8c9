// Scenarios of one server and its clients: reporting (ingest), asking where a client is (whatsat), and for the places around
// it (places).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePorts } from './free-ports.ts';
import { fillFrom, generate, type Measured } from './generator.ts';
import type { LoadPlan } from './load.ts';
import { onCores } from './processes.ts';
import type { Moves } from './ring.ts';
import { type Figures, type Finding, type Progress, type RingKind, ringsFor, type Settings } from './scenario.ts';
import { ALONE, BenchHerd, stopProcess } from './servers.ts';

const CLIENTS = 100_000;
/** WHATSAT costs the same however many clients there are; their places should not all fit a processor's cache. */
const CLIENTS_ASKED = 20_000;
export const WARM_UP_SECONDS = 1;
const HOST = '127.0.0.1';

/** A server to measure: our own, or one that runs already. */
interface Target {
  readonly host: string;
  readonly port: number;
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

async function findTarget({ at, ack, cores }: Settings): Promise<Target> {
  if (at !== undefined) return { ...at, pids: [], stop: async () => {} };
  const herd = await BenchHerd.start({ ...ALONE, ack, cores: cores.one });
  return { host: HOST, port: herd.port('Bench'), pids: herd.pids, stop: () => herd.stop() };
}

export function figuresOf(measured: Measured): Figures {
  const { perSecond, latency, generatorBusyShare, cpuUsPerReply, cpuShare } = measured;
  const cpu = cpuUsPerReply === undefined ? {} : { cpuUs: cpuUsPerReply, serverBusyShare: cpuShare ?? Number.NaN };
  return { perSecond, ...latency, ...cpu, generatorBusyShare };
}

/** A closed load on a server that answers like ours. */
function closedLoad(
  target: { host: string; port: number },
  settings: Settings,
  kind: RingKind,
  clients: number,
): LoadPlan {
  const [pipeline = 1] = settings.pipelines;
  return {
    host: target.host,
    port: target.port,
    rings: ringsFor(kind, settings.connections, clients),
    replyEnd: kind.request === 'whatsat' ? 'emptyLine' : 'line',
    replyStart: 'A',
    pipeline,
    warmUpSeconds: WARM_UP_SECONDS,
    seconds: settings.seconds,
  };
}

/** Reports as fast as they are acknowledged; then the same load on a server that does nothing, to show what the generator can do. */
export async function ingest(settings: Settings, progress: Progress): Promise<Finding[]> {
  const clients = settings.clients ?? CLIENTS;
  const target = await findTarget(settings);
  const findings: Finding[] = [];
  try {
    for (const moves of ['random', 'step'] as const) {
      for (const pipeline of settings.pipelines) {
        const what = `${moves}, P=${pipeline}`;
        const load = closedLoad(
          target,
          { ...settings, pipelines: [pipeline] },
          { request: 'iamat', moves, area: 'world' },
          clients,
        );
        const watch = { threads: settings.threads, progress: (share: number) => progress(`ingest, ${what}`, share) };
        const measured = await generate(load, { ...watch, pids: target.pids });
        const most = settings.at === undefined ? { generatorMostPerSecond: await sinkRate(load, settings) } : {};
        findings.push({ scenario: 'ingest', variant: what, figures: { ...figuresOf(measured), ...most } });
      }
    }
  } finally {
    await target.stop();
  }
  return findings;
}

/** What the generator reaches with this load when the server does nothing but answer. */
async function sinkRate(load: LoadPlan, { cores, threads, seconds }: Settings): Promise<number> {
  const [port = 0] = await freePorts(1);
  const reply = 'AT Bench +0.123456789 device-0000000000123 +34.068930-118.445127 1520023934.918963997';
  const sink = fileURLToPath(new URL('./sink.js', import.meta.url));
  const [command, args] = onCores(cores.one, process.execPath, [sink, String(port), reply]);
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  try {
    await once(child, 'message');
    const short = { ...load, host: HOST, port, warmUpSeconds: WARM_UP_SECONDS / 2, seconds: Math.min(1, seconds) };
    return (await generate(short, { pids: [], threads })).perSecond;
  } finally {
    await stopProcess(child);
  }
}

/** Questions about clients in towns: where each is, and a few of the places around it. */
export function whatsat(settings: Settings, progress: Progress): Promise<Finding[]> {
  return ask('whatsat', settings, progress, [
    [1, 0],
    [10, 5],
  ]);
}

/** As many places as may be asked for, from around and from far. */
export function places(settings: Settings, progress: Progress): Promise<Finding[]> {
  return ask('places', settings, progress, [
    [10, 20],
    [50, 20],
  ]);
}

async function ask(
  scenario: string,
  settings: Settings,
  progress: Progress,
  questions: readonly (readonly [number, number])[],
): Promise<Finding[]> {
  const clients = Math.max(settings.connections, settings.clients ?? CLIENTS_ASKED);
  const target = await findTarget(settings);
  const moves: Moves = 'step';
  const findings: Finding[] = [];
  try {
    await reportOnce(target, settings, clients);
    for (const [radiusKm, bound] of questions) {
      const what = `${radiusKm} km, at most ${bound} places`;
      const kind = { request: 'whatsat', moves, area: 'towns', radiusKm, bound } as const;
      const load = closedLoad(target, settings, kind, clients);
      const watch = { threads: settings.threads, progress: (share: number) => progress(`${scenario}, ${what}`, share) };
      const measured = await generate(load, { ...watch, pids: target.pids });
      findings.push({ scenario, variant: what, figures: figuresOf(measured) });
    }
  } finally {
    await target.stop();
  }
  return findings;
}

/** Has every client report from the town where it will be asked about. */
async function reportOnce({ host, port }: Target, settings: Settings, clients: number): Promise<void> {
  const kind = { request: 'iamat', moves: 'step', area: 'towns', visits: 1 } as const;
  await fillFrom({ host, port, replyStart: 'A', rings: ringsFor(kind, settings.connections, clients) });
}
