// What is written to a neighbour arrives as it was written, whatever the writer puts in its bytes next: over real sockets, to neighbours
// that read and to one that does not for a while.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import type { Link } from '../core/link.ts';
import { Replica } from '../core/replica.ts';
import type { Observer, Transport } from '../core/sink.ts';
import { BATCH_BYTES, LINK_UNSENT_BYTES } from '../wire/limits.ts';
import { attachLink } from './link-socket.ts';
import { Pulse } from './pulse.ts';

/** Shows what its links write to. */
class Shown extends Replica {
  last: Transport | undefined;

  override connected(transport: Transport, neighbour: string | undefined, nowMs: number): Link {
    this.last = transport;
    return super.connected(transport, neighbour, nowMs);
  }
}

const observer = new Proxy({} as Observer, { get: () => () => {} });
const plan = { herd: 'farm', self: 'Barn', epoch: 1, neighbours: [], nowMs: 0, expireAfterSeconds: 0, hashSeed: 1 };
const replica = new Shown({ ...plan, observer });
const pulse = new Pulse({ replica, readClock: () => {}, commit: (done) => done?.(true) });

/** What links write: all from the same memory, as a link writes its frames. */
const frame = new Uint8Array(2 * BATCH_BYTES + 1);
let seed = 0;

/** A link that dials, and what was written to it. */
class Way {
  readonly socket: Socket;
  private readonly transport: Transport;
  private readonly accepted: Promise<[Socket]>;
  private readonly written: Buffer[] = [];

  /** It is still connecting; nobody reads at the other end. */
  constructor(server: Server) {
    this.accepted = once(server, 'connection') as Promise<[Socket]>;
    this.socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
    attachLink(this.socket, pulse, undefined, () => {});
    this.transport = replica.last as Transport;
  }

  async open(): Promise<this> {
    await this.accepted;
    if (this.socket.connecting) await once(this.socket, 'connect');
    return this;
  }

  write(length: number): boolean {
    const bytes = frame.subarray(0, length);
    seed += 1;
    for (let index = 0; index < length; index += 1) bytes[index] = seed + index;
    this.written.push(Buffer.from(bytes));
    const isOpen = this.transport.write(bytes);
    bytes.fill(0);
    return isOpen;
  }

  /** Ends it, and reads at the other end. */
  async arrives(): Promise<void> {
    const [neighbour] = await this.accepted;
    const chunks: Buffer[] = [];
    neighbour.on('data', (chunk: Buffer) => chunks.push(chunk)).resume();
    this.transport.end();
    await once(neighbour, 'end');
    neighbour.end();
    assert.ok(Buffer.concat(chunks).equals(Buffer.concat(this.written)));
  }
}

async function withServer(use: (server: Server) => Promise<void>): Promise<void> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await use(server);
  } finally {
    server.close();
  }
}

test('what the kernel has not taken yet stays as it is while others are written to', { timeout: 10_000 }, async () => {
  await withServer(async (server) => {
    const full = await new Way(server).open();
    const other = await new Way(server).open();
    for (const length of [1, 0, BATCH_BYTES, frame.length]) other.write(length);
    while (full.write(BATCH_BYTES));
    assert.ok(full.socket.writableLength >= LINK_UNSENT_BYTES);
    other.write(1000);
    full.write(1000);
    other.write(BATCH_BYTES);
    await Promise.all([full.arrives(), other.arrives()]);
  });
});

test('what waits for the connection, or behind a cork, stays as it is too', { timeout: 10_000 }, async () => {
  await withServer(async (server) => {
    const corked = await new Way(server).open();
    const connecting = new Way(server);
    corked.socket.cork();
    for (const length of [10, 20, 10]) {
      corked.write(length);
      connecting.write(length);
    }
    corked.socket.uncork();
    corked.write(30);
    await connecting.open();
    connecting.write(30);
    await Promise.all([corked.arrives(), connecting.arrives()]);
  });
});
