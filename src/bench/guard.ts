// What a report costs in units of the machine that runs it: CPU time of the real connection, replica and table over a transport in
// memory, divided by the CPU time of a fixed loop of the same kind of work in the same process. The quotient hardly depends on how
// fast the machine is or on who else runs on it, so that a slower hot path shows. Knows no limit: scripts/bench-guard.mjs does.
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { Replica } from '../core/replica.ts';
import type { Observer } from '../core/sink.ts';
import { ClientConnection } from '../net/client-connection.ts';
import type { ClientObserver } from '../net/client-service.ts';
import { Pulse } from '../net/pulse.ts';
import { readPublicly } from '../net/reading.ts';
import { LF } from '../wire/bytes.ts';
import { LINE_BYTES } from '../wire/limits.ts';
import { makeRing, RingWalk, visitsFor } from './ring.ts';

export interface GuardResult {
  /** CPU of a report over CPU of a step of the fixed loop, both the least of all rounds. */
  readonly ratio: number;
  readonly reportUs: number;
  readonly stepUs: number;
}

const CLIENTS = 20_000;
/** As many as a busy client sends at once, well within one turn of a connection. */
const CHUNK_REPORTS = 32;
const ROUND_REPORTS = 50_000;
const ROUND_STEPS = 400_000;
/** Of the fixed loop: they fit a core's own cache, since what others do to a shared one is no measure of this machine. */
const PLACES = 2048;
/** For the compiler to be done with both. */
const WARM_UP_ROUNDS = 3;

/** Takes some 0.3 s a round. */
export async function measureGuard(rounds: number): Promise<GuardResult> {
  const ingest = new Ingest();
  const loop = new FixedLoop();
  let reportUs = Number.POSITIVE_INFINITY;
  let stepUs = Number.POSITIVE_INFINITY;
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    const step = (await cpuUsOf(() => loop.run(ROUND_STEPS))) / ROUND_STEPS;
    const report = (await cpuUsOf(() => ingest.run(ROUND_REPORTS))) / ROUND_REPORTS;
    if (round < 0) continue;
    stepUs = Math.min(stepUs, step);
    reportUs = Math.min(reportUs, report);
  }
  ingest.stop();
  return { ratio: reportUs / stepUs, reportUs, stepUs };
}

async function cpuUsOf(work: () => void | Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function nothing(): void {}

/** A client's socket without a network: what is written to it is counted and gone. */
class MemorySocket extends Duplex {
  replies = 0;

  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    for (const byte of chunk) if (byte === LF) this.replies += 1;
    done();
  }
}

class Ingest {
  private readonly socket = new MemorySocket();
  private readonly replica: Replica;
  private readonly pulse: Pulse;
  private readonly walk: RingWalk;
  private sent = 0;

  constructor() {
    // Every method of an observer, since nobody listens.
    const silent = new Proxy({}, { get: () => nothing });
    this.replica = new Replica({
      herd: 'bench',
      self: 'Bench',
      epoch: 1,
      neighbours: [],
      nowMs: performance.now(),
      expireAfterSeconds: 0,
      hashSeed: 1,
      observer: silent as Observer,
    });
    this.pulse = new Pulse({
      replica: this.replica,
      readClock: (now) => {
        const ms = Date.now();
        now.seconds = Math.floor(ms / 1000);
        now.nanoseconds = (ms % 1000) * 1_000_000;
      },
      commit: (done) => done?.(true),
    });
    const service = {
      pulse: this.pulse,
      lineBytes: LINE_BYTES,
      read: readPublicly,
      places: () => undefined,
      acceptsReports: () => true,
    };
    const observer = Object.assign(Object.create(silent), { eachLine: false }) as ClientObserver;
    // It uses of a socket what any duplex stream has.
    new ClientConnection(1, this.socket as unknown as Socket, { ...service, observer });
    const common = { request: 'iamat', moves: 'random', area: 'world', first: 0, stride: 1, seed: 1 } as const;
    const plan = {
      ...common,
      clients: CLIENTS,
      visits: visitsFor(CLIENTS),
      stampSeconds: Math.floor(Date.now() / 1000),
    };
    this.walk = new RingWalk(makeRing(plan), CHUNK_REPORTS);
  }

  async run(reports: number): Promise<void> {
    for (let left = reports; left > 0; left -= CHUNK_REPORTS) {
      this.socket.emit('data', this.walk.next(CHUNK_REPORTS));
      this.sent += CHUNK_REPORTS;
      while (this.socket.isPaused() || this.socket.replies < this.sent) {
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    }
    if (this.replica.clients === 0) throw new Error('nothing was taken in');
  }

  /** Its timers would keep the process. */
  stop(): void {
    this.pulse.stop();
    this.socket.destroy();
  }
}

/**
 * Work of the kind that a report is: bytes are read one by one, mixed and copied, and a place in a table is found by them.
 * Changing it changes what every ratio means.
 */
class FixedLoop {
  private readonly input = new Uint8Array(64 * 1024).map((_, index) => (index * 31) & 0xff);
  private readonly output = new Uint8Array(64 * 1024);
  private readonly places = new Float64Array(PLACES);

  run(steps: number): void {
    let hash = 1;
    for (let step = 0; step < steps; step += 1) {
      const start = (step * 70) & 0x7fff;
      for (let index = start; index < start + 70; index += 1) {
        const byte = this.input[index] as number;
        hash = Math.imul(hash ^ byte, 0xcc9e2d51);
        hash = (hash << 15) | (hash >>> 17);
        this.output[index] = byte;
      }
      const place = hash & (PLACES - 1);
      this.places[place] = (this.places[place] as number) + 1;
    }
  }
}
