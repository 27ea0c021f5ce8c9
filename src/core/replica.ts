// What one server of the herd knows and decides: the table, which report wins, and who must be told. A pure state machine:
// time comes in as an argument, everything it wants done goes out through `Transport` and `Observer`.
import type { ByteReader, ByteWriter } from '../wire/bytes.ts';
import { MalformedFrame } from '../wire/bytes.ts';
import type { Command } from '../wire/command.ts';
import { NEWEST_VERSION } from '../wire/frame.ts';
import { compareInstants, copyInstant, type Instant, nextNanosecond } from '../wire/instant.ts';
import { EARLIEST_SECONDS, LIVES_LOOK_MS, OWN_PAUSE_MS, TICK_MOST_MS } from '../wire/limits.ts';
import type { Hello, Origin } from '../wire/messages.ts';
import { copyRecord, isSince, NewRecord, RecordView, type StoredRecord } from '../wire/record.ts';
import type { VectorEntry } from '../wire/vector.ts';
import { Accepting } from './accepting.ts';
import { Admission } from './admission.ts';
import { digestKeys } from './digest.ts';
import { Expiry, fillForgotten } from './expiry.ts';
import { type Got, GotFinder, gotOf, type Vector } from './got.ts';
import type { Keyring } from './handshake.ts';
import type { Herd } from './herd.ts';
import { Link } from './link.ts';
import { LiveLinks } from './live-links.ts';
import { dropOldLives } from './lives.ts';
import { Origins } from './origins.ts';
import { OwnLife } from './own-life.ts';
import { OwnReports } from './own-reports.ts';
import { peerHas, type Sending } from './sending.ts';
import type { Observer, Transport } from './sink.ts';
import { NO_SLOT, type Slot, Table } from './table.ts';
import { Turns } from './turns.ts';
import { Whereabouts } from './whereabouts.ts';

export interface ReplicaOptions {
  /** The herd's name: servers of different herds do not link. */
  readonly herd: string;
  readonly self: string;
  /** Start of this life in milliseconds of POSIX time; later than any earlier life of the same server. */
  readonly epoch: number;
  /** Names of the servers this one talks with. */
  readonly neighbours: Iterable<string>;
  /** The herd's secrets; without any, servers believe each other, which is for loopback only. */
  readonly keyring?: Keyring;
  /** A clock that only goes forward, in milliseconds from anywhere. */
  readonly nowMs: number;
  /** A client that has not reported for this long is unknown; 0 is never. The same for all servers of a herd. */
  readonly expireAfterSeconds: number;
  /** 32 random bits. */
  readonly hashSeed: number;
  /** Newest version of the server protocol that it may speak; only tests give another than this build's. */
  readonly newestVersion?: number;
  readonly observer: Observer;
}

export class Replica implements Herd {
  readonly name: string;
  private readonly life: OwnLife;
  private readonly admission: Admission;
  readonly observer: Observer;
  readonly keyring: Keyring | undefined;
  readonly newestVersion: number;
  readonly table: Table;
  readonly vector: Vector<Origin> = new Map();
  private readonly finder = new GotFinder(this.vector);
  readonly whereabouts: Whereabouts;
  private readonly expiry: Expiry;
  private readonly links = new Set<Link>();
  private readonly live = new LiveLinks();
  private readonly origins = new Origins();
  private readonly turns = new Turns();
  private livesLookMs: number;
  private lastTickMs: number;
  hiddenBeforeSeconds: number = EARLIEST_SECONDS;
  /** Of this server's own clients. */
  readonly reports: OwnReports;
  /** What is being taken in from elsewhere, and a record of the table that is looked at. */
  private readonly incoming = new NewRecord();
  private readonly accepting: Accepting;
  private readonly known = new RecordView();

