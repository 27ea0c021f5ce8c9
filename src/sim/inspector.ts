// Watches a simulated herd and says what must never be seen. Keeps every update that was ever accepted, and what each server
// showed of its table, so that the core is judged by what it did and not by what it says. Knows no plan.
//
//   vector    what a server's vector covers, its table has, or better
//   table     a client's record never gets worse in one life of a server
//   stamp     (origin, epoch, sequence) names one update for ever
//   order     no report is ordered further ahead than the rule allows
//   copies    a record crosses a link at most once, and never back to where it came from
//   bounds    an outbox holds each client once; bytes in flight stay below the window and a batch
//   timers    after a tick nothing is overdue: the core never spins
//   silence   a neighbour that says nothing is dropped in time, one that talks is not
//   repair    an audit finds nothing to mend unless something rotted
//   protocol  honest servers never break the protocol
//   promise   what is acknowledged is kept as well as was said
//   disk      what the disk had is there again
import type { Link } from '../core/link.ts';
import { NO_SLOT } from '../core/table.ts';
import { BATCH_BYTES, ORDER_LEAD_SECONDS, SILENCE_MS, TICK_MOST_MS, WINDOW_MOST_BYTES } from '../wire/limits.ts';
import type { Origin } from '../wire/messages.ts';
import { clientBytes, copyRecord, RecordView, type StoredRecord, sameRecord } from '../wire/record.ts';
import { judge } from './judge.ts';
import type { SimulatedServer, Witness } from './server.ts';
import type { Stream } from './stream.ts';
import type { Timeline } from './timeline.ts';

/** A tick comes at the latest this long after it is due, and bytes may have come just after the one before. */
const SILENCE_SLACK_MS: number = 2 * TICK_MOST_MS;

/** Refusals that are no fault of the protocol: two connections, two lives, or nobody there. */
const FAIR_REFUSAL = /there is a connection already|superseded by a later life|no greeting within/;

/** With `--ack wal` no acknowledged report is left to luck for longer: a tick of the store, and a slow disk. */
const DURABLE_WITHIN_MS = 1500;

const MOST_VIOLATIONS = 20;

/** What one server has shown since it was started. */
interface Life {
  readonly shown: Map<string, StoredRecord>;
  /** What stood there before that. */
  readonly previous: Map<string, StoredRecord>;
  readonly checkedHeight: Map<Origin, number>;
  /** By neighbour: what went over the link that is open, and what came over it. */
  readonly crossed: Map<string, Set<StoredRecord>>;
  readonly came: Map<string, Set<StoredRecord>>;
}

export class Inspector implements Witness {
  readonly violations: string[] = [];
  acknowledgements = 0;
  forwards = 0;
  repairs = 0;
  /** Clients whose record some server lost or that went back to an older one, by a fault of its memory. */
  private readonly rotten = new Set<string>();
  /** When a record was last sent anywhere. */
  lastForwardMs = 0;
  /** The best that was acknowledged, by client. */
  readonly best: Map<string, StoredRecord> = new Map();
  /** How long each update took to every server, once `watchArrivals` is called. */
  readonly arrivedEverywhereMs: number[] = [];
  private readonly arrivals = new Map<string, { readonly atMs: number; servers: number }>();
  private watchedServers = 0;
  private readonly timeline: Timeline;
  /** Every update ever accepted, by `name epoch`, then sequence number. */
  private readonly updates = new Map<string, StoredRecord[]>();
  private readonly lives = new Map<SimulatedServer, Life>();
  private readonly known = new RecordView();

  constructor(timeline: Timeline) {
    this.timeline = timeline;
  }

  violation(kind: string, text: string): void {
    if (this.violations.length < MOST_VIOLATIONS) {
      this.violations.push(`${kind}: at ${this.timeline.nowMs.toFixed(3)} ms ${text}`);
    }
  }

  watchArrivals(servers: number): void {
    this.watchedServers = servers;
  }

  started(server: SimulatedServer): void {
    const shown = new Map<string, StoredRecord>();
    for (const record of server.replica?.records() ?? []) shown.set(clientOf(record), this.kept(record));
    this.lives.set(server, {
      shown,
      previous: new Map(),
      checkedHeight: new Map(),
      crossed: new Map(),
      came: new Map(),
    });
    this.turned(server);
  }

  restored(server: SimulatedServer): void {
    for (const record of server.disk.platter.mustGiveBack()) {
      const known = this.knownBy(server, record);
      if (known === undefined || judge(known, record) < 0) {
        this.violation(
          'disk',
          `${server.name} had ${told(record)} on its disk, and has ${known ? told(known) : 'nothing'}`,
        );
      }
    }
  }

  acknowledged(server: SimulatedServer, record: StoredRecord): void {
    this.acknowledgements += 1;
    const { platter, settings } = server.disk;
    if (!platter.holds(record, settings.acknowledge === 'fsync')) {
      this.violation('promise', `${server.name} acknowledges ${told(record)}, which its disk does not have`);
    }
    const client = clientOf(record);
    const best = this.best.get(client);
    if (best === undefined || judge(record, best) > 0) this.best.set(client, record);
  }

