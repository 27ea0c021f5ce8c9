// The link port: accepts connections from other servers, and keeps strangers from piling up before they greet.
import { createServer, type Server, type Socket } from 'node:net';
import type { Link } from '../core/link.ts';
import { GREETINGS_PENDING, LISTEN_BACKLOG, STOP_GRACE_MS } from '../wire/limits.ts';
import { attachLink } from './link-socket.ts';
import { closeListener, listen } from './listen.ts';
import type { Pulse } from './pulse.ts';

export class LinkListener {
  private readonly server: Server;
  private readonly sockets = new Map<Socket, Link>();
  private readonly pulse: Pulse;
  private readonly acceptFailed: (reason: string) => void;

  constructor(pulse: Pulse, acceptFailed: (reason: string) => void) {
    this.acceptFailed = acceptFailed;
    this.pulse = pulse;
    this.server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.accept(socket));
  }

  /** @throws {NodeJS.ErrnoException} EADDRINUSE and the like */
  async listen(host: string, port: number): Promise<void> {
    await listen(this.server, { host, port, backlog: LISTEN_BACKLOG }, this.acceptFailed);
  }

  async stop(): Promise<void> {
    await closeListener(this.server, STOP_GRACE_MS, () => {
      for (const socket of this.sockets.keys()) socket.destroy();
    });
  }

  private accept(socket: Socket): void {
    let greeting = 0;
    for (const link of this.sockets.values()) if (link.isGreeting) greeting += 1;
    if (greeting >= GREETINGS_PENDING) return void socket.destroy();
    this.sockets.set(
      socket,
      attachLink(socket, this.pulse, undefined, () => this.sockets.delete(socket)),
    );
  }
}
