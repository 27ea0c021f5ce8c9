// What the core may ask of the world: one method per effect. The real server and the simulator each implement these, and
// the core knows nothing else of them.
import type { Origin } from '../wire/messages.ts';
import type { NearQuestion } from '../wire/near.ts';
import type { StoredRecord } from '../wire/record.ts';
import type { Link } from './link.ts';

/** One connection to a neighbour, as the core sees it. */
export interface Transport {
  /** The other end is on this machine. */
  readonly isLocal: boolean;
  /** The server that the other end's certificate proves it is, '' if none of this herd; undefined without certificates. */
  readonly provenName: string | undefined;
  /**
   * Queues bytes, in order; afterwards they may change. False when more than the link's window waits unsent: call `Link.drained` when it is
   * sent.
   */
  write(bytes: Uint8Array): boolean;
  /** Sends what is queued, then ends this side. What the other side still sends is still delivered. */
  end(): void;
  /** Gives up at once: the other side does not answer. */
  destroy(): void;
}

/** What happened, for the disk, the log and the metrics. */
export interface Observer {
  linkOpened(link: Link): void;
  /** Everything the neighbour lacked at the start of the link has been sent. */
  linkCaughtUp(link: Link, records: number): void;
  /** A link that was open is not any more. */
  linkDropped(link: Link, reason: string): void;
  /** A greeting failed: `byUs` tells who refused. */
  linkRefused(link: Link, reason: string, byUs: boolean): void;
  /** A record won and was stored; `from` is the neighbour it came from, nothing when a client reported it here. */
  accepted(record: StoredRecord, from: string | undefined): void;
  /** A record from a neighbour lost against what is stored. */
  superseded(record: StoredRecord, from: string): void;
  forwarded(record: StoredRecord, to: string): void;
  /** This many records that this server must have had, and had not, came from a neighbour: something is wrong here. */
  repaired(link: Link, records: number): void;
  /** Every update of an origin up to `height` is covered now. */
  marked(origin: Origin, height: number): void;
  /** This server goes on under a later epoch than it was started with. */
  lifeBegun(epoch: number): void;
  statusRequested(link: Link): void;
  /** Answer with `sendNear`. */
  nearRequested(link: Link, question: NearQuestion): void;
  /** Answer with `sendForgotten`. */
  forgetRequested(link: Link, client: Uint8Array): void;
}