  /** The power of a server is about to fail. */
  losingPower(server: SimulatedServer): void {
    if (!server.isRunning) return;
    const sinceMs = this.timeline.nowMs - DURABLE_WITHIN_MS;
    if (server.runsSinceMs > sinceMs) return;
    for (const record of server.disk.platter.lateSince(sinceMs)) {
      this.violation('promise', `${server.name} has left ${told(record)} to luck for too long`);
    }
  }

  accepted(server: SimulatedServer, view: StoredRecord, from: string | undefined): StoredRecord {
    const life = this.lives.get(server) as Life;
    const record = from === undefined ? copyRecord(view) : this.kept(view);
    if (from === undefined) this.numbered(server, record);
    else if (!isLeaving(server, from)) life.came.get(from)?.add(record);
    const client = clientOf(record);
    if (!this.rotten.has(client) && server.replica?.vector.get(view.origin)?.has(record.sequence)) {
      this.violation('vector', `${server.name} says it has ${told(record)} before it stores it`);
    }
    const known = life.shown.get(client);
    if (known !== undefined) life.previous.set(client, known);
    if (known !== undefined && judge(record, known) <= 0) {
      this.violation('table', `${server.name} replaces ${told(known)} by ${told(record)}`);
    }
    life.shown.set(client, record);
    if (this.watchedServers > 0) this.arrived(record);
    return record;
  }

  /** The one copy of an update that is known by now. */
  private kept(record: StoredRecord): StoredRecord {
    const { origin, sequence } = record;
    return this.updates.get(`${origin.name} ${origin.epoch}`)?.[sequence] ?? copyRecord(record);
  }

  private arrived({ origin, sequence }: StoredRecord): void {
    const key = `${origin.name} ${sequence}`;
    const { nowMs } = this.timeline;
    const arrival = this.arrivals.get(key) ?? { atMs: nowMs, servers: 0 };
    arrival.servers += 1;
    if (arrival.servers === 1) this.arrivals.set(key, arrival);
    if (arrival.servers === this.watchedServers) this.arrivedEverywhereMs.push(nowMs - arrival.atMs);
  }

  forwarded(server: SimulatedServer, view: StoredRecord, to: string): void {
    const record = this.kept(view);
    this.forwards += 1;
    this.lastForwardMs = this.timeline.nowMs;
    if (this.rotten.has(clientOf(record))) return;
    const life = this.lives.get(server) as Life;
    const crossed = life.crossed.get(to);
    if (crossed?.has(record)) this.violation('copies', `${server.name} sends ${told(record)} to ${to} again`);
    if (life.came.get(to)?.has(record)) {
      this.violation('copies', `${server.name} sends ${told(record)} back to ${to}`);
    }
    crossed?.add(record);
  }

  linkOpened(server: SimulatedServer, link: Link): void {
    const life = this.lives.get(server) as Life;
    life.crossed.set(link.neighbour ?? '', new Set());
    life.came.set(link.neighbour ?? '', new Set());
  }

  /** What a client's record at a server replaced, in its life. */
  previousOf(server: SimulatedServer, client: string): StoredRecord | undefined {
    return this.lives.get(server)?.previous.get(client);
  }

  /** A server's memory lost a client's record, or went back to an older one: what vectors say of this client is void. */
  rotted(server: SimulatedServer, client: string, older: StoredRecord | undefined): void {
    this.rotten.add(client);
    const shown = this.lives.get(server)?.shown;
    if (older === undefined) shown?.delete(client);
    else shown?.set(client, older);
  }

  repaired(server: SimulatedServer, records: number): void {
    this.repairs += records;
    if (this.rotten.size === 0) this.violation('repair', `${server.name} had lost ${records} records by itself`);
  }

  linkDropped(server: SimulatedServer, link: Link, reason: string): void {
    if (!reason.startsWith('silent')) return;
    const stream = streamOf(server, link);
    if (stream === undefined) return;
    const silentMs = this.timeline.nowMs - stream.heardMs - stream.pausedMs;
    // A thousandth of a millisecond is rounding.
    if (silentMs < SILENCE_MS - 0.001) {
      this.violation('silence', `${server.name} gives ${link.neighbour} up after ${silentMs.toFixed(0)} ms`);
    }
  }

  linkRefused(server: SimulatedServer, reason: string, byUs: boolean): void {
    if (byUs && !FAIR_REFUSAL.test(reason)) this.violation('protocol', `${server.name} refuses: ${reason}`);
  }

  turned(server: SimulatedServer): void {
    const { replica } = server;
    const checked = this.lives.get(server)?.checkedHeight;
    if (replica === undefined || checked === undefined) return;
    for (const [origin, got] of replica.vector) {
      const from = checked.get(origin) ?? 0;
      if (got.height <= from) continue;
      checked.set(origin, got.height);
      for (let sequence = from + 1; sequence <= got.height; sequence += 1) this.covered(server, origin, sequence);
    }
  }