  constructor(options: ReplicaOptions) {
    this.name = options.herd;
    this.life = new OwnLife(this.origins, options.self, options.epoch, (epoch) => options.observer.lifeBegun(epoch));
    this.newestVersion = options.newestVersion ?? NEWEST_VERSION;
    this.admission = new Admission(options.herd, options.self, new Set(options.neighbours));
    this.observer = options.observer;
    this.keyring = options.keyring;
    this.table = new Table(options.hashSeed, digestKeys(options.herd, options.keyring));
    this.accepting = new Accepting(this.table);
    this.reports = new OwnReports(this.table, this.life, (slot, record, nowMs) =>
      this.tell(slot, record, undefined, this.live.all, nowMs),
    );
    this.lastTickMs = options.nowMs;
    this.livesLookMs = options.nowMs + LIVES_LOOK_MS;
    this.expiry = new Expiry(options.expireAfterSeconds);
    this.whereabouts = new Whereabouts(this.table, this.expiry);
  }

  /** This server in the life that it is in. */
  get self(): Origin {
    return this.life.self;
  }

  get clients(): number {
    return this.table.size;
  }

  /** Bytes taken for clients, by what they are for. */
  memory(): { rows: number; texts: number; buckets: number; near: number; outboxes: number } {
    const outboxes = this.live.all.reduce((sum, { bytes }) => sum + bytes, 0);
    return { ...this.table.bytes, near: this.whereabouts.bytes, outboxes };
  }

  /** Every client's winning record, in no particular order. Each is only true until the next, or until anything else is done. */
  *records(): Generator<StoredRecord> {
    const record = new RecordView();
    // Who is here at the first step and stays comes up, whatever is added and removed meanwhile.
    for (let slot = this.table.slots - 1; slot >= 0; slot -= 1) {
      if (!this.table.isUsed(slot)) continue;
      this.table.read(slot, record);
      yield record;
    }
  }

  /** Takes back what an earlier life of this server knew, before there are links: one record that was on disk. */
  restore(record: NewRecord, claims = true): void {
    const slot = this.table.find(record.text, record.textStart, record.textStart + record.clientLength);
    if (slot === NO_SLOT || this.accepting.beats(record, slot)) this.whereabouts.stored(this.table.put(slot, record));
    if (claims) gotOf(this.vector, record.origin).add(record.sequence);
  }

  /** And what it had of an origin. */
  restoreVector(entry: VectorEntry): void {
    peerHas(this.vector, this.origin(entry.name, entry.epoch), entry.height, entry.above);
  }

  /**
   * A client's report: stores it if it wins, and prints the `AT` reply either way. The caller sends the links' batches with
   * `flush` before it sends the reply. True if it was stored.
   */
  report(line: Uint8Array, command: Command, now: Instant, nowMs: number, out: ByteWriter): boolean {
    return this.reports.take(line, command, now, nowMs, out);
  }

  /** The winning record of a client, as it is now, if it is not from before `since`: a copy, so a lookup may keep it. */
  lookUp(line: Uint8Array, start: number, end: number, now: Instant, since?: Instant): StoredRecord | undefined {
    const { table, known } = this;
    const slot = table.find(line, start, end);
    if (slot === NO_SLOT || table.isForgotten(slot) || this.expiry.hides(table.receivedSecondsOf(slot), now)) return;
    table.read(slot, known);
    return since === undefined || isSince(known, since) ? copyRecord(known) : undefined;
  }

  /**
   * Makes the whole herd forget a client, until it reports again with a stamp later than now. False if it is not known.
   * Called by an operator, not by clients.
   */
  forget(client: Uint8Array, now: Instant, nowMs: number): boolean {
    const slot = this.table.find(client, 0, client.length);
    if (slot === NO_SLOT || this.table.isForgotten(slot)) return false;
    const { incoming, known } = this;
    this.table.read(slot, known);
    this.reports.answers.clock.next(now, incoming.received);
    const isLater = compareInstants(incoming.received, known.order) > 0;
    copyInstant(isLater ? incoming.received : nextNanosecond(known.order), incoming.order);
    fillForgotten(client, incoming);
    incoming.origin = this.self;
    incoming.sequence = this.life.nextSequence();
    this.tell(this.table.put(slot, incoming), incoming, undefined, this.live.all, nowMs);
    return true;
  }

