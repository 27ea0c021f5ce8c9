// The one place where everything meets: makes one server of a herd out of a configuration, starts it and stops it.
import { randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';
import path from 'node:path';
import type { Keyring } from '../core/handshake.ts';
import type { Link } from '../core/link.ts';
import { entriesOf } from '../core/receiving.ts';
import { Replica } from '../core/replica.ts';
import type { Observer } from '../core/sink.ts';
import { ClientListener } from '../net/client-listener.ts';
import { Dialer } from '../net/dialer.ts';
import { LinkListener } from '../net/link-listener.ts';
import { Pulse } from '../net/pulse.ts';
import { read } from '../net/reading.ts';
import { type Acknowledgement, type Store, UnknownFormat } from '../storage/store.ts';
import { SETTLE_GRACE_MS } from '../wire/limits.ts';
import { CertificateWatch } from './certificate-watch.ts';
import { type Certificates, readCertificates } from './certificates.ts';
import { roomForClients } from './client-room.ts';
import { WallClock } from './clock.ts';
import { type HerdConfig, neighboursOf, type ServerEntry } from './config.ts';
import type { ServerLog } from './log.ts';
import { NearAnswers } from './near-answers.ts';
import { LogObserver } from './observe.ts';
import { PlacesLookup } from './places.ts';
import {
  certificatesOrExplain,
  explain,
  keyringOrExplain,
  openDiskOrExplain,
  openLogOrExplain,
  type ServerOptions,
  StartError,
} from './prepare.ts';
import type { LinkStatus, ServerStatus } from './status.ts';
import { version } from './version.ts';

export type { Acknowledgement };
export { type ServerOptions, StartError };

export interface RunningServer {
  readonly entry: ServerEntry;
  readonly logFile: string;
  /** Opens the log file anew after it was moved away. */
  reopenLog(): void;
  /** Sends the replies that are made, lets the neighbours have what they lack, says goodbye and closes everything. May be called more than once. */
  stop(): Promise<void>;
}

/** @throws {StartError} unknown name, port in use, data directory that cannot be written */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config, name } = options;
  const entry = config.servers.get(name);
  if (entry === undefined) {
    throw new StartError(`no server is called ${name}; this herd has ${[...config.servers.keys()].join(', ')}`);
  }
  const certificates = certificatesOrExplain(options);
  const keyring = keyringOrExplain(options, entry);
  const log = openLogOrExplain(options);
  const disk = await openDiskOrExplain(options, log);
  const server = new HerdServer(options, entry, { keyring, certificates, log, disk });
  try {
    server.recover();
    await server.listen();
  } catch (error) {
    await server.stop();
    if (error instanceof UnknownFormat) throw new StartError(`${name} does not start: ${error.message}`);
    throw error;
  }
  return server;
}

interface Parts {
  readonly keyring: Keyring | undefined;
  readonly certificates: Certificates | undefined;
  readonly log: ServerLog;
  readonly disk: Store;
}

class HerdServer implements RunningServer {
  readonly entry: ServerEntry;
  private readonly config: HerdConfig;
  private readonly log: ServerLog;
  private readonly events: LogObserver;
  private readonly disk: Store;
  private readonly replica: Replica;
  private readonly pulse: Pulse;
  private readonly nearAnswers: NearAnswers;
  private readonly places: PlacesLookup;
  private readonly clients: ClientListener;
  private readonly links: LinkListener;
  private readonly dialers = new Map<string, Dialer>();
  private readonly linkedAtMs = new Map<string, number>();
  private readonly catchUps = new WeakMap<Link, { readonly records: number; readonly at: string }>();
  private readonly certificates: Certificates | undefined;
  private certificateWatch: CertificateWatch | undefined;
  private readonly startedAtMs = Date.now();
  private stopping: Promise<void> | undefined;

