// What a client's connection needs from the server around it, and what it tells.
import type { Command } from '../wire/command.ts';
import type { Line } from '../wire/lines.ts';
import type { StoredRecord } from '../wire/record.ts';
import type { Pulse } from './pulse.ts';
import type { Read } from './reading.ts';

/** What a connection needs from the server around it. */
export interface ClientService {
  readonly pulse: Pulse;
  readonly lineBytes: number;
  /** How chunks are read. */
  readonly read: Read;
  /**
   * The places JSON for a record, cut to the bound: at once, or later. Undefined (never a rejection) when there is no usable
   * answer; the reason is the service's to log.
   */
  places(record: StoredRecord, radiusKm: number, bound: number, signal: AbortSignal): Places | Promise<Places>;
  /** False while the disk takes nothing: a report that could be lost is refused instead. */
  acceptsReports(): boolean;
  readonly observer: ClientObserver;
}

export type Places = Uint8Array | undefined;

/** What happened on a connection, for the log. `connection` numbers them. */
export interface ClientObserver {
  /** It must hear of each report: that it came, what it was answered, that it was stale. Otherwise it hears of none that are served together. */
  readonly eachLine: boolean;
  received(connection: number, line: Line): void;
  /** A reply, its first line at `bytes[start, end)` with LF; `replyBytes` counts all of it. */
  sent(connection: number, bytes: Uint8Array, start: number, end: number, replyBytes: number): void;
  stale(connection: number, line: Line, command: Command): void;
  /** A connection was lost before it began: for want of room, or of open files. */
  acceptFailed(reason: string): void;
  /** The connection was cut off by this server, or broke. */
  dropped(connection: number, reason: string): void;
}