  /** A connection to or from another server is open. `neighbour` is given when this server dialled it. */
  connected(transport: Transport, neighbour: string | undefined, nowMs: number): Link {
    const link = new Link(this, transport, neighbour, nowMs);
    this.links.add(link);
    return link;
  }

  /** The connection is gone. */
  disconnected(link: Link, reason: string): void {
    link.close(reason);
    this.links.delete(link);
    this.origins.sweep((origin) => {
      if (origin === this.self || this.vector.has(origin)) return true;
      for (const { sending, receiving } of this.links) {
        if (sending?.peer.has(origin) || sending?.heldOrigins.has(origin)) return true;
        if (receiving.origins.includes(origin)) return true;
      }
      return false;
    });
  }

  /**
   * Sends what may be sent on every link. Called once for each turn in which anything arrived. True when there is more that
   * only needs another turn.
   */
  flush(nowMs: number): boolean {
    let more = this.whereabouts.catchUp();
    for (const link of this.live.values()) more = link.flush(nowMs) || more;
    return more;
  }

  /**
   * Time has passed: what was held back is released, acknowledgements and heartbeats leave, silent neighbours are noticed.
   * Called at least every `TICK_MOST_MS`; a longer pause was this server's own and is held against nobody.
   */
  tick(nowMs: number, now: Instant): boolean {
    this.hiddenBeforeSeconds = this.expiry.hiddenBeforeSeconds(now);
    this.expiry.purge(this.table, now, nowMs, (slot) => {
      for (const link of this.live.values()) link.sending?.forget(slot);
      this.whereabouts.removing(slot);
    });
    const pauseMs = nowMs - this.lastTickMs - TICK_MOST_MS;
    this.lastTickMs = nowMs;
    for (const link of [...this.links]) {
      if (pauseMs > OWN_PAUSE_MS) link.forgive(pauseMs, nowMs);
      link.tick(nowMs);
    }
    this.turns.tick(nowMs);
    this.whereabouts.tick(nowMs);
    if (nowMs >= this.livesLookMs) {
      this.livesLookMs = nowMs + LIVES_LOOK_MS;
      dropOldLives(this.vector, this.self, (origin) => this.table.names(origin), now.seconds * 1000);
      this.finder.forget();
    }
    return this.flush(nowMs);
  }

  /** When `tick` is due next, in the milliseconds it is called with. */
  dueMs(): number {
    let dueMs = this.lastTickMs + TICK_MOST_MS;
    for (const link of this.links) dueMs = Math.min(dueMs, link.dueMs());
    return dueMs;
  }

  linkTo(neighbour: string): Link | undefined {
    return this.live.get(neighbour);
  }

  /** Whether every neighbour has acknowledged all there is. */
  get isSettled(): boolean {
    return this.live.all.every(({ waiting, window }) => waiting === 0 && window.inFlightBytes === 0);
  }

  /** Leaves the herd politely: neighbours get what waits, then a goodbye. */
  leave(nowMs: number): void {
    for (const link of [...this.links]) link.leave('this server stops', nowMs);
  }

  // What links ask, see `Herd`.

  objection(link: Link, hello: Hello): string | undefined {
    return this.admission.objection(link, hello);
  }

  noRoom(link: Link, hello: Hello, nowMs: number): string | undefined {
    return this.admission.noRoom(link, hello, this.links, nowMs);
  }

  opened(link: Link, nowMs: number): void {
    if (link.neighbour === undefined) return;
    this.live.add(link.neighbour, link);
    this.observer.linkOpened(link);
    this.turns.began(link, nowMs);
  }

