// What goes into the log: every event of the core and of the connections as one structured record, traffic through the
// traffic log and everything else through the log library. Knows no rule.
import type { Logger } from 'pino';
import type { Link } from '../core/link.ts';
import type { Observer } from '../core/sink.ts';
import type { ClientObserver } from '../net/client-service.ts';
import type { DialObserver } from '../net/dialer.ts';
import type { LinkListenerObserver } from '../net/link-listener.ts';
import { addressOf } from '../net/link-socket.ts';
import type { Command } from '../wire/command.ts';
import { REFUSALS_TOLD_MS, REPAIR_LOG_INTERVAL_MS } from '../wire/limits.ts';
import type { Line } from '../wire/lines.ts';
import { printable } from '../wire/printable.ts';
import type { StoredRecord } from '../wire/record.ts';
import { Refusals } from './refusals.ts';
import type { TrafficLog } from './traffic-log.ts';

export class LogObserver
  implements
    Omit<Observer, 'statusRequested' | 'nearRequested' | 'forgetRequested'>,
    ClientObserver,
    DialObserver,
    LinkListenerObserver
{
  private readonly logger: Logger;
  private readonly refusals: Refusals;
  private readonly repairsLoggedMs = new Map<string, number>();
  private readonly traffic: TrafficLog | undefined;
  /** Connections that were not accepted since that was last told. */
  private lostConnections = 0;
  private whyLost = '';
  private lostToldMs = Number.NEGATIVE_INFINITY;

  /** Without a traffic log traffic is not logged: only links, faults and what people asked for. */
  constructor(logger: Logger, traffic: TrafficLog | undefined) {
    this.logger = logger;
    this.traffic = traffic;
    this.refusals = new Refusals(logger);
  }

  /** Tells what was held back. */
  close(): void {
    this.tellLost();
    this.refusals.close();
  }

  get eachLine(): boolean {
    return this.traffic !== undefined;
  }

  received(connection: number, line: Line): void {
    this.traffic?.received(connection, line);
  }

  sent(connection: number, bytes: Uint8Array, start: number, end: number, replyBytes: number): void {
    this.traffic?.sent(connection, bytes, start, end, replyBytes);
  }

  stale(connection: number, line: Line, command: Command): void {
    this.traffic?.stale(connection, line, command);
  }

  accepted(record: StoredRecord, from: string | undefined): void {
    this.traffic?.accepted(record, from);
  }

  superseded(record: StoredRecord, from: string): void {
    this.traffic?.superseded(record, from);
  }

  forwarded(record: StoredRecord, to: string): void {
    this.traffic?.forwarded(record, to);
  }

  /** Once a minute at most, with how many there were since: who dials in a loop because there is no room fills no disk. */
  acceptFailed(reason: string): void {
    this.lostConnections += 1;
    this.whyLost = reason;
    if (performance.now() - this.lostToldMs >= REFUSALS_TOLD_MS) this.tellLost();
  }

  private tellLost(): void {
    const { lostConnections: connections, whyLost: reason } = this;
    if (connections === 0) return;
    this.logger.error({ connections, reason }, 'connections not accepted');
    this.lostConnections = 0;
    this.lostToldMs = performance.now();
  }

  dropped(connection: number, reason: string): void {
    this.logger.warn({ connection, reason }, 'client connection dropped');
  }

  linkOpened(link: Link): void {
    this.logger.info({ neighbour: link.neighbour, dialled: link.dialled }, 'link opened');
  }

  linkCaughtUp(link: Link, records: number): void {
    this.logger.info({ neighbour: link.neighbour, records }, 'neighbour caught up');
  }

  marked(): void {}

  /** Once a minute and neighbour at most: who lost much has more to do than to write of it. */
  repaired(link: Link, records: number): void {
    const neighbour = link.neighbour ?? '';
    const nowMs = performance.now();
    if (nowMs - (this.repairsLoggedMs.get(neighbour) ?? Number.NEGATIVE_INFINITY) < REPAIR_LOG_INTERVAL_MS) return;
    this.repairsLoggedMs.set(neighbour, nowMs);
    this.logger.warn(
      { neighbour, records, ofThisLink: link.receiving.repairs },
      'records were missing here and came again from a neighbour: a fault of this server, its memory or its disk',
    );
  }

  lifeBegun(epoch: number): void {
    this.logger.warn(
      { epoch },
      'a neighbour remembers more of this server than it does itself; it goes on in a later life',
    );
  }

  linkDropped(link: Link, reason: string): void {
    this.logger.warn({ neighbour: link.neighbour, dialled: link.dialled, reason }, 'link dropped');
  }

  linkRefused(link: Link, reason: string, byUs: boolean): void {
    const { neighbour = link.claims ?? 'unknown', dialled } = link;
    const address = addressOf(link);
    this.refusals.refused({ neighbour, address, dialled, reason, by: byUs ? 'us' : 'neighbour' });
  }

  /** Kept for whoever must show later what was asked, and by whom. */
  forgotten(link: Link, client: Uint8Array, known: boolean): void {
    const by = { server: link.provenName, address: addressOf(link) };
    this.logger.warn({ client: printable(client, 0, client.length), known, by }, 'client forgotten on request');
  }

  strangerRefused(address: string, reason: string): void {
    this.refusals.refused({ neighbour: 'unknown', address, dialled: false, reason, by: 'us' });
  }

  dialFailed(neighbour: string, reason: string): void {
    this.logger.warn({ neighbour, reason }, 'neighbour not reached; dialling on');
  }
}
