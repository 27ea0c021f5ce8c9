// One simulated server: the real core with virtual clocks, disk and network around it, moved as net/ and server/ move the real
// one. It can be stopped, killed and started again. Knows no plan and no invariant; tells a `Witness` everything.
import type { Link } from '../core/link.ts';
import { Replica } from '../core/replica.ts';
import type { Observer } from '../core/sink.ts';
import { asciiBytes, ByteWriter } from '../wire/bytes.ts';
import { Command, parseCommand } from '../wire/command.ts';
import { NEWEST_VERSION } from '../wire/frame.ts';
import { GOT_INTERVAL_MS, GREETING_TIMEOUT_MS, LINE_BYTES, OWN_PAUSE_MS, TICK_MOST_MS } from '../wire/limits.ts';
import { LineReader } from '../wire/lines.ts';
import type { StoredRecord } from '../wire/record.ts';
import { ReportsAhead } from '../wire/reports-ahead.ts';
import { Caller } from './caller.ts';
import type { Disk } from './disk.ts';
import type { Host, Network } from './network.ts';
import type { ServerClock } from './server-clock.ts';
import type { Stream } from './stream.ts';

/** Who watches what happens at every server. */
export interface Witness {
  started(server: SimulatedServer): void;
  /** Its disk was read. */
  restored(server: SimulatedServer): void;
  /** Returns a copy to keep. */
  accepted(server: SimulatedServer, record: StoredRecord, from: string | undefined): StoredRecord;
  /** Its client has the reply. */
  acknowledged(server: SimulatedServer, record: StoredRecord): void;
  forwarded(server: SimulatedServer, record: StoredRecord, to: string): void;
  linkOpened(server: SimulatedServer, link: Link): void;
  repaired(server: SimulatedServer, records: number): void;
  linkDropped(server: SimulatedServer, link: Link, reason: string): void;
  linkRefused(server: SimulatedServer, reason: string, byUs: boolean): void;
  /** A turn is over: what must hold at any time holds now. */
  turned(server: SimulatedServer): void;
  ticked(server: SimulatedServer): void;
}

export class SimulatedServer implements Host {
  readonly name: string;
  readonly clock: ServerClock;
  readonly disk: Disk;
  /** Of the protocol between servers. */
  newestVersion: number = NEWEST_VERSION;
  /** Nothing while the process is dead. */
  replica: Replica | undefined;
  readonly streams: Set<Stream> = new Set();
  /** Of its own clients' reports, since they last sent some. */
  private accepted: StoredRecord[] = [];
  /** In virtual time; when it last came back from being stopped, or started. */
  runsSinceMs = 0;
  private life = 0;
  private stoppedSinceMs: number | undefined;
  private clockSleeps = false;
  /** What would have run while it was stopped. */
  private postponed: (() => void)[] = [];
  private readonly gone = new Map<Stream, () => void>();
  private callers = new Map<string, Caller>();
  private readonly neighbours: SimulatedServer[] = [];
  private readonly network: Network;
  private readonly witness: Witness;
  private armedForMs = Number.POSITIVE_INFINITY;
  private armed = 0;
  private againPlanned = false;
  private readonly command = new Command();
  private readonly lines = new LineReader(LINE_BYTES, LINE_BYTES);
  private readonly out = new ByteWriter();

  constructor(name: string, clock: ServerClock, disk: Disk, network: Network, witness: Witness) {
    this.name = name;
    this.clock = clock;
    this.disk = disk;
    this.network = network;
    this.witness = witness;
  }

  befriend(other: SimulatedServer): void {
    this.neighbours.push(other);
  }

  get isUp(): boolean {
    return this.replica !== undefined;
  }

  get isRunning(): boolean {
    return this.replica !== undefined && this.stoppedSinceMs === undefined;
  }

  nowMs(): number {
    return this.clock.forwardMs(this.network.timeline.nowMs);
  }

