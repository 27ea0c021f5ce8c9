// What goes into the log: every event of the core and of the connections as one structured record, traffic through the
// journal and everything else through the log library. Knows no rule.
import type { Logger } from 'pino';
import type { Link } from '../core/link.ts';
import type { Observer } from '../core/sink.ts';
import type { ClientObserver } from '../net/client-connection.ts';
import type { DialObserver } from '../net/dialer.ts';
import type { LinkListenerObserver } from '../net/link-listener.ts';
import type { Command } from '../wire/command.ts';
import type { Line } from '../wire/lines.ts';
import type { StoredRecord } from '../wire/messages.ts';
import type { Journal } from './journal.ts';
import { printable } from './log.ts';

export class LogObserver
  implements Omit<Observer, 'statusRequested' | 'forgetRequested'>, ClientObserver, DialObserver, LinkListenerObserver
{
  private readonly logger: Logger;
  private readonly journal: Journal | undefined;

  /** Without a journal traffic is not logged: only links, faults and what people asked for. */
  constructor(logger: Logger, journal: Journal | undefined) {
    this.logger = logger;
    this.journal = journal;
  }

  received(connection: number, line: Line): void {
    this.journal?.received(connection, line);
  }

  sent(connection: number, bytes: Uint8Array, start: number, end: number, replyBytes: number): void {
    this.journal?.sent(connection, bytes, start, end, replyBytes);
  }

  stale(connection: number, line: Line, command: Command): void {
    this.journal?.stale(connection, line, command);
  }

  accepted(record: StoredRecord, from: string | undefined): void {
    this.journal?.accepted(record, from);
  }

  superseded(record: StoredRecord, from: string): void {
    this.journal?.superseded(record, from);
  }

  forwarded(record: StoredRecord, to: string): void {
    this.journal?.forwarded(record, to);
  }

  acceptFailed(reason: string): void {
    this.logger.error({ reason }, 'connection not accepted');
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
    this.logger.warn({ neighbour, dialled, reason, by: byUs ? 'us' : 'neighbour' }, 'link refused');
  }

  /** Kept for whoever must show later what was asked, and by whom. */
  forgotten(link: Link, client: Uint8Array, known: boolean): void {
    const by = link.provenName ?? link.claims ?? 'somebody on this machine';
    this.logger.warn({ client: printable(client, 0, client.length), known, by }, 'client forgotten on request');
  }

  strangerRefused(address: string, reason: string): void {
    this.logger.warn({ neighbour: 'unknown', address, dialled: false, reason, by: 'us' }, 'link refused');
  }

  dialFailed(neighbour: string, reason: string): void {
    this.logger.warn({ neighbour, reason }, 'neighbour not reached; dialling on');
  }
}