  ticked(server: SimulatedServer): void {
    const { replica } = server;
    if (replica === undefined) return;
    const nowMs = server.nowMs();
    if (replica.dueMs() <= nowMs - 0.001) {
      this.violation('timers', `${server.name} is overdue by ${(nowMs - replica.dueMs()).toFixed(1)} ms after a tick`);
    }
    for (const stream of server.streams) {
      const { link } = stream;
      if (link === undefined || link.state !== 'live') continue;
      const silentMs = this.timeline.nowMs - Math.max(stream.heardMs, server.runsSinceMs);
      if (silentMs > SILENCE_MS + SILENCE_SLACK_MS) {
        this.violation('silence', `${server.name} keeps ${link.neighbour}, silent for ${silentMs.toFixed(0)} ms`);
      }
      const { sending } = link;
      if (sending === undefined) continue;
      if (sending.outbox.size > replica.clients) {
        this.violation('bounds', `${server.name} holds ${sending.outbox.size} for ${link.neighbour}`);
      }
      if (sending.window.inFlightBytes > WINDOW_MOST_BYTES + 2 * BATCH_BYTES) {
        this.violation(
          'bounds',
          `${server.name} has ${sending.window.inFlightBytes} bytes in flight to ${link.neighbour}`,
        );
      }
    }
    this.turned(server);
  }

  /** The costly ones: everything that vectors name above their heights, and the whole table as it really is. */
  inspect(server: SimulatedServer): void {
    const { replica } = server;
    const life = this.lives.get(server);
    if (replica === undefined || life === undefined) return;
    for (const [origin, got] of replica.vector) {
      const above = got.above();
      for (let index = 0; index < above.length; index += 2) {
        const last = above[index + 1] as number;
        for (let sequence = above[index] as number; sequence <= last; sequence += 1) {
          this.covered(server, origin, sequence);
        }
      }
    }
    let clients = 0;
    for (const record of replica.records()) {
      clients += 1;
      const shown = life.shown.get(clientOf(record));
      if (shown === undefined || !sameRecord(shown, record))
        this.violation('table', `${server.name} hides ${told(record)}`);
    }
    if (clients !== life.shown.size) this.violation('table', `${server.name} has lost clients`);
  }

  /** What a server has shown of every client. */
  shownBy(server: SimulatedServer): ReadonlyMap<string, StoredRecord> {
    return this.lives.get(server)?.shown ?? new Map();
  }

  private numbered(server: SimulatedServer, record: StoredRecord): void {
    const key = `${record.origin.name} ${record.origin.epoch}`;
    let ofLife = this.updates.get(key);
    if (ofLife === undefined) {
      ofLife = [];
      this.updates.set(key, ofLife);
    }
    if (ofLife[record.sequence] !== undefined) this.violation('stamp', `${server.name} uses ${told(record)} twice`);
    ofLife[record.sequence] = record;
    if (record.order.seconds - record.received.seconds > ORDER_LEAD_SECONDS) {
      this.violation('order', `${server.name} lets ${told(record)} pin its client`);
    }
  }

  private covered(server: SimulatedServer, origin: Origin, sequence: number): void {
    const update = this.updates.get(`${origin.name} ${origin.epoch}`)?.[sequence];
    if (update !== undefined && this.rotten.has(clientOf(update))) return;
    if (update === undefined) {
      return this.violation('vector', `${server.name} has ${origin.name} ${origin.epoch}.${sequence}, which never was`);
    }
    const known = this.knownBy(server, update);
    if (known === undefined || judge(known, update) < 0) {
      this.violation('vector', `${server.name} covers ${told(update)} but has ${known ? told(known) : 'nothing'}`);
    }
  }

  /** What a server has of the client of an update; true until the next call. */
  private knownBy(server: SimulatedServer, { text, clientLength }: StoredRecord): StoredRecord | undefined {
    const table = server.replica?.table;
    const slot = table?.find(text, 0, clientLength) ?? NO_SLOT;
    if (slot === NO_SLOT) return undefined;
    table?.read(slot, this.known);
    return this.known;
  }
}

/** A client's ID, or another text that stands for it: compared, never shown. */
export function clientOf(record: StoredRecord): string {
  return String.fromCharCode(...clientBytes(record));
}

export function told(record: StoredRecord): string {
  const { origin, sequence } = record;
  return `${clientOf(record).slice(0, 16)} (${origin.name} ${origin.epoch}.${sequence})`;
}

/** Whether what came from a neighbour may have come over a connection older than its link. */
function isLeaving(server: SimulatedServer, neighbour: string): boolean {
  for (const { link } of server.streams) if (link?.state === 'leaving' && link.neighbour === neighbour) return true;
  return false;
}

function streamOf(server: SimulatedServer, link: Link): Stream | undefined {
  for (const stream of server.streams) if (stream.link === link) return stream;
  return undefined;
}