  start(epoch: number): void {
    if (this.replica !== undefined) return;
    this.life += 1;
    this.disk.epoch = epoch;
    this.runsSinceMs = this.network.timeline.nowMs;
    this.replica = new Replica({
      herd: 'sim',
      self: this.name,
      epoch,
      neighbours: this.neighbours.map(({ name }) => name),
      hashSeed: this.network.chance.bits(),
      nowMs: this.nowMs(),
      expireAfterSeconds: 0,
      newestVersion: this.newestVersion,
      observer: this.observer(),
    });
    this.disk.start(this, this.replica);
    this.witness.restored(this);
    this.witness.started(this);
    this.callers = new Map(this.neighbours.map((other) => [other.name, new Caller(this, other, this.network)]));
    for (const caller of this.callers.values()) caller.dial();
    this.arm(this.nowMs());
  }

  /** The process dies at once. `silent`: so does its machine, and nobody is told. */
  kill(silent: boolean): void {
    this.replica = undefined;
    this.stoppedSinceMs = undefined;
    this.postponed = [];
    this.againPlanned = false;
    this.armed += 1;
    for (const caller of this.callers.values()) caller.stop();
    for (const stream of this.streams) stream.vanish(silent);
    this.streams.clear();
  }

  /** The process is stopped, or its machine sleeps and its forward clock with it. */
  stop(clockSleeps: boolean): void {
    if (!this.isRunning) return;
    this.stoppedSinceMs = this.network.timeline.nowMs;
    this.clockSleeps = clockSleeps;
  }

  resume(): void {
    if (this.stoppedSinceMs === undefined) return;
    const nowMs = this.network.timeline.nowMs;
    const pauseMs = nowMs - this.stoppedSinceMs;
    if (this.clockSleeps) this.clock.slept(pauseMs);
    for (const stream of this.streams) stream.pausedMs += this.clockSleeps ? pauseMs : forgivenMs(pauseMs);
    this.stoppedSinceMs = undefined;
    this.runsSinceMs = nowMs;
    const postponed = this.postponed;
    this.postponed = [];
    // Sockets or timers first: an event loop may be stopped anywhere.
    const read = (): void => {
      for (const stream of [...this.streams]) stream.peer.pump();
    };
    if (this.network.chance.happens(0.5)) read();
    for (const action of postponed) this.run(action);
    read();
  }

  /** Runs it in this life, when the process is not stopped. */
  run(action: () => void): void {
    if (this.replica === undefined) return;
    if (this.stoppedSinceMs !== undefined) this.postponed.push(action);
    else action();
  }

  later(delayMs: number, action: () => void): void {
    const { life } = this;
    this.network.timeline.after(delayMs, () => {
      if (this.life === life) this.run(action);
    });
  }

  /** What a client sends in one piece. True when all of it was answered. */
  reports(lines: readonly string[]): boolean {
    const { replica } = this;
    if (replica === undefined || this.stoppedSinceMs !== undefined || !this.disk.isWorking) return false;
    const { lines: reader, out } = this;
    const ahead = new ReportsAhead(replica.table.kernel);
    const bytes = asciiBytes(`${lines.join('\n')}\n`);
    const now = this.clock.read(this.network.timeline.nowMs);
    const nowMs = this.nowMs();
    this.accepted = [];
    out.reset();
    reader.push(bytes);
    for (let served = 0; served < lines.length; ) {
      replica.reports.readAhead(reader, ahead, now, out);
      const together = replica.reports.takeAhead(reader, ahead, now, nowMs, out);
      served += together;
      if (together > 0) continue;
      let report = reader.nextAhead(ahead);
      if (report === undefined && reader.next()) {
        report = this.command;
        if (parseCommand(bytes, reader.start, reader.end, report) !== 'iamat')
          throw new Error(`no report: ${lines[served]}`);
      }
      if (report !== undefined) replica.report(bytes, report, now, nowMs, out);
      served += 1;
    }
    const kept = this.accepted;
    this.flush((isKept) => {
      if (isKept) for (const record of kept) this.witness.acknowledged(this, record);
    });
    return true;
  }

