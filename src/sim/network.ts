// The network of a simulated herd: byte streams between servers, with latency, bandwidth, chunks of any size, cuts that
// nobody is told of, and resets. Knows servers as `Host`s and moves bytes; knows no frame.
import type { Chance } from './chance.ts';
import { Stream } from './stream.ts';
import type { Timeline } from './timeline.ts';

export interface NetworkSettings {
  readonly latencyMs: number;
  readonly jitterMs: number;
  /** Infinity for a link that is never full. */
  readonly bytesPerMs: number;
  /** What a connection holds unread in each direction before `write` answers false. */
  readonly capacityBytes: number;
  /** How often a write arrives in several pieces. */
  readonly splitProbability: number;
}

/** One end of a connection, as the server that has it sees it. */
export interface Host {
  readonly name: string;
  /** False while it is stopped: the kernel accepts and keeps what arrives. */
  readonly isRunning: boolean;
  received(end: Stream, bytes: Uint8Array): void;
  drained(end: Stream): void;
  /** The other side will send no more. */
  ended(end: Stream): void;
  /** The connection is over; called once. */
  closed(end: Stream, failure: string): void;
}

/** The way from one server to another; the way back is another. */
export class Path {
  /** Cuts that are on now; they may overlap. */
  cuts = 0;
  /** Nothing arrives before. */
  cloggedUntilMs = 0;
  readonly streams: Set<Stream> = new Set();
}

export class Network {
  readonly timeline: Timeline;
  readonly chance: Chance;
  readonly settings: NetworkSettings;
  /** Bytes that arrived anywhere, mixed with when: two runs with the same are the same run. */
  hash = 0x811c9dc5;
  bytes = 0;
  private readonly paths = new Map<string, Path>();

  constructor(timeline: Timeline, chance: Chance, settings: NetworkSettings) {
    this.timeline = timeline;
    this.chance = chance;
    this.settings = settings;
  }

  path(from: string, to: string): Path {
    const key = `${from} ${to}`;
    let path = this.paths.get(key);
    if (path === undefined) {
      path = new Path();
      this.paths.set(key, path);
    }
    return path;
  }

  delayMs(): number {
    return this.settings.latencyMs + this.chance.fraction() * this.settings.jitterMs;
  }

  /** Two ends of a new connection. */
  join(dialler: Host, other: Host): readonly [Stream, Stream] {
    const near = new Stream(this, dialler, this.path(dialler.name, other.name));
    const far = new Stream(this, other, this.path(other.name, dialler.name));
    near.peer = far;
    far.peer = near;
    return [near, far];
  }

  /** Nothing gets through from one server to the other, and nobody is told. Connections that `lose` are never heard again. */
  cut(from: string, to: string, lose: boolean): void {
    const path = this.path(from, to);
    path.cuts += 1;
    if (lose) for (const stream of path.streams) stream.isLost = true;
  }

  heal(from: string, to: string): void {
    const path = this.path(from, to);
    path.cuts -= 1;
    if (path.cuts > 0) return;
    for (const stream of [...path.streams]) stream.pump();
  }

  /** Both ends of every connection between two servers are told that it is broken; bytes on their way may be lost. */
  reset(one: string, other: string): void {
    for (const path of [this.path(one, other), this.path(other, one)]) {
      for (const stream of [...path.streams]) stream.break('ECONNRESET');
    }
  }

  happened(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    this.mix(this.timeline.nowMs * 1024);
    this.mix(bytes.length);
    for (let index = 0; index < bytes.length; index += 7) this.mix(bytes[index] as number);
  }

  mix(value: number): void {
    this.hash = Math.imul(this.hash ^ (value | 0), 0x01000193) >>> 0;
  }
}
