// A whole herd in one process: the real core of every server, joined by byte streams that deliver when they are told to, under
// a clock that stands still. Knows core and wire, no socket and no time of its own.
import type { Link } from '../core/link.ts';
import { Replica } from '../core/replica.ts';
import type { Observer, Transport } from '../core/sink.ts';
import { asciiText, ByteWriter } from '../wire/bytes.ts';
import { Command, parseCommand } from '../wire/command.ts';
import { NEWEST_VERSION } from '../wire/frame.ts';
import type { Instant } from '../wire/instant.ts';
import { clientBytes, type StoredRecord } from '../wire/record.ts';
import { writeAtStart, writeInvalid } from '../wire/reply.ts';

/** The five servers of the published task and who talks with whom. */
export const CLASS_GRAPH: readonly (readonly [string, string])[] = [
  ['Goloman', 'Hands'],
  ['Goloman', 'Holiday'],
  ['Goloman', 'Wilkes'],
  ['Hands', 'Wilkes'],
  ['Holiday', 'Welsh'],
  ['Holiday', 'Wilkes'],
];

/** One direction of a connection: what was written and has not arrived. `undefined` in the queue is the end. */
class Pipe implements Transport {
  readonly isLocal = false;
  readonly provenName = undefined;
  readonly queue: (Uint8Array | undefined)[] = [];
  readonly from: string;
  readonly to: string;
  private ended = false;

  constructor(from: string, to: string) {
    this.from = from;
    this.to = to;
  }

  write(bytes: Uint8Array): boolean {
    if (!this.ended) this.queue.push(bytes.slice());
    return true;
  }

  /** What is on its way is lost, and both sides hear of it. */
  breakOff(): void {
    this.queue.length = 0;
    this.queue.push(undefined);
    this.ended = true;
  }

  destroy(): void {
    this.breakOff();
  }

  end(): void {
    if (!this.ended) this.queue.push(undefined);
    this.ended = true;
  }
}

interface Direction {
  readonly pipe: Pipe;
  /** The receiving end. */
  link: Link;
  peerLink: Link;
}

export class SimulatedHerd {
  readonly replicas: Map<string, Replica> = new Map();
  /** What time every server's clock shows. */
  readonly now: Instant = { seconds: 0, nanoseconds: 0 };
  /** The servers' own forward clock, in milliseconds. */
  nowMs = 0;
  expireAfterSeconds = 0;
  private readonly edges: readonly (readonly [string, string])[];
  private readonly directions: Direction[] = [];
  private readonly tell: (event: string) => void;
  private lives = 0;

  /** `tell` gets one line for each thing that happens anywhere. */
  constructor(edges: readonly (readonly [string, string])[], tell: (event: string) => void = () => {}) {
    this.edges = edges;
    this.tell = tell;
  }

  get names(): string[] {
    return [...new Set(this.edges.flat())].sort();
  }

  /** Starts a server with an empty table, in a new life. `newestVersion` is that of the protocol, if not this build's. */
  start(name: string, newestVersion: number = NEWEST_VERSION): void {
    this.lives += 1;
    const neighbours = this.edges.filter((edge) => edge.includes(name)).map(([a, b]) => (a === name ? b : a));
    const options = {
      herd: 'sim',
      self: name,
      epoch: this.lives,
      neighbours,
      hashSeed: this.lives,
      nowMs: this.nowMs,
      expireAfterSeconds: this.expireAfterSeconds,
      newestVersion,
    };
    this.replicas.set(name, new Replica({ ...options, observer: this.observer(name) }));
  }

  /** A server disappears; what it had written still arrives. */
  stop(name: string): void {
    this.replicas.delete(name);
    for (const direction of this.directions) if (direction.pipe.from === name) direction.pipe.end();
  }

  /** `dialler` opens a connection to `other`, as its dialer would. */
  dial(dialler: string, other: string): void {
    const [near, far] = [this.replicas.get(dialler), this.replicas.get(other)];
    if (near === undefined || far === undefined) return;
    const there = new Pipe(dialler, other);
    const back = new Pipe(other, dialler);
    const nearLink = near.connected(there, other, this.nowMs);
    const farLink = far.connected(back, undefined, this.nowMs);
    this.directions.push(
      { pipe: there, link: farLink, peerLink: nearLink },
      { pipe: back, link: nearLink, peerLink: farLink },
    );
  }

  /** Every server that runs and has no link to a neighbour that runs dials it, the smaller name first. */
  dialAll(): void {
    for (const [a, b] of this.edges) {
      const [dialler, other] = a < b ? [a, b] : [b, a];
      if (this.replicas.get(dialler)?.linkTo(other) === undefined) this.dial(dialler, other);
    }
  }

  /** The connections between two servers break; bytes on their way are lost. */
  cut(one: string, other: string): void {
    for (const direction of this.directions) {
      const { from, to } = direction.pipe;
      if ((from !== one || to !== other) && (from !== other || to !== one)) continue;
      direction.pipe.breakOff();
    }
  }

