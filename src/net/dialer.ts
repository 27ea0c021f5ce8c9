// Keeps trying to reach one neighbour: dials at once, then with full-jitter backoff, for as long as there is no link to it.
// Knows one address; whether a connection may be a link is the core's to say.
import type { Socket } from 'node:net';
import type { Link } from '../core/link.ts';
import { DIAL_TIMEOUT_MS } from '../wire/limits.ts';
import { redialDelayMs } from './backoff.ts';
import { attachLink } from './link-socket.ts';
import type { Pulse } from './pulse.ts';
import { type Credentials, dial, explainTls } from './tls.ts';

export interface Neighbour {
  readonly name: string;
  readonly host: string;
  readonly peerPort: number;
}

export interface DialObserver {
  /** The first failed dial since there was a link, or since the start; further ones are silent until there is one. */
  dialFailed(neighbour: string, reason: string): void;
}

/** In TLS 1.3 the side that dials is through before the other has looked at its certificate. */
const UNBELIEVED =
  "closed before a greeting; if its log says that it does not believe this server's certificate, see there";

export class Dialer {
  private readonly neighbour: Neighbour;
  private readonly pulse: Pulse;
  private readonly observer: DialObserver;
  private readonly credentials: Credentials | undefined;
  private socket: Socket | undefined;
  /** The connection is made, and ending it is its link's affair. */
  private hasLink = false;
  private timer: NodeJS.Timeout | undefined;
  private attempt = 0;
  private stopped = false;

  /** With credentials it dials with TLS, and never without. */
  constructor(neighbour: Neighbour, pulse: Pulse, observer: DialObserver, credentials: Credentials | undefined) {
    this.neighbour = neighbour;
    this.pulse = pulse;
    this.observer = observer;
    this.credentials = credentials;
  }

  /** Failed dials since there was a link. */
  get attempts(): number {
    return this.attempt;
  }

  start(): void {
    this.dial();
  }

  /** There is a link now, whoever dialled it. */
  linked(): void {
    this.attempt = 0;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** The link is lost: dial again, soon. */
  lost(): void {
    this.dialLater();
  }

  /** Dials no more. Resolves when a connection that was dialled is closed; ending it is the link's affair. */
  stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    const { socket } = this;
    if (socket === undefined) return Promise.resolve();
    // One that is still being made has no link, and would hold the process.
    if (!this.hasLink) socket.destroy();
    return new Promise((resolve) => socket.once('close', () => resolve()));
  }

  private dialLater(): void {
    if (this.stopped || this.timer !== undefined || this.socket !== undefined) return;
    if (this.pulse.replica.linkTo(this.neighbour.name) !== undefined) return;
    this.timer = setTimeout(
      () => {
        this.timer = undefined;
        this.dial();
      },
      redialDelayMs(this.attempt, Math.random()),
    );
  }

  private dial(): void {
    if (this.stopped || this.pulse.replica.linkTo(this.neighbour.name) !== undefined) return;
    const { name, host, peerPort } = this.neighbour;
    let failure = 'closed before a greeting';
    let link: Link | undefined;
    const socket = dial({ host, port: peerPort }, this.credentials, () => {
      clearTimeout(timeout);
      // The neighbour's own dial may have come through meanwhile.
      if (this.stopped || this.pulse.replica.linkTo(name) !== undefined) return void socket.destroy();
      if (this.credentials !== undefined) failure = UNBELIEVED;
      socket.off('close', gone);
      this.hasLink = true;
      link = attachLink(socket, this.pulse, name, gone);
    });
    this.socket = socket;
    this.hasLink = false;
    const timeout = setTimeout(() => {
      failure = `no connection within ${DIAL_TIMEOUT_MS} ms`;
      socket.destroy();
    }, DIAL_TIMEOUT_MS);
    const gone = (): void => {
      clearTimeout(timeout);
      this.socket = undefined;
      // A connection that had to give way to a better one is no failure.
      if ((link === undefined || link.epoch === 0) && this.pulse.replica.linkTo(name) === undefined)
        this.failed(failure);
      this.dialLater();
    };
    socket.on('error', (error: NodeJS.ErrnoException) => {
      failure = explainTls(error.code ?? error.message);
    });
    socket.once('close', gone);
  }

  private failed(reason: string): void {
    if (this.stopped) return;
    if (this.attempt === 0) this.observer.dialFailed(this.neighbour.name, reason);
    this.attempt += 1;
  }
}
