// What the core may ask of the world: one method per effect. The real server and the simulator each implement these, and
// the core knows nothing else of them.
import type { StoredRecord } from '../wire/messages.ts';
import type { Link } from './link.ts';

/** One connection to a neighbour, as the core sees it. */
export interface Transport {
  /** Queues bytes, in order. False when more than the link's window waits unsent: call `Replica.drained` when it is sent. */
  write(bytes: Uint8Array): boolean;
  /** Sends what is queued, then ends this side. What the other side still sends is still delivered. */
  end(): void;
}

/** What happened, for the log and the metrics. */
export interface Observer {
  linkOpened(link: Link): void;
  /** A link that was open is not any more. */
  linkDropped(link: Link, reason: string): void;
  /** A greeting failed: `byUs` tells who refused. */
  linkRefused(link: Link, reason: string, byUs: boolean): void;
  /** A record won and was stored; `from` is the neighbour it came from, nothing when a client reported it here. */
  accepted(record: StoredRecord, from: string | undefined): void;
  /** A record from a neighbour lost against what is stored. */
  superseded(record: StoredRecord, from: string): void;
  forwarded(record: StoredRecord, to: string): void;
  statusRequested(link: Link): void;
}