  dropped(link: Link, reason: string): void {
    this.live.remove(link);
    this.turns.ended(link, this.lastTickMs);
    this.observer.linkDropped(link, reason);
  }

  refused(link: Link, reason: string, byUs: boolean): void {
    this.observer.linkRefused(link, reason, byUs);
  }

  forwarded(record: StoredRecord, link: Link): void {
    if (link.neighbour !== undefined) this.observer.forwarded(record, link.neighbour);
  }

  caughtUp(link: Link, records: number): void {
    this.observer.linkCaughtUp(link, records);
  }

  /** A record is in the table now. */
  private tell(stored: Slot, record: NewRecord, from: Link | undefined, to: readonly Sending[], nowMs: number): void {
    this.whereabouts.stored(stored);
    this.observer.accepted(record, from?.neighbour);
    // Only now: whoever is told of a sequence number may rely on the table.
    this.got(this.finder.of(record.origin), record);
    for (const sending of to) sending.put(stored, record, nowMs, from === undefined);
  }

  receiveRecords(link: Link, reader: ByteReader, nowMs: number): void {
    const origins = link.receiving.originsOf(reader, this.origin);
    const others = this.live.but(link);
    const back = this.live.to(link);
    let repairs = 0;
    try {
      let count = 0;
      for (let left = reader.varint(); left > 0; left -= count) {
        count = this.accepting.read(reader, origins, left);
        for (let index = 0; index < count; index += 1) {
          const record = this.accepting.record(index);
          const stored = this.accepting.take(index, reader.bytes);
          this.life.isCounted(record.origin, record.sequence);
          link.sending?.cameFrom(record);
          const had = this.finder.of(record.origin).has(record.sequence);
          const won = stored !== NO_SLOT;
          if (won) {
            this.tell(stored, record, link, others, nowMs);
            back?.outbox.drop(stored);
          } else {
            this.observer.superseded(record, link.neighbour ?? '');
            this.got(this.finder.of(record.origin), record);
          }
          link.receiving.record(record.origin, had, won);
          // Whoever had it has this record or better, so it cannot win: unless something was lost here.
          if (had && won) repairs += 1;
        }
      }
    } finally {
      this.live.settle();
    }
    if (repairs > 0) this.repaired(link, repairs, nowMs);
    this.receiveMarks(link, reader, origins);
    if (reader.remaining > 0) throw new MalformedFrame('batch with bytes left over');
  }

  private repaired(link: Link, records: number, nowMs: number): void {
    link.receiving.repairs += records;
    this.observer.repaired(link, records);
    for (const other of this.live.values()) if (other !== link) other.audit?.soon(nowMs);
  }

  private receiveMarks(link: Link, reader: ByteReader, origins: readonly Origin[]): void {
    const count = reader.varint();
    for (let index = 0; index < count; index += 1) {
      const origin = origins[reader.varint()];
      if (origin === undefined) throw new MalformedFrame('mark of an origin that the batch does not name');
      const height = reader.varint();
      this.life.isCounted(origin, height);
      if (link.sending !== undefined) gotOf(link.sending.peer, origin).raise(height);
      if (!gotOf(this.vector, origin).raise(height)) continue;
      this.observer.marked(origin, height);
      this.live.gotMore(origin);
    }
  }

  private got(got: Got, { origin, sequence }: StoredRecord): void {
    if (got.add(sequence)) this.live.gotMore(origin);
  }

  /** A neighbour says what it has of an origin. */
  claimed(peer: Vector<Origin>, { name, epoch, height, above }: VectorEntry): void {
    const origin = this.origin(name, epoch);
    this.life.isCounted(origin, Math.max(height, above.at(-1) ?? 0));
    peerHas(peer, origin, height, above);
  }

  readonly origin = (name: string, epoch: number): Origin => {
    const origin = this.origins.of(name, epoch);
    this.life.isNamed(origin);
    return origin;
  };
}
