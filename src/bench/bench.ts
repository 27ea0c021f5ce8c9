// The benchmarks by name, and running some of them one after the other. Knows no terminal.
import { availableParallelism } from 'node:os';
import { catchUp, herd } from './herd.ts';
import { pinCores } from './processes.ts';
import type { Finding, Progress, Scenario, Settings } from './scenario.ts';
import { memory, start } from './sizes.ts';
import { ingest, near, whatsat } from './traffic.ts';

const SCENARIOS: ReadonlyMap<string, Scenario> = new Map([
  ['ingest', ingest],
  ['whatsat', whatsat],
  ['near', near],
  ['herd', herd],
  ['memory', memory],
  ['start', start],
  ['catch-up', catchUp],
]);
/** Those that need nothing but a client port. */
const AT_ANY_SERVER: readonly string[] = ['ingest', 'whatsat', 'near'];

/** A server has one thread for its clients: more than four of the generator's never wait for each other. */
const MOST_THREADS = 4;

export const SCENARIO_NAMES: readonly string[] = [...SCENARIOS.keys()];

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

/** What of these cannot be run as asked; undefined when all can. */
export function objection(names: readonly string[], atRunningServer: boolean): string | undefined {
  const unknown = names.find((name) => !SCENARIOS.has(name));
  if (unknown !== undefined) return `there is no scenario ${JSON.stringify(unknown)}: ${SCENARIO_NAMES.join(', ')}`;
  const own = names.find((name) => !AT_ANY_SERVER.includes(name));
  if (!atRunningServer || own === undefined) return undefined;
  return `${own} needs servers of its own: with --at there are ${AT_ANY_SERVER.join(', ')}`;
}

/** Runs the scenarios, all that are possible if none is named. */
export async function runBench(
  names: readonly string[],
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
    findings.push(...(await (SCENARIOS.get(name) as Scenario)(settings, progress)));
  }
  const { seconds, connections, ack } = options;
  return { node: process.version, cores, pinned: pinned.text, seconds, connections, ack, findings };
}
