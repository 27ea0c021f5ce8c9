// What a link asks of the replica it belongs to: who may be linked with, and where what it hears goes.
import type { ByteReader } from '../wire/bytes.ts';
import type { Hello, Origin } from '../wire/messages.ts';
import type { StoredRecord } from '../wire/record.ts';
import type { VectorEntry } from '../wire/vector.ts';
import type { Vector } from './got.ts';
import type { Keyring } from './handshake.ts';
import type { Link } from './link.ts';
import type { Observer } from './sink.ts';
import type { Table } from './table.ts';

export interface Herd {
  readonly name: string;
  readonly self: Origin;
  /** Newest version of the protocol that this server speaks. */
  readonly newestVersion: number;
  readonly table: Table;
  /** Records received before this are shown no more, in POSIX seconds by this server's clock. */
  readonly hiddenBeforeSeconds: number;
  /** What this server has of every origin. */
  readonly vector: Vector<Origin>;
  origin(name: string, epoch: number): Origin;
  /** The neighbour whose vector `peer` is says that it has this. */
  claimed(peer: Vector<Origin>, entry: VectorEntry): void;
  /** Is asked for what only the server can answer. */
  readonly observer: Observer;
  /** The herd's secrets, if it has any. */
  readonly keyring: Keyring | undefined;
  /** Why who says this hello cannot be linked with, or undefined if it can. */
  objection(link: Link, hello: Hello): string | undefined;
  /** The neighbour is who it says: why there is no room for this connection, or undefined when there is, made if need be. */
  noRoom(link: Link, hello: Hello, nowMs: number): string | undefined;
  opened(link: Link, nowMs: number): void;
  caughtUp(link: Link, records: number): void;
  dropped(link: Link, reason: string): void;
  refused(link: Link, reason: string, byUs: boolean): void;
  receiveRecords(link: Link, reader: ByteReader, nowMs: number): void;
  forwarded(record: StoredRecord, link: Link): void;
}
