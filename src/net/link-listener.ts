// The link port: accepts connections from other servers, and keeps strangers from piling up before they greet.
import { constants } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import type { Link } from '../core/link.ts';
import { GREETING_TIMEOUT_MS, GREETINGS_PENDING, LISTEN_BACKLOG, STOP_GRACE_MS } from '../wire/limits.ts';
import { attachLink } from './link-socket.ts';
import { closeListener, listen } from './listen.ts';
import type { Pulse } from './pulse.ts';
import { type Credentials, explainTls, OLDEST_TLS } from './tls.ts';

export interface LinkListenerObserver {
  acceptFailed(reason: string): void;
  /** Whoever dialled from this address did not prove with a certificate who it is. */
  strangerRefused(address: string, reason: string): void;
}

export class LinkListener {
  private readonly server: Server;
  /** Listens itself to nothing: gets the connections that the other has accepted. */
  private readonly tls: TlsServer | undefined;
  private readonly sockets = new Map<Socket, Link>();
  /** Connections that have yet to show their certificate, by the address they come from. */
  private readonly unproven = new Map<string, Socket>();
  private readonly pulse: Pulse;
  private readonly observer: LinkListenerObserver;

  /** With credentials it speaks TLS, and nothing else. */
  constructor(pulse: Pulse, observer: LinkListenerObserver, credentials: Credentials | undefined) {
    this.observer = observer;
    this.pulse = pulse;
    this.server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.accept(socket));
    this.tls = credentials === undefined ? undefined : this.tlsServer(credentials);
  }

  /** @throws {NodeJS.ErrnoException} EADDRINUSE and the like */
  async listen(host: string, port: number): Promise<void> {
    const failed = (reason: string): void => this.observer.acceptFailed(reason);
    await listen(this.server, { host, port, backlog: LISTEN_BACKLOG }, failed);
  }

  /** From now on shows and believes what these say; connections that are open stay. */
  renew({ secure }: Credentials): void {
    this.tls?.setSecureContext({ ...secure, minVersion: OLDEST_TLS, secureOptions: constants.SSL_OP_NO_TICKET });
  }

  async stop(): Promise<void> {
    await closeListener(this.server, STOP_GRACE_MS, () => {
      for (const socket of [...this.sockets.keys(), ...this.unproven.values()]) socket.destroy();
    });
  }

  private tlsServer({ secure }: Credentials): TlsServer {
    const server = createTlsServer({
      ...secure,
      minVersion: OLDEST_TLS,
      requestCert: true,
      rejectUnauthorized: true,
      // No session is resumed: a certificate is looked at on every connection.
      secureOptions: constants.SSL_OP_NO_TICKET,
      handshakeTimeout: GREETING_TIMEOUT_MS,
    });
    server.on('secureConnection', (socket) => {
      this.unproven.delete(originOf(socket));
      this.attach(socket);
    });
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
      // Set when the certificate was looked at and not believed; the error then says only that the connection is gone.
      const reason = (socket.authorizationError as Error | string | null | undefined) ?? error.code ?? error.message;
      this.observer.strangerRefused(socket.remoteAddress ?? 'unknown', explainTls(String(reason)));
      socket.destroy();
    });
    return server;
  }

  private accept(socket: Socket): void {
    let greeting = this.unproven.size;
    for (const link of this.sockets.values()) if (link.isGreeting) greeting += 1;
    if (greeting >= GREETINGS_PENDING) return void socket.destroy();
    if (this.tls === undefined) return this.attach(socket);
    const origin = originOf(socket);
    this.unproven.set(origin, socket);
    socket.once('close', () => {
      if (this.unproven.get(origin) === socket) this.unproven.delete(origin);
    });
    this.tls.emit('connection', socket);
  }

  private attach(socket: Socket): void {
    this.sockets.set(
      socket,
      attachLink(socket, this.pulse, undefined, () => this.sockets.delete(socket)),
    );
  }
}

/** The same for a connection and for the TLS that runs over it. */
function originOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}
