// A beat that is faster and more even than Node's timers, whose shortest is a millisecond and late: a thread that sleeps until just before each
// beat and then wakes the one that plays. That one need not turn all the time, which on two cores would take one of them from the servers.
import { performance } from 'node:perf_hooks';
import { parentPort, Worker, workerData } from 'node:worker_threads';

/** In milliseconds since the machine's processes can compare clocks: `performance.timeOrigin` plus `performance.now()`. */
interface Beat {
  readonly firstMs: number;
  readonly everyMs: number;
}

/** Each beat is announced this much before: what waking a thread takes. */
const EARLY_MS = 0.15;

/** Calls `soon` just before each beat; `beganMs` is the first, by this thread's `performance.now()`. Returns what ends it. */
export function beat(beganMs: number, everyMs: number, soon: () => void): () => void {
  const workerData: Beat = { firstMs: performance.timeOrigin + beganMs, everyMs };
  const thread = new Worker(new URL(import.meta.url), { workerData });
  thread.on('message', soon);
  return () => {
    thread.off('message', soon);
    void thread.terminate();
  };
}

function announce({ firstMs, everyMs }: Beat): never {
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  for (let number = 0; ; number += 1) {
    const nowMs = performance.timeOrigin + performance.now();
    const waitMs = firstMs + number * everyMs - EARLY_MS - nowMs;
    if (waitMs > 0) Atomics.wait(nothing, 0, 0, waitMs);
    parentPort?.postMessage(number);
  }
}

const given: unknown = workerData;
if (parentPort !== null && typeof given === 'object' && given !== null && 'everyMs' in given) announce(given as Beat);