  /** Directions with something to deliver. */
  get pending(): number {
    return this.directions.filter(({ pipe }) => pipe.queue.length > 0).length;
  }

  /** Delivers the first bytes of the `choice`-th direction (modulo their number) that has any. */
  deliver(choice: number): void {
    const ready = this.directions.filter(({ pipe }) => pipe.queue.length > 0);
    const direction = ready[choice % ready.length];
    if (direction === undefined) return;
    const receiver = this.replicas.get(direction.pipe.to);
    const bytes = direction.pipe.queue.shift();
    if (bytes !== undefined) {
      direction.link.received(bytes, this.nowMs);
      this.flush(receiver);
      return;
    }
    this.directions.splice(this.directions.indexOf(direction), 1);
    receiver?.disconnected(direction.link, 'the connection was closed');
  }

  /** Delivers everything, oldest connection first, until nothing moves. */
  settle(): void {
    // Far more steps than any finite exchange needs: a herd that goes on for ever is a bug, not a long test.
    for (let steps = 0; this.pending > 0; steps += 1) {
      if (steps > 1_000_000) throw new Error('the herd does not come to rest');
      this.deliver(0);
    }
  }

  /** Lets time pass: every server is told when something is due, and everything is delivered at once. */
  elapse(durationMs: number): void {
    const endMs = this.nowMs + durationMs;
    for (;;) {
      const dueMs = Math.min(...[...this.replicas.values()].map((replica) => replica.dueMs()));
      if (dueMs > endMs) break;
      this.nowMs = Math.max(dueMs, this.nowMs + 1);
      for (const replica of this.replicas.values())
        if (replica.dueMs() <= this.nowMs) replica.tick(this.nowMs, this.now);
      this.settle();
    }
    this.nowMs = Math.max(this.nowMs, endMs);
  }

  /** A client says one line to a server; returns the reply. Places are not the core's: WHATSAT shows its `AT` line. */
  say(name: string, line: Uint8Array): string {
    const replica = this.replicas.get(name);
    if (replica === undefined) return `${name} is down`;
    const out = new ByteWriter();
    const command = new Command();
    const kind = parseCommand(line, 0, line.length, command);
    const record =
      kind === 'whatsat' ? replica.lookUp(line, command.clientStart, command.clientEnd, this.now) : undefined;
    if (kind === 'iamat') replica.report(line, command, this.now, this.nowMs, out);
    else if (record !== undefined) writeAt(out, record);
    else if (kind !== 'blank') {
      writeInvalid(out, { bytes: line, start: 0, end: line.length, terminated: true, tooLong: false });
    }
    this.flush(replica);
    return asciiText(out.take()).trimEnd();
  }

  /** Every record a server knows, as sorted `AT` lines: equal texts are equal servers. */
  contents(name: string): string[] {
    const lines: string[] = [];
    for (const record of this.replicas.get(name)?.records() ?? []) {
      const out = new ByteWriter();
      writeAt(out, record);
      lines.push(asciiText(out.take()));
    }
    return lines.sort();
  }

  private flush(replica: Replica | undefined): void {
    // A turn that has more to do gets another; each sends at least one batch.
    while (replica?.flush(this.nowMs)) {}
  }

  private observer(name: string): Observer {
    const told = (record: StoredRecord): string => {
      const client = asciiText(clientBytes(record));
      return `${client} (${record.origin.name} ${record.origin.epoch}.${record.sequence})`;
    };
    return {
      linkOpened: (link) => this.tell(`${name}: link to ${link.neighbour} opened`),
      linkCaughtUp: (link, records) => this.tell(`${name}: ${link.neighbour} lacks ${records} records`),
      marked: () => {},
      repaired: (link, records) => this.tell(`${name}: had lost ${records} records that ${link.neighbour} has`),
      lifeBegun: (epoch) => this.tell(`${name}: goes on in life ${epoch}`),
      linkDropped: (link, reason) => this.tell(`${name}: link to ${link.neighbour} dropped: ${reason}`),
      linkRefused: (link, reason, byUs) =>
        this.tell(`${name}: ${byUs ? 'refuses' : 'is refused by'} ${link.neighbour ?? 'a stranger'}: ${reason}`),
      accepted: (record, from) => this.tell(`${name}: accepts ${told(record)} from ${from ?? 'its client'}`),
      superseded: (record, from) => this.tell(`${name}: knows better than ${told(record)} from ${from}`),
      forwarded: (record, to) => this.tell(`${name}: sends ${told(record)} to ${to}`),
      forgetRequested: (link) => link.sendForgotten(false),
      nearRequested: (link) => link.sendNear([]),
      statusRequested: () => this.tell(`${name}: is asked for its status`),
    };
  }
}

function writeAt(out: ByteWriter, record: StoredRecord): void {
  writeAtStart(out, record.origin.nameBytes, record.received, record.stamp);
  out.copy(record.text, record.textStart, record.textStart + record.textLength);
}
