// How long a report takes across a herd: the farthest server is asked for it (WHATSAT ... SINCE) before it goes to another one, and
// answers as soon as it has it. At a fixed rate, timed from when the report should have left to the whole answer.
import net from 'node:net';
import { performance } from 'node:perf_hooks';
import { LF } from '../wire/bytes.ts';
import { Latencies } from './latency.ts';
import { makeWayForAll } from './processes.ts';
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
  /**
   * How much too late 99 of 100 reports left at most: the generator waited for a core. That is in their times, too; so is how late it read the answers,
   * which nothing tells.
   */
  readonly lateP99Ms: number;
  /** The generator ran only when no server wanted its core. */
  readonly madeWay: boolean;
}

/** Questions that may be open at once, each on a connection of its own: a quarter of a second at 1,000 a second. */
const ASKERS = 256;
const PROGRESS_MS = 200;
/** Of each connection; an answer mostly has less. */
const READ_BYTES = 4096;
const REFUSED = '?'.charCodeAt(0);

/**
 * Times the reports of a plan. Its thread polls and never sleeps, or its own waking would be in each time, and twice; so it makes way, or it would have
 * one of the servers' cores for itself. That core does not sleep then: a server that is woken there begins at once.
 */
export async function timeToFarthest(plan: FarthestPlan, progress: (share: number) => void): Promise<FarthestResult> {
  const latencies = new Latencies();
  const lateness = new Latencies();
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
    else if (ms < 0) fail(new Error('the farthest server had a report before it left'));
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
    const madeWay = makeWayForAll();
    const beganMs = performance.now();
    let asked = 0;
    let sent = 0;
    const turn = (): void => {
      const nowMs = performance.now();
      // Half a report ahead: what the question itself costs is no part of the report's way.
      for (let dueMs = beganMs + asked * everyMs; running && dueMs <= nowMs + everyMs / 2; dueMs += everyMs) {
        const question = questions.next(1);
        const asker = free.pop();
        if (asker === undefined) counts.unasked += 1;
        else asker.ask(question, dueMs);
        asked += 1;
      }
      for (let dueMs = beganMs + sent * everyMs; sent < asked && dueMs <= nowMs; dueMs += everyMs) {
        lateness.record(performance.now() - dueMs);
        reporter.write(reports.next(1));
        sent += 1;
      }
      if (running || sent < asked) setImmediate(turn);
    };
    turn();
    await later(plan.warmUpSeconds * 1000);
    latencies.reset();
    lateness.reset();
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
    return { latencies: latencies.encode(), ...counts, lateP99Ms: lateness.summary().p99Ms, madeWay };
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

  /** `dueMs` is when what it asks for leaves. */
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
