// Load on one server over many connections, from one thread. Closed: each connection sends a batch when the one before is
// answered. Open: requests leave at a fixed rate whatever the server does, and each is timed from when it should have left, so
// that a server that stalls is not asked less (no "coordinated omission"). Knows requests as bytes and replies as a count.
import net from 'node:net';
import { performance } from 'node:perf_hooks';
import { type AnswerEnd, FrameCounter, NatsCounter, RedisCounter } from './answer-counters.ts';
import { Latencies } from './latency.ts';
import { type LineEnd, ReplyCounter } from './reply-counter.ts';
import { makeRing, type RingPlan, RingWalk } from './ring.ts';

export interface LoadPlan {
  readonly host: string;
  readonly port: number;
  /** One a connection. */
  readonly rings: readonly RingPlan[];
  readonly replyEnd: LineEnd | AnswerEnd;
  /** What every reply that is a line, or lines, begins with. */
  readonly replyStart: string;
  /** Requests in flight on a connection of a closed load. */
  readonly pipeline: number;
  /** Of all connections together; without it the load is closed. */
  readonly ratePerSecond?: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** For a protocol that wants to be greeted: sent first on every connection, which is ready when its answer has come. */
  readonly greeting?: { readonly text: string; readonly answer: string };
  /** An open load that comes in all the while, from the same thread: two would wait for each other where one core is theirs. */
  readonly beside?: LoadPlan;
}

/** What was measured between the end of the warm-up and the end. */
export interface LoadResult {
  readonly replies: number;
  readonly seconds: number;
  readonly latencies: string;
  /** Replies to the load beside. */
  readonly besideReplies: number;
  /** The share of the time in which this thread had something to do: 1 is all it can. */
  readonly busyShare: number;
}

export interface LoadObserver {
  /** The warm-up is over. */
  measuring(): void;
  /** How far it is, 0 to 1. */
  progress(share: number): void;
}

const PROGRESS_MS = 200;
/** A server that takes longer for what was asked at the end of an open load was not keeping up at all. */
const LAST_REPLIES_MS = 10_000;
const LAST_LOOK_MS = 10;
/** Reads of all connections go here, one after the other. */
const READ_BYTES = 256 * 1024;
/** Unanswered requests of an open load, on one connection; a server that is so far behind is not measured but flooded. */
const MOST_UNANSWERED = 32_768;
const NATS_PONG = 'PONG\r\n';

export function runLoad(plan: LoadPlan, observer: LoadObserver): Promise<LoadResult> {
  return new Load(plan, observer).run();
}

class Load {
  readonly plan: LoadPlan;
  readonly latencies: Latencies = new Latencies();
  replies = 0;
  running = false;
  private ending = false;
  private readonly observer: LoadObserver;
  private readonly lanes: Lane[] = [];
  private readonly beside: Load | undefined;
  private fail: (error: Error) => void = () => {};

  constructor(plan: LoadPlan, observer: LoadObserver) {
    this.plan = plan;
    this.observer = observer;
    this.beside = plan.beside && new Load(plan.beside, observer);
  }

  async run(): Promise<LoadResult> {
    const failed = new Promise<never>((_resolve, reject) => {
      this.fail = reject;
      if (this.beside !== undefined) this.beside.fail = reject;
    });
    try {
      return await Promise.race([failed, this.measure()]);
    } finally {
      this.beside?.close();
      this.close();
    }
  }

  failed(error: Error): void {
    this.fail(error);
  }

  private close(): void {
    this.running = false;
    for (const lane of this.lanes) lane.close();
  }

  private async begin(): Promise<void> {
    const reading = Buffer.alloc(READ_BYTES);
    for (const ring of this.plan.rings) this.lanes.push(new Lane(this, ring, reading));
    await Promise.all(this.lanes.map((lane) => lane.opened));
    this.running = true;
    if (this.plan.ratePerSecond === undefined) for (const lane of this.lanes) lane.sendBatch();
    else this.keepRate(this.plan.ratePerSecond);
  }

  private async measure(): Promise<LoadResult> {
    await this.beside?.begin();
    await this.begin();
    await later(this.plan.warmUpSeconds * 1000);
    this.observer.measuring();
    this.latencies.reset();
    const before = this.replies;
    const besideBefore = this.beside?.replies ?? 0;
    const beganMs = performance.now();
    const began = performance.eventLoopUtilization();
    const forMs = this.plan.seconds * 1000;
    const ticker = setInterval(() => this.observer.progress((performance.now() - beganMs) / forMs), PROGRESS_MS);
    await later(forMs);
    // A rate of nothing says nothing: on a machine that is that busy it takes a little longer.
    for (let waitedMs = 0; this.replies === before && waitedMs < LAST_REPLIES_MS; waitedMs += LAST_LOOK_MS) {
      await later(LAST_LOOK_MS);
    }
    clearInterval(ticker);
    const { utilization: busyShare } = performance.eventLoopUtilization(began);
    const seconds = (performance.now() - beganMs) / 1000;
    const besideReplies = (this.beside?.replies ?? 0) - besideBefore;
    const counted = { replies: this.replies - before, besideReplies, seconds, busyShare };
    if (this.plan.ratePerSecond !== undefined) await this.lastReplies();
    return { ...counted, latencies: this.latencies.encode() };
  }