  constructor(options: ServerOptions, entry: ServerEntry, { keyring, certificates, log, disk }: Parts) {
    const { config, name } = options;
    this.config = config;
    this.entry = entry;
    this.log = log;
    this.disk = disk;
    const logObserver = new LogObserver(log.logger, config.log.traffic ? log.traffic : undefined);
    this.events = logObserver;
    const neighbours = neighboursOf(config, name);
    this.replica = new Replica({
      ...(keyring === undefined ? {} : { keyring }),
      herd: config.herd,
      self: name,
      epoch: disk.epoch,
      neighbours: neighbours.map((neighbour) => neighbour.name),
      nowMs: performance.now(),
      expireAfterSeconds: config.limits.expireAfterHours * 3600,
      hashSeed: randomBytes(4).readInt32LE(),
      observer: this.observer(logObserver),
    });
    const clock = new WallClock();
    this.pulse = new Pulse({
      replica: this.replica,
      readClock: (now) => clock.read(now),
      commit: (done) => disk.commit(done),
    });
    this.nearAnswers = new NearAnswers(this.pulse);
    this.places = new PlacesLookup({
      config: config.places,
      logger: log.logger,
      traffic: config.log.traffic,
      ledgerFile: log.file.replace(/\.log$/, '.places.json'),
    });
    this.clients = new ClientListener(
      {
        pulse: this.pulse,
        lineBytes: config.limits.lineBytes,
        read,
        places: (record, radiusKm, bound, signal) => this.places.near(record, radiusKm, bound, signal),
        acceptsReports: () => disk.state === 'working',
        observer: logObserver,
      },
      roomForClients(),
    );
    this.links = new LinkListener(this.pulse, logObserver, certificates);
    for (const neighbour of neighbours) {
      this.dialers.set(neighbour.name, new Dialer(neighbour, this.pulse, logObserver, certificates));
    }
    this.certificates = certificates;
  }

  get logFile(): string {
    return this.log.file;
  }

  /** Takes back what earlier lives of this server kept on disk. */
  recover(): void {
    const { lines, warnings, records } = this.disk.recover(this.replica);
    for (const line of lines) this.log.logger.info({ line }, 'recovery');
    for (const warning of warnings) this.log.logger.warn({ warning }, 'recovery');
    this.log.logger.info({ records, clients: this.replica.clients, epoch: this.disk.epoch }, 'recovered');
    this.disk.start({
      records: () => this.replica.records(),
      // Written in slices, while the ranges go on changing: so copied.
      vector: () => entriesOf(this.replica.vector).map((entry) => ({ ...entry, above: [...entry.above] })),
    });
  }

  async listen(): Promise<void> {
    const { name, listenHost: host, clientPort, peerPort } = this.entry;
    await this.links.listen(host, peerPort).catch((error) => explain(error, name, 'link', host, peerPort));
    await this.clients.listen(host, clientPort).catch((error) => explain(error, name, 'client', host, clientPort));
    this.pulse.start();
    for (const dialer of this.dialers.values()) dialer.start();
    const { pid } = process;
    const { user, system } = process.cpuUsage();
    const cost = { elapsedMs: Math.round(performance.now()), processorMs: Math.round((user + system) / 1000) };
    this.log.logger.info({ pid, version: version(), host, clientPort, peerPort, ...cost }, 'server started');
    this.watchCertificates();
    for (const warning of this.config.warnings) this.log.logger.warn({ warning }, 'configuration warning');
  }

  private watchCertificates(): void {
    const { certificates, config, links } = this;
    const { tls } = config;
    if (certificates === undefined || tls === undefined) return;
    this.certificateWatch = new CertificateWatch({
      certificates,
      read: () => readCertificates(tls, config.herd, this.entry.name),
      renewed: () => links.renew(certificates),
      logger: this.log.logger,
      nowMs: Date.now,
    });
  }

  reopenLog(): void {
    this.log.reopen();
  }

  stop(): Promise<void> {
    this.stopping ??= this.stopOnce();
    return this.stopping;
  }

  private async stopOnce(): Promise<void> {
    this.certificateWatch?.stop();
    const dialledClosed = [...this.dialers.values()].map((dialer) => dialer.stop());
    const clientsStopped = this.clients.stop();
    // After the clients' last reports, so that neighbours have them.
    await new Promise<void>((settled) => {
      this.pulse.waitFor(() => this.replica.isSettled, SETTLE_GRACE_MS, settled);
    });
    this.replica.leave(this.pulse.nowMs());
    this.pulse.stop();
    await Promise.all([clientsStopped, this.links.stop(), ...dialledClosed]);
    this.places.close();
    await this.disk.close();
    this.events.close();
    this.log.logger.info('server stopped');
    this.log.close();
  }

