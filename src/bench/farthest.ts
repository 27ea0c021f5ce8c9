// How long a report takes across a herd: it goes to one server, and the farthest one is asked for it (WHATSAT ... SINCE), which
// answers as soon as it has it. At a fixed rate, timed from when the report should have left to the whole answer.
import net from 'node:net';
import os from 'node:os';
import { performance } from 'node:perf_hooks';
import { LF } from '../wire/bytes.ts';
import { Latencies } from './latency.ts';
import { makeRing, type RingPlan, RingWalk } from './ring.ts';

export interface FarthestPlan {
  readonly host: string;
  /** Client ports. */
  readonly reportPort: number;
  readonly askPort: number;
  /** Of `iamat`; the questions are those of the same plan. */
  readonly ring: RingPlan;
  readonly ratePerSecond: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export interface FarthestResult {
  readonly latencies: string;
  /** Reports that were asked for and did not come in the time that a server waits for them. */
  readonly missing: number;
  /** Reports that could not be asked for, since all questions were still open. */
  readonly unasked: number;
}

/** Questions that may be open at once, each on a connection of its own: a quarter of a second at 1,000 a second. */
const ASKERS = 256;
const PROGRESS_MS = 200;
/** Of each connection; an answer mostly has less. */
const READ_BYTES = 4096;
const REFUSED = '?'.charCodeAt(0);

/**
 * Times the reports of a plan. Its thread polls and never sleeps, or its own waking would be in each time, and twice; so it takes a low priority, or it
 * would have one of the servers' cores for itself. (With the lowest it would hardly run where others poll, too.)
 */
export async function timeToFarthest(plan: FarthestPlan, progress: (share: number) => void): Promise<FarthestResult> {
  // Elsewhere it would be that of the whole process.
  if (process.platform === 'linux') os.setPriority(os.constants.priority.PRIORITY_BELOW_NORMAL);
  const latencies = new Latencies();
  const reports = new RingWalk(makeRing(plan.ring), 1);
  const questions = new RingWalk(makeRing({ ...plan.ring, request: 'since' }), 1);
  const free: Asker[] = [];
  const counts = { missing: 0, unasked: 0 };
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  const done = (asker: Asker, ms: number | undefined): void => {
    free.push(asker);
    if (ms === undefined) counts.missing += 1;
    else latencies.record(ms);
  };
  // Its replies are of no interest here.
  const onread = { buffer: Buffer.alloc(READ_BYTES), callback: () => true };
  const reporter = net.connect({ host: plan.host, port: plan.reportPort, noDelay: true, onread });
  reporter.on('error', (error) => fail(error));
  const askers = Array.from({ length: ASKERS }, () => new Asker(plan.host, plan.askPort, done, (error) => fail(error)));
  free.push(...askers);
  let running = true;
  const everyMs = 1000 / plan.ratePerSecond;
  const run = async (): Promise<FarthestResult> => {
    await Promise.all(askers.map((asker) => asker.opened));
    const beganMs = performance.now();
    let sent = 0;
    const turn = (): void => {
      if (!running) return;
      for (let dueMs = beganMs + sent * everyMs; dueMs <= performance.now(); dueMs = beganMs + sent * everyMs) {
        reporter.write(reports.next(1));
        const question = questions.next(1);
        const asker = free.pop();
        if (asker === undefined) counts.unasked += 1;
        else asker.ask(question, dueMs);
        sent += 1;
      }
      setImmediate(turn);
    };
    turn();
    await later(plan.warmUpSeconds * 1000);
    latencies.reset();
    counts.missing = 0;
    counts.unasked = 0;
    const ticker = setInterval(() => {
      progress((performance.now() - beganMs) / 1000 / (plan.warmUpSeconds + plan.seconds));
    }, PROGRESS_MS);
    await later(plan.seconds * 1000);
    clearInterval(ticker);
    running = false;
    // The last answers count, and more so the later they come. A server gives up by itself.
    while (free.length < ASKERS) await later(10);
    return { latencies: latencies.encode(), ...counts };
  };
  try {
    return await Promise.race([failed, run()]);
  } finally {
    running = false;
    reporter.destroy();
    for (const asker of askers) asker.close();
  }
}

/** A connection with at most one question open. */
class Asker {
  readonly opened: Promise<void>;
  private readonly socket: net.Socket;
  private dueMs = 0;
  private first = 0;
  private beforeLast = 0;
  private last = 0;

  /** `done` hears how long an answer took, or that there was none. */
  constructor(
    host: string,
    port: number,
    done: (asker: Asker, ms: number | undefined) => void,
    fail: (error: Error) => void,
  ) {
    const buffer = Buffer.alloc(READ_BYTES);
    // As the servers read: a buffer for each answer would be a part of its time.
    const callback = (bytes: number): boolean => {
      if (this.first === 0) this.first = buffer[0] as number;
      this.beforeLast = bytes > 1 ? (buffer[bytes - 2] as number) : this.last;
      this.last = buffer[bytes - 1] as number;
      const refused = this.first === REFUSED;
      if (this.last !== LF || (!refused && this.beforeLast !== LF)) return true;
      this.first = 0;
      done(this, refused ? undefined : performance.now() - this.dueMs);
      return true;
    };
    this.socket = net.connect({ host, port, noDelay: true, onread: { buffer, callback } });
    this.opened = new Promise((resolve) => this.socket.once('connect', resolve));
    this.socket.on('error', fail);
  }

  ask(question: Buffer, dueMs: number): void {
    this.dueMs = dueMs;
    this.socket.write(question);
  }

  close(): void {
    this.socket.destroy();
  }
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