  /** What was asked in time counts, and more so the later its reply comes. */
  private async lastReplies(): Promise<void> {
    this.ending = true;
    const waiting = (): number => this.lanes.reduce((sum, lane) => sum + lane.unanswered, 0);
    for (let waitedMs = 0; waiting() > 0; waitedMs += LAST_LOOK_MS) {
      if (waitedMs > LAST_REPLIES_MS)
        throw new Error(`${waiting()} requests were not answered in ${LAST_REPLIES_MS} ms`);
      await later(LAST_LOOK_MS);
    }
  }

  /** Sends what is due at every turn of the event loop: a timer's milliseconds are too coarse. So this thread is always busy. */
  private keepRate(ratePerSecond: number): void {
    const beganMs = performance.now();
    const everyMs = 1000 / ratePerSecond;
    let sent = 0;
    const turn = (): void => {
      if (!this.running || this.ending) return;
      const nowMs = performance.now();
      for (let dueMs = beganMs + sent * everyMs; dueMs <= nowMs; dueMs = beganMs + sent * everyMs) {
        (this.lanes[sent % this.lanes.length] as Lane).sendOne(dueMs);
        sent += 1;
      }
      setImmediate(turn);
    };
    turn();
  }
}

/** One connection. */
class Lane {
  readonly opened: Promise<void>;
  private readonly load: Load;
  private readonly socket: net.Socket;
  private readonly walk: RingWalk;
  private readonly counter: Counter;
  unanswered = 0;
  private sentAtMs = 0;
  /** When the unanswered requests of an open load should have left, in a circle. */
  private readonly dueMs: Float64Array;
  private newest = 0;
  private greeted: () => void = () => {};

  constructor(load: Load, ring: RingPlan, reading: Buffer) {
    const { host, port, replyEnd, replyStart, pipeline, ratePerSecond, greeting } = load.plan;
    this.load = load;
    this.walk = new RingWalk(makeRing(ring), ratePerSecond === undefined ? pipeline : 1);
    this.counter = counterOf(replyEnd, replyStart, () => this.socket.write(NATS_PONG));
    this.dueMs = new Float64Array(ratePerSecond === undefined ? 0 : MOST_UNANSWERED);
    const onread = {
      buffer: reading,
      callback: (length: number) => {
        this.received(reading, length);
        return true;
      },
    };
    this.socket = net.connect({ host, port, noDelay: true, onread });
    this.opened = new Promise((resolve) => {
      this.greeted = resolve;
      if (greeting === undefined) this.socket.once('connect', resolve);
    });
    this.socket.on('error', (error) => load.failed(error));
    this.socket.on('close', () => load.failed(new Error(`${host}:${port} closed the connection`)));
    if (greeting !== undefined) this.socket.write(greeting.text);
  }

  sendBatch(): void {
    this.unanswered = this.load.plan.pipeline;
    this.sentAtMs = performance.now();
    this.socket.write(this.walk.next(this.unanswered));
  }

  sendOne(dueMs: number): void {
    if (this.unanswered === MOST_UNANSWERED) {
      this.load.failed(
        new Error(`the server is ${MOST_UNANSWERED} requests behind on a connection: ask for a lower rate`),
      );
      return;
    }
    this.dueMs[this.newest] = dueMs;
    this.newest = (this.newest + 1) % MOST_UNANSWERED;
    this.unanswered += 1;
    this.socket.write(this.walk.next(1));
  }

  close(): void {
    this.socket.destroy();
  }

  private received(bytes: Buffer, length: number): void {
    const { load } = this;
    if (!load.running) {
      const { greeting } = load.plan;
      if (greeting !== undefined && bytes.toString('latin1', 0, length).includes(greeting.answer)) this.greeted();
      return;
    }
    let count: number;
    try {
      count = this.counter.count(bytes, length);
    } catch (error) {
      return load.failed(error as Error);
    }
    if (count === 0) return;
    if (count > this.unanswered) return load.failed(new Error('the server sent more replies than it was asked for'));
    load.replies += count;
    if (load.plan.ratePerSecond !== undefined) return this.answered(count);
    this.unanswered -= count;
    if (this.unanswered > 0) return;
    load.latencies.record(performance.now() - this.sentAtMs, load.plan.pipeline);
    this.sendBatch();
  }

  private answered(count: number): void {
    const nowMs = performance.now();
    for (let index = 0; index < count; index += 1) {
      const oldest = (this.newest - this.unanswered + MOST_UNANSWERED) % MOST_UNANSWERED;
      this.load.latencies.record(nowMs - (this.dueMs[oldest] as number));
      this.unanswered -= 1;
    }
  }
}

type Counter = ReplyCounter | FrameCounter | RedisCounter | NatsCounter;

function counterOf(end: LineEnd | AnswerEnd, start: string, pong: () => void): Counter {
  switch (end) {
    case 'frame':
      return new FrameCounter();
    case 'array':
      return new RedisCounter();
    case 'nats':
      return new NatsCounter(pong);
    case 'line':
    case 'emptyLine':
      return new ReplyCounter(end, start);
  }
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
