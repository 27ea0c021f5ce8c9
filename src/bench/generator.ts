// Load from as many threads as are wanted, added up; and how busy they were, since a generator that is busy all the time has
// measured itself. Knows threads; what a load is, load.ts does.
import { Worker } from 'node:worker_threads';
import type { FarthestPlan, FarthestResult } from './farthest.ts';
import type { FillPlan } from './fill.ts';
import { Latencies, type Latency } from './latency.ts';
import type { LoadPlan, LoadResult } from './load.ts';
import type { ThreadMessage, ThreadWork } from './load-thread.ts';
import { cpuSecondsOf } from './processes.ts';

export interface Measured {
  readonly replies: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly latency: Latency;
  /** How busy the busiest generator thread was, 0 to 1. An open load's thread always is. */
  readonly generatorBusyShare: number;
  /** CPU microseconds a reply of all processes watched, and the share of one core that this was; undefined if none is. */
  readonly cpuUsPerReply?: number;
  readonly cpuShare?: number;
  /** Replies a second to the load beside, if there is one; its CPU time is part of the above. */
  readonly besidePerSecond?: number;
}

export interface Watch {
  /** Processes whose CPU time is measured. */
  readonly pids: readonly number[];
  /** How far it is, 0 to 1. */
  readonly progress?: (share: number) => void;
  readonly threads?: number;
}

export async function generate(plan: LoadPlan, watch: Watch): Promise<Measured> {
  const threads = Math.min(watch.threads ?? 1, plan.rings.length);
  let cpuBefore = 0;
  let measuring = 0;
  const shares = Array.from({ length: threads }, (_, thread) =>
    plan.rings.filter((_ring, at) => at % threads === thread),
  );
  const results = await Promise.all(
    shares.map((rings, thread) => {
      // One of them has the load beside.
      const { beside, ...alone } = plan;
      const own = thread === 0 ? plan : alone;
      const rate = plan.ratePerSecond === undefined ? {} : { ratePerSecond: plan.ratePerSecond / threads };
      return inThread<LoadResult>({ kind: 'load', plan: { ...own, ...rate, rings } }, (message) => {
        if (message.kind === 'measuring') {
          measuring += 1;
          if (measuring === threads) cpuBefore = cpuSecondsOf(watch.pids);
        }
        if (message.kind === 'progress') watch.progress?.(message.share);
        return message.kind === 'done' ? message.result : undefined;
      });
    }),
  );
  const cpuSeconds = cpuSecondsOf(watch.pids) - cpuBefore;
  const latencies = new Latencies();
  for (const result of results) latencies.add(Latencies.decode(result.latencies));
  const replies = results.reduce((sum, result) => sum + result.replies, 0);
  const seconds = Math.max(...results.map((result) => result.seconds));
  const cpu =
    watch.pids.length === 0 ? {} : { cpuUsPerReply: (cpuSeconds * 1e6) / replies, cpuShare: cpuSeconds / seconds };
  const besideReplies = results.reduce((sum, result) => sum + result.besideReplies, 0);
  const beside = plan.beside === undefined ? {} : { besidePerSecond: besideReplies / seconds };
  return {
    replies,
    seconds,
    perSecond: replies / seconds,
    latency: latencies.summary(),
    generatorBusyShare: Math.max(...results.map((result) => result.busyShare)),
    ...cpu,
    ...beside,
  };
}

/** Fills a server with clients. */
export async function fillFrom(plan: FillPlan, progress?: (share: number) => void): Promise<void> {
  await inThread<true>({ kind: 'fill', plan }, (message) => {
    if (message.kind === 'progress') progress?.(message.share);
    return message.kind === 'filled' ? true : undefined;
  });
}

/** Times reports on their way to the farthest server. */
export function timeOnTheWay(plan: FarthestPlan, progress: (share: number) => void): Promise<FarthestResult> {
  return inThread<FarthestResult>({ kind: 'farthest', plan }, (message) => {
    if (message.kind === 'progress') progress(message.share);
    return message.kind === 'arrived' ? message.result : undefined;
  });
}

/** Runs a thread until `heard` has what it should give. */
function inThread<Result>(work: ThreadWork, heard: (message: ThreadMessage) => Result | undefined): Promise<Result> {
  // The name of the compiled file: threads are started by the path that runs.
  const thread = new Worker(new URL('./load-thread.js', import.meta.url), { workerData: work });
  return new Promise<Result>((resolve, reject) => {
    thread.on('message', (message: ThreadMessage) => {
      if (message.kind === 'failed') return reject(new Error(message.message));
      const result = heard(message);
      if (result !== undefined) resolve(result);
    });
    thread.on('error', reject);
    thread.on('exit', () => reject(new Error('a generator thread ended too early')));
  }).finally(() => thread.terminate());
}
