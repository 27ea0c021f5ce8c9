// The benchmarks by name, and running some of them one after the other. Knows no terminal.
import { availableParallelism } from 'node:os';
import { catchUp, herd } from './herd.ts';
import { AT_ANY_SERVER, SCENARIO_NAMES, type ScenarioName } from './names.ts';
import { near } from './near.ts';
import { pinCores } from './processes.ts';
import type { Finding, Progress, Scenario, Settings } from './scenario.ts';
import { memory, start } from './sizes.ts';
import { ingest, places, whatsat } from './traffic.ts';

const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  ingest,
  whatsat,
  places,
  near,
  herd,
  memory,
  start,
  'catch-up': catchUp,
};
/** A server has one thread for its clients: more than four of the generator's never wait for each other. */
const MOST_THREADS = 4;

export type BenchOptions = Omit<Settings, 'cores' | 'threads'>;

export interface BenchReport {
  readonly node: string;
  readonly cores: number;
  readonly pinned: string;
  readonly seconds: number;
  readonly connections: number;
  readonly ack: string;
  readonly findings: readonly Finding[];
}

/** Runs the scenarios, all that are possible if none is named. */
export async function runBench(
  names: readonly ScenarioName[],
  options: BenchOptions,
  progress: Progress,
): Promise<BenchReport> {
  const cores = availableParallelism();
  const pinned = pinCores();
  // One core is the server's.
  const threads = Math.max(1, Math.min(MOST_THREADS, cores - 1, options.connections));
  const settings: Settings = { ...options, cores: pinned, threads };
  const all = options.at === undefined ? SCENARIO_NAMES : AT_ANY_SERVER;
  const findings: Finding[] = [];
  for (const name of names.length === 0 ? all : names) {
    findings.push(...(await SCENARIOS[name](settings, progress)));
  }
  const { seconds, connections, ack } = options;
  return { node: process.version, cores, pinned: pinned.text, seconds, connections, ack, findings };
}