  /** A connection is open, dialled to `neighbour` by this server or by somebody to this server. */
  takes(stream: Stream, neighbour: string | undefined, gone: () => void): void {
    // It broke before this server had it, so nobody else will say that it is gone.
    if (stream.isClosed) return gone();
    this.streams.add(stream);
    this.gone.set(stream, gone);
    this.run(() => {
      const { replica } = this;
      if (replica === undefined || stream.isClosed) return;
      stream.heardMs = this.network.timeline.nowMs;
      const link = replica.connected(stream, neighbour, this.nowMs());
      stream.link = link;
      this.later(GREETING_TIMEOUT_MS, () => {
        if (link.isGreeting) link.refuse(`no greeting within ${GREETING_TIMEOUT_MS} ms`);
      });
      stream.peer.pump();
    });
  }

  received(end: Stream, bytes: Uint8Array): void {
    end.link?.received(bytes, this.nowMs());
    // A real server reads the next chunk into the same memory.
    bytes.fill(0xff);
    this.flush();
  }

  drained(end: Stream): void {
    this.run(() => {
      end.link?.drained(this.nowMs());
      this.witness.turned(this);
    });
  }

  ended(end: Stream): void {
    end.link?.close('the other side closed the connection');
  }

  closed(end: Stream, failure: string): void {
    if (!this.streams.has(end)) return;
    this.run(() => {
      this.streams.delete(end);
      if (end.link !== undefined) this.replica?.disconnected(end.link, failure);
      this.gone.get(end)?.();
      this.gone.delete(end);
    });
  }

  // What net/pulse.ts does with real timers.

  private flush(kept?: (isKept: boolean) => void): void {
    const nowMs = this.nowMs();
    if (this.replica?.flush(nowMs)) this.again();
    this.disk.commit(kept);
    if (this.armedForMs > nowMs + GOT_INTERVAL_MS) this.arm(nowMs + GOT_INTERVAL_MS);
    this.witness.turned(this);
  }

  private tick(): void {
    const { replica } = this;
    if (replica === undefined) return;
    const nowMs = this.nowMs();
    if (replica.tick(nowMs, this.clock.read(this.network.timeline.nowMs))) this.again();
    this.witness.ticked(this);
    this.arm(Math.max(nowMs + 1, replica.dueMs()));
  }

  private again(): void {
    if (this.againPlanned) return;
    this.againPlanned = true;
    this.later(0.01, () => {
      this.againPlanned = false;
      this.flush();
    });
  }

  private arm(atMs: number): void {
    this.armed += 1;
    const { armed } = this;
    this.armedForMs = atMs;
    const wake = (): void => {
      if (this.armed !== armed) return;
      const nowMs = this.nowMs();
      // The machine slept: the timer is not due yet by its own clock.
      if (nowMs < atMs - 0.001) this.network.timeline.at(this.clock.trueMs(atMs), () => this.run(wake));
      else this.tick();
    };
    this.network.timeline.at(this.clock.trueMs(atMs), () => this.armed === armed && this.run(wake));
  }

  private observer(): Observer {
    const { witness } = this;
    return {
      linkOpened: (link) => {
        this.callers.get(link.neighbour ?? '')?.linked();
        witness.linkOpened(this, link);
      },
      linkCaughtUp: () => {},
      linkDropped: (link, reason) => {
        witness.linkDropped(this, link, reason);
        this.callers.get(link.neighbour ?? '')?.lost();
      },
      linkRefused: (_link, reason, byUs) => witness.linkRefused(this, reason, byUs),
      accepted: (record, from) => {
        const accepted = witness.accepted(this, record, from);
        if (from === undefined) this.accepted.push(accepted);
        this.disk.append(record, accepted);
      },
      superseded: () => {},
      forwarded: (record, to) => witness.forwarded(this, record, to),
      marked: (origin, height) => this.disk.mark(origin, height),
      repaired: (_link, records) => witness.repaired(this, records),
      lifeBegun: (epoch) => {
        this.disk.epoch = epoch;
      },
      statusRequested: () => {},
      forgetRequested: () => {},
      nearRequested: () => {},
    };
  }
}

/** What a server holds against nobody, at least, of the time in which it was stopped and its clock went on. */
function forgivenMs(pauseMs: number): number {
  return pauseMs - TICK_MOST_MS > OWN_PAUSE_MS ? pauseMs - TICK_MOST_MS : 0;
}
