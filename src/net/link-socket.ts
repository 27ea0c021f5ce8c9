// One TCP connection between servers: the socket on one side, the core's link on the other. Used alike for a connection
// that was dialled and one that was accepted. Knows no neighbour and no rule.
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Link } from '../core/link.ts';
import type { Transport } from '../core/sink.ts';
import { BATCH_BYTES, GREETING_TIMEOUT_MS, LINK_UNSENT_BYTES, STOP_GRACE_MS } from '../wire/limits.ts';
import { isLoopback } from './address.ts';
import type { Pulse } from './pulse.ts';
import { read, readPublicly } from './reading.ts';
import { nameProvenBy } from './tls.ts';

/** A full batch and what a frame has beside its records. */
const WRITTEN_BYTES: number = 2 * BATCH_BYTES;

/** What is written lies here, on whatever link: the kernel mostly takes it at once, and then it is free again. */
let written = Buffer.allocUnsafeSlow(WRITTEN_BYTES);

class SocketTransport implements Transport {
  readonly isLocal: boolean;
  readonly provenName: string | undefined;
  private readonly socket: Socket;

  constructor(socket: Socket, herd: string) {
    this.socket = socket;
    this.provenName = socket instanceof TLSSocket ? (nameProvenBy(socket, herd) ?? '') : undefined;
    this.isLocal = isLoopback(socket.remoteAddress ?? '');
  }

  write(bytes: Uint8Array): boolean {
    const { socket } = this;
    if (socket.writableEnded || socket.destroyed) return true;
    // TLS keeps what it is given for a while, each time.
    if (this.provenName !== undefined || socket.writableLength > 0 || bytes.length > WRITTEN_BYTES)
      socket.write(bytes.slice());
    else {
      written.set(bytes);
      socket.write(written.subarray(0, bytes.length));
      // What the kernel did not take is still there.
      if (socket.writableLength > 0) written = Buffer.allocUnsafeSlow(WRITTEN_BYTES);
    }
    return socket.writableLength < LINK_UNSENT_BYTES;
  }

  end(): void {
    if (this.socket.writableEnded) return;
    this.socket.end();
    // The other side should end too, now; one that hangs must not keep the socket.
    const timer = setTimeout(() => this.socket.destroy(), STOP_GRACE_MS);
    this.socket.once('close', () => clearTimeout(timer));
  }

  destroy(): void {
    this.socket.destroy();
  }
}

const addresses = new WeakMap<Link, string>();

/** Where the other end of a link is, for the log: the core does not need to know. */
export function addressOf(link: Link): string {
  return addresses.get(link) ?? 'unknown';
}

/**
 * Ties an open socket to a link of the core. `neighbour` is given when this server dialled; `closed` is called once, after
 * the core was told.
 */
export function attachLink(socket: Socket, pulse: Pulse, neighbour: string | undefined, closed: () => void): Link {
  socket.setNoDelay(true);
  const link = pulse.replica.connected(new SocketTransport(socket, pulse.replica.name), neighbour, pulse.nowMs());
  addresses.set(link, socket.remoteAddress ?? 'unknown');
  let failure = 'the connection was closed';
  const greetingTimer = setTimeout(() => {
    if (!link.isGreeting) return;
    link.refuse(`no greeting within ${GREETING_TIMEOUT_MS} ms`);
  }, GREETING_TIMEOUT_MS);
  // The parts that the faster way needs are not a TLS socket's.
  const readFrom = socket instanceof TLSSocket ? readPublicly : read;
  readFrom(socket, (chunk) => {
    const nowMs = pulse.nowMs();
    pulse.beginAlone(chunk.length, nowMs);
    link.received(chunk, nowMs);
    // What one neighbour sent goes on to the others in the same turn.
    if (!pulse.endAlone(true)) pulse.endTurnSoon();
  });
  socket.on('drain', () => link.drained(pulse.nowMs()));
  socket.on('end', () => link.close('the other side closed the connection'));
  socket.on('error', (error: NodeJS.ErrnoException) => {
    failure = error.code ?? error.message;
  });
  socket.on('close', () => {
    clearTimeout(greetingTimer);
    pulse.replica.disconnected(link, failure);
    closed();
  });
  return link;
}