  /** The log's observer, with what the server itself must hear. */
  private observer(log: LogObserver): Observer {
    return {
      linkOpened: (link) => {
        log.linkOpened(link);
        this.linkedAtMs.set(link.neighbour ?? '', Date.now());
        this.dialers.get(link.neighbour ?? '')?.linked();
      },
      linkCaughtUp: (link, records) => {
        log.linkCaughtUp(link, records);
        this.catchUps.set(link, { records, at: new Date().toISOString() });
      },
      marked: (origin, height) => {
        this.disk.mark(origin, height);
      },
      lifeBegun: (epoch) => {
        this.disk.beginLife(epoch);
        log.lifeBegun(epoch);
      },
      linkDropped: (link, reason) => {
        log.linkDropped(link, reason);
        this.dialers.get(link.neighbour ?? '')?.lost();
      },
      linkRefused: (link, reason, byUs) => log.linkRefused(link, reason, byUs),
      accepted: (record, from) => {
        this.disk.append(record);
        log.accepted(record, from);
      },
      superseded: (record, from) => log.superseded(record, from),
      forwarded: (record, to) => log.forwarded(record, to),
      repaired: (link, records) => log.repaired(link, records),
      nearRequested: (link, question) => this.nearAnswers.ask(link, question),
      forgetRequested: (link, client) => this.forget(link, client, log),
      statusRequested: (link) => link.sendStatus(Buffer.from(JSON.stringify(this.status()))),
    };
  }

  private forget(link: Link, client: Uint8Array, log: LogObserver): void {
    const now = { seconds: 0, nanoseconds: 0 };
    this.pulse.readClock(now);
    const known = this.replica.forget(client, now, this.pulse.nowMs());
    log.forgotten(link, client, known);
    this.pulse.commit((kept) => (kept ? link.sendForgotten(known) : link.refuse('the disk takes nothing')));
  }

  private status(): ServerStatus {
    const { name, host, clientPort } = this.entry;
    return {
      server: name,
      herd: this.config.herd,
      version: version(),
      pid: process.pid,
      startedAt: new Date(this.startedAtMs).toISOString(),
      upSeconds: secondsSince(this.startedAtMs),
      clientAddress: isIPv6(host) ? `[${host}]:${clientPort}` : `${host}:${clientPort}`,
      disk: this.disk.state,
      clients: this.replica.clients,
      connections: this.clients.size,
      placesProvider: this.config.places.providers.join(','),
      places: this.places.status(),
      residentBytes: process.memoryUsage.rss(),
      memory: this.replica.memory(),
      logFile: path.resolve(this.log.file),
      links: neighboursOf(this.config, name).map((neighbour) => this.linkStatus(neighbour)),
      origins: [...this.replica.vector].map(([origin, got]) => ({
        origin: origin.name,
        epoch: origin.epoch,
        height: got.height,
        ranges: got.rangeCount,
      })),
    };
  }

  private linkStatus(neighbour: ServerEntry): LinkStatus {
    const link: Link | undefined = this.replica.linkTo(neighbour.name);
    const common = {
      neighbour: neighbour.name,
      address: `${neighbour.host}:${neighbour.peerPort}`,
      dialsFailed: this.dialers.get(neighbour.name)?.attempts ?? 0,
    };
    if (link === undefined) return { ...common, state: 'down' };
    const catchUp = this.catchUps.get(link);
    return {
      ...common,
      state: 'up',
      version: link.version,
      dialledBy: link.dialled ? this.entry.name : neighbour.name,
      upSeconds: secondsSince(this.linkedAtMs.get(neighbour.name) ?? Date.now()),
      behind: link.sending?.waiting ?? 0,
      oldestUnacknowledgedMs: Math.round(
        this.pulse.nowMs() - (link.sending?.window.oldestSentMs ?? this.pulse.nowMs()),
      ),
      inFlightBytes: link.sending?.window.inFlightBytes ?? 0,
      ...(catchUp === undefined ? {} : { catchUp }),
      recordsSent: link.sending?.recordsSent ?? 0,
      recordsReceived: link.receiving.records,
      duplicates: link.receiving.duplicates,
      repairs: link.receiving.repairs,
    };
  }
}

function secondsSince(startMs: number): number {
  return Math.max(0, Math.floor((Date.now() - startMs) / 1000));
}
