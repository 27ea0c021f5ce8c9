// The client port: accepts connections and keeps count of them. Knows sockets; what is said on them is the connection's.
import { createServer, type Server, type Socket } from 'node:net';
import { CLIENT_KEEPALIVE_MS, LISTEN_BACKLOG, STOP_GRACE_MS } from '../wire/limits.ts';
import { ClientConnection } from './client-connection.ts';
import type { ClientService } from './client-service.ts';
import { closeListener, listen } from './listen.ts';

/** How many clients may be connected at once, and why no more: what the log says of further ones. */
export interface ClientRoom {
  readonly connections: number;
  readonly reason: string;
}

export class ClientListener {
  private readonly server: Server;
  private readonly connections = new Set<ClientConnection>();
  private lastId = 0;
  private readonly service: ClientService;

  constructor(service: ClientService, { connections, reason }: ClientRoom) {
    this.service = service;
    this.server = createServer(
      // Half-open: a client that writes, ends its side and reads gets everything it asked for.
      { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: CLIENT_KEEPALIVE_MS },
      (socket) => this.accept(socket),
    );
    this.server.maxConnections = connections;
    this.server.on('drop', () => service.observer.acceptFailed(reason));
  }

  /** The port that it listens on, once it does: another than asked for when that was 0. */
  get port(): number | undefined {
    const address = this.server.address();
    return address !== null && typeof address === 'object' ? address.port : undefined;
  }

  get size(): number {
    return this.connections.size;
  }

  /** @throws {NodeJS.ErrnoException} EADDRINUSE and the like */
  async listen(host: string, port: number): Promise<void> {
    await listen(this.server, { host, port, backlog: LISTEN_BACKLOG }, (reason) =>
      this.service.observer.acceptFailed(reason),
    );
  }

  /** Takes no more connections, flushes what is answered on the open ones, and closes them within `STOP_GRACE_MS`. */
  async stop(): Promise<void> {
    // What was answered leaves first.
    this.service.pulse.endReading();
    for (const connection of this.connections) connection.stop();
    await closeListener(this.server, STOP_GRACE_MS, () => {
      for (const connection of this.connections) connection.destroy();
    });
  }

  private accept(socket: Socket): void {
    this.lastId += 1;
    const connection = new ClientConnection(this.lastId, socket, this.service);
    this.connections.add(connection);
    socket.on('close', () => this.connections.delete(connection));
  }
}
