// One end of a simulated connection: what its server writes travels to the other end in order, in pieces, late, or never.
// Behaves as a TCP socket of Node does, half-open and all. Knows no frame.
import type { Link } from '../core/link.ts';
import type { Transport } from '../core/sink.ts';
import { STOP_GRACE_MS } from '../wire/limits.ts';
import type { Host, Network, Path } from './network.ts';

const PACKET_BYTES = 1460;
/** From here on a packet takes less than a millisecond, and it does not matter when each arrives. */
const FAST_BYTES_PER_MS = 1460;

/** Bytes on their way, or that there will be no more: politely, or not. */
interface Piece {
  readonly arriveMs: number;
  readonly bytes: Uint8Array | 'end' | 'reset';
}

export class Stream implements Transport {
  readonly isLocal = false;
  readonly provenName: undefined;
  /** The core's link at this end, once the server has taken the connection. */
  link: Link | undefined;
  /** When bytes last reached this end. */
  heardMs = 0;
  /** How long this end's server was stopped since then, as far as it must forgive that. */
  pausedMs = 0;
  /** Written and not yet read at the other end. */
  waitingBytes = 0;
  /** The other end's server can never be reached over this connection again, and nobody knows. */
  isLost = false;
  readonly host: Host;
  peer!: Stream;
  private readonly network: Network;
  private readonly path: Path;
  private readonly pieces: Piece[] = [];
  private next = 0;
  private busyUntilMs = 0;
  private lastArriveMs = 0;
  private full = false;
  private hasEnded = false;
  private peerEnded = false;
  isClosed = false;
  private pumpAtMs = Number.POSITIVE_INFINITY;

  constructor(network: Network, host: Host, path: Path) {
    this.network = network;
    this.host = host;
    this.path = path;
    path.streams.add(this);
    this.heardMs = network.timeline.nowMs;
  }

  write(bytes: Uint8Array): boolean {
    if (this.hasEnded || this.isClosed) return true;
    this.waitingBytes += bytes.length;
    const { chance, settings } = this.network;
    let from = 0;
    while (from < bytes.length) {
      const rest = bytes.length - from;
      // On a slow link a reader sees a long write grow packet by packet.
      const most = settings.bytesPerMs < FAST_BYTES_PER_MS ? Math.min(rest, PACKET_BYTES) : rest;
      const some = chance.happens(settings.splitProbability) ? 1 + chance.below(most) : most;
      this.send(bytes.slice(from, from + some), some);
      from += some;
    }
    if (this.waitingBytes >= settings.capacityBytes) this.full = true;
    return !this.full;
  }

  end(): void {
    if (this.hasEnded || this.isClosed) return;
    this.hasEnded = true;
    this.send('end', 0);
    this.network.timeline.after(STOP_GRACE_MS, () => this.destroy());
    this.closeIfBothEnded();
  }

  destroy(): void {
    if (this.isClosed) return;
    this.vanish(false);
    this.network.timeline.after(0, () => this.host.closed(this, 'destroyed'));
  }

  /** The server at this end is gone, without a word if it was `silent`. */
  vanish(silent: boolean): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.peer.path.streams.delete(this.peer);
    if (silent) {
      this.isLost = true;
      this.path.streams.delete(this);
      return;
    }
    // What the kernel had not sent is lost, up to the middle of a frame.
    const kept = this.next + this.network.chance.below(this.pieces.length - this.next + 1);
    const broken = this.pieces[kept]?.bytes;
    this.pieces.length = kept;
    if (broken instanceof Uint8Array) this.send(broken.subarray(0, this.network.chance.below(broken.length)), 0);
    this.send('reset', 0);
  }

  /** This end is told that the connection is broken. */
  break(failure: string): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.path.streams.delete(this);
    this.host.closed(this, failure);
  }

  private send(bytes: Uint8Array | 'end' | 'reset', size: number): void {
    const { timeline, settings } = this.network;
    this.busyUntilMs = Math.max(timeline.nowMs, this.busyUntilMs) + size / settings.bytesPerMs;
    this.lastArriveMs = Math.max(this.lastArriveMs, this.busyUntilMs + this.network.delayMs());
    this.pieces.push({ arriveMs: this.lastArriveMs, bytes });
    if (this.pumpAtMs === Number.POSITIVE_INFINITY) this.pumpAt(this.lastArriveMs);
  }

  private pumpAt(atMs: number): void {
    this.pumpAtMs = atMs;
    this.network.timeline.at(atMs, () => {
      this.pumpAtMs = Number.POSITIVE_INFINITY;
      this.pump();
    });
  }

  /** Delivers what has arrived, unless the way is cut or nobody is there to read. */
  pump(): void {
    const { timeline } = this.network;
    while (this.next < this.pieces.length) {
      const { peer } = this;
      if (this.isLost || this.path.cuts > 0 || !peer.host.isRunning || peer.link === undefined) return;
      const dueMs = Math.max((this.pieces[this.next] as Piece).arriveMs, this.path.cloggedUntilMs);
      if (dueMs > timeline.nowMs) {
        if (this.pumpAtMs === Number.POSITIVE_INFINITY) this.pumpAt(dueMs);
        return;
      }
      this.deliver(this.takePieces());
    }
  }

  /** The next piece, with those after it that have arrived too: a socket reads what is there. */
  private takePieces(): Uint8Array | 'end' | 'reset' {
    const first = (this.pieces[this.next++] as Piece).bytes;
    if (!(first instanceof Uint8Array)) return this.forget(first);
    const parts = [first];
    let length = first.length;
    for (let piece = this.pieces[this.next]; piece !== undefined; piece = this.pieces[this.next]) {
      if (!(piece.bytes instanceof Uint8Array) || piece.arriveMs > this.network.timeline.nowMs) break;
      parts.push(piece.bytes);
      length += piece.bytes.length;
      this.next += 1;
    }
    if (parts.length === 1) return this.forget(first);
    const whole = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return this.forget(whole);
  }

  private forget<T>(taken: T): T {
    if (this.next === this.pieces.length || this.next > 256) {
      this.pieces.splice(0, this.next);
      this.next = 0;
    }
    return taken;
  }

  private deliver(bytes: Uint8Array | 'end' | 'reset'): void {
    const { peer } = this;
    if (bytes === 'reset') {
      this.path.streams.delete(this);
      return peer.break('ECONNRESET');
    }
    if (bytes === 'end') {
      peer.peerEnded = true;
      if (peer.isClosed) return;
      peer.host.ended(peer);
      peer.end();
      return peer.closeIfBothEnded();
    }
    this.waitingBytes -= bytes.length;
    if (peer.isClosed) return;
    this.network.happened(bytes);
    peer.heardMs = this.network.timeline.nowMs;
    peer.pausedMs = 0;
    peer.host.received(peer, bytes);
    if (this.full && !this.isClosed && this.waitingBytes < this.network.settings.capacityBytes / 2) {
      this.full = false;
      this.network.timeline.after(0, () => this.host.drained(this));
    }
  }

  private closeIfBothEnded(): void {
    if (!this.hasEnded || !this.peerEnded || this.isClosed) return;
    this.isClosed = true;
    this.peer.path.streams.delete(this.peer);
    this.host.closed(this, 'the connection was closed');
  }
}
