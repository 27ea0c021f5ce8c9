// What one server of the herd knows and decides: the table, which report wins, and who must be told. A pure state machine:
// time comes in as an argument, everything it wants done goes out through `Transport` and `Observer`.
import type { ByteReader, ByteWriter } from '../wire/bytes.ts';
import { LF, MalformedFrame, SPACE } from '../wire/bytes.ts';
import type { Command } from '../wire/command.ts';
import { NEWEST_VERSION, OLDEST_VERSION } from '../wire/frame.ts';
import { compareInstants, type Instant, nextNanosecond } from '../wire/instant.ts';
import { EPOCHS_BELOW, LIFE_LEAP_MS, OWN_PAUSE_MS, TICK_MOST_MS } from '../wire/limits.ts';
import { type Hello, type Origin, readOrigins, readRecord, type StoredRecord } from '../wire/messages.ts';
import { writeAtStart } from '../wire/reply.ts';
import type { VectorEntry } from '../wire/vector.ts';
import { Expiry, forgottenRecord } from './expiry.ts';
import { gotOf, type Vector } from './got.ts';
import type { Keyring } from './handshake.ts';
import type { Herd } from './herd.ts';
import { Link } from './link.ts';
import { compareRecords, orderTime } from './order.ts';
import { Origins } from './origins.ts';
import { ReceiveClock } from './receive-clock.ts';
import { peerHas } from './sending.ts';
import type { Observer, Transport } from './sink.ts';
import { type Slot, Table } from './table.ts';
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
  readonly observer: Observer;
}

export class Replica implements Herd {
  readonly name: string;
  self: Origin;
  private readonly neighbours: ReadonlySet<string>;
  readonly observer: Observer;
  readonly keyring: Keyring | undefined;
  readonly table: Table;
  readonly vector: Vector<Origin> = new Map();
  readonly whereabouts: Whereabouts;
  private readonly expiry: Expiry;
  private readonly links = new Set<Link>();
  /** The live link to each neighbour that has one. */
  private readonly live = new Map<string, Link>();
  private readonly origins = new Origins();
  private sequence = 0;
  private lastTickMs: number;
  private readonly receiveClock = new ReceiveClock();

  constructor(options: ReplicaOptions) {
    this.name = options.herd;
    this.self = this.origins.of(options.self, options.epoch);
    this.neighbours = new Set(options.neighbours);
    this.observer = options.observer;
    this.keyring = options.keyring;
    this.table = new Table(options.hashSeed);
    this.lastTickMs = options.nowMs;
    this.expiry = new Expiry(options.expireAfterSeconds);
    this.whereabouts = new Whereabouts(this.table, this.expiry);
  }

  get clients(): number {
    return this.table.size;
  }

  /** Every client's winning record, in no particular order. */
  records(): Generator<StoredRecord> {
    return this.table.records();
  }

  /** Takes back what an earlier life of this server knew, before there are links: one record that was on disk. */
  restore(record: StoredRecord): void {
    const slot = this.table.find(record.text, 0, record.clientLength);
    const isStale = slot !== undefined && compareRecords(record, slot.record) <= 0;
    if (!isStale) this.know(slot, record);
    gotOf(this.vector, record.origin).add(record.sequence);
  }

  /** And what it had of an origin. */
  restoreVector(entry: VectorEntry): void {
    peerHas(this.vector, this.origin(entry.name, entry.epoch), entry.height, entry.above);
  }

  /**
   * A client's report: stores it if it wins, and prints the `AT` reply either way. The caller sends the links' batches with
   * `flush` before it sends the reply. Returns the record if it was stored.
   */
  report(line: Uint8Array, command: Command, now: Instant, nowMs: number, out: ByteWriter): StoredRecord | undefined {
    const received = this.receiveClock.next(now);
    writeAtStart(out, this.self.nameBytes, received, command.stamp);
    const textStart = out.length;
    out.copy(line, command.clientStart, command.clientEnd);
    out.byte(SPACE);
    out.copy(line, command.locationStart, command.locationEnd);
    out.byte(SPACE);
    out.copy(line, command.stampStart, command.stampEnd);
    const textEnd = out.length;
    out.byte(LF);
    const order = orderTime(command.stamp, received);
    const slot = this.table.find(line, command.clientStart, command.clientEnd);
    // At one server an equal order is stale, whoever reported: only a later one replaces what was acknowledged here.
    if (slot !== undefined && this.isStale(order, slot.record)) return undefined;
    this.sequence += 1;
    const record: StoredRecord = {
      origin: this.self,
      sequence: this.sequence,
      received,
      order,
      stamp: { seconds: command.stamp.seconds, nanoseconds: command.stamp.nanoseconds },
      position: { latitude: command.position.latitude, longitude: command.position.longitude },
      text: out.bytes.slice(textStart, textEnd),
      clientLength: command.clientEnd - command.clientStart,
      locationLength: command.locationEnd - command.locationStart,
      forgotten: false,
    };
    this.store(slot, record, undefined, nowMs);
    return record;
  }

  /** The winning record of a client, as it is now; it never changes, so a lookup may keep it. */
  lookUp(line: Uint8Array, clientStart: number, clientEnd: number, now: Instant): StoredRecord | undefined {
    const record = this.table.find(line, clientStart, clientEnd)?.record;
    return record === undefined || record.forgotten || this.expiry.hides(record, now) ? undefined : record;
  }

  /**
   * Makes the whole herd forget a client, until it reports again with a stamp later than now. False if it is not known.
   * Called by an operator, not by clients.
   */
  forget(client: Uint8Array, now: Instant, nowMs: number): boolean {
    const slot = this.table.find(client, 0, client.length);
    if (slot === undefined || slot.record.forgotten) return false;
    const received = this.receiveClock.next(now);
    this.sequence += 1;
    const order = compareInstants(received, slot.record.order) > 0 ? received : nextNanosecond(slot.record.order);
    this.store(slot, forgottenRecord(client, this.self, this.sequence, received, order), undefined, nowMs);
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
      for (const { sending } of this.links) {
        if (sending?.peer.has(origin) || sending?.heldOrigins.has(origin)) return true;
      }
      return false;
    });
  }

  /**
   * Sends what may be sent on every link. Called once for each turn in which anything arrived. True when there is more that
   * only needs another turn.
   */
  flush(nowMs: number): boolean {
    let more = false;
    for (const link of this.live.values()) more = link.flush(nowMs) || more;
    return more;
  }

  /**
   * Time has passed: what was held back is released, acknowledgements and heartbeats leave, silent neighbours are noticed.
   * Called at least every `TICK_MOST_MS`; a longer pause was this server's own and is held against nobody.
   */
  tick(nowMs: number, now: Instant): boolean {
    this.expiry.purge(this.table, now, (slot) => {
      for (const link of this.live.values()) link.sending?.outbox.drop(slot);
      this.whereabouts.removing(slot);
    });
    const pauseMs = nowMs - this.lastTickMs - TICK_MOST_MS;
    this.lastTickMs = nowMs;
    for (const link of [...this.links]) {
      if (pauseMs > OWN_PAUSE_MS) link.forgive(pauseMs, nowMs);
      link.tick(nowMs);
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
    for (const { sending } of this.live.values()) {
      if (sending !== undefined && (sending.outbox.size > 0 || sending.window.inFlightBytes > 0)) return false;
    }
    return true;
  }

  /** Leaves the herd politely: neighbours get what waits, then a goodbye. */
  leave(nowMs: number): void {
    for (const link of [...this.links]) link.leave('this server stops', nowMs);
  }

  // What links ask, see `Herd`.

  objection(link: Link, hello: Hello): string | undefined {
    const self = this.self.name;
    const versions = `${OLDEST_VERSION} to ${NEWEST_VERSION}`;
    if (hello.newestVersion < OLDEST_VERSION || hello.oldestVersion > NEWEST_VERSION)
      return `${self} speaks ${versions}`;
    if (hello.herd !== this.name) return `${self} is of herd ${this.name}, not ${hello.herd}`;
    if (link.provenName !== undefined && link.provenName !== hello.from) {
      return `${hello.from} showed the certificate of ${link.provenName || `no server of herd ${this.name}`}`;
    }
    if (hello.to !== self) return `this is ${self}, not ${hello.to}; check hosts and ports`;
    if (hello.purpose === 'status') return undefined;
    if (hello.from === self) return `the name ${self} is taken: two servers run under it`;
    if (!this.neighbours.has(hello.from)) return `${hello.from} is no neighbour of ${self}`;
    if (link.dialled && hello.from !== link.neighbour) return `dialled ${link.neighbour}, but ${hello.from} answered`;
    return undefined;
  }

  opened(link: Link): void {
    if (link.neighbour === undefined) return;
    this.live.set(link.neighbour, link);
    this.observer.linkOpened(link);
  }

  dropped(link: Link, reason: string): void {
    if (link.neighbour !== undefined && this.live.get(link.neighbour) === link) this.live.delete(link.neighbour);
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

  /**
   * Both sides may dial at once. One connection stays, and both sides choose the same: of one life of the neighbour, the one
   * that the smaller name dialled, and of two dialled by the same side the newer, since nobody redials a link that works.
   */
  noRoom(link: Link, hello: Hello, nowMs: number): string | undefined {
    for (const other of this.links) {
      if (other === link || other.neighbour !== hello.from) continue;
      if (other.state === 'leaving' || other.state === 'asking' || other.state === 'closed') continue;
      if (other.epoch > hello.epoch) return `superseded by a later life of ${hello.from}`;
      const sameLife = other.state === 'greeting' || other.epoch === hello.epoch;
      if (sameLife && other.dialled !== link.dialled && this.dialledBySmaller(other, hello.from)) {
        return 'there is a connection already';
      }
      if (sameLife) other.leave('replaced by another connection', nowMs);
      else other.close(`${hello.from} was started again`);
    }
    return undefined;
  }

  private dialledBySmaller(link: Link, neighbour: string): boolean {
    return link.dialled === this.self.name < neighbour;
  }

  private isStale(order: Instant, known: StoredRecord): boolean {
    return compareInstants(order, known.order) <= 0;
  }

  private know(slot: Slot | undefined, record: StoredRecord): Slot {
    const known = slot ?? this.table.add(record);
    known.record = record;
    this.whereabouts.stored(known);
    return known;
  }

  private store(slot: Slot | undefined, record: StoredRecord, from: Link | undefined, nowMs: number): void {
    const stored = this.know(slot, record);
    this.observer.accepted(record, from?.neighbour);
    // Only now: whoever is told of a sequence number may rely on the table.
    this.got(record.origin, record.sequence);
    for (const link of this.live.values()) {
      // What an earlier life of the neighbour sent, over a connection that is still leaving, this life may not have.
      const isSender = from !== undefined && link.neighbour === from.neighbour && link.epoch === from.epoch;
      if (isSender) link.sending?.outbox.drop(stored);
      else link.sending?.put(stored, nowMs, from === undefined);
    }
  }

  receiveRecords(link: Link, reader: ByteReader, nowMs: number): void {
    const origins = readOrigins(reader).map(({ name, epoch }) => this.origin(name, epoch));
    const peer = link.sending?.peer;
    const count = reader.varint();
    for (let index = 0; index < count; index += 1) {
      const record = readRecord(reader, origins);
      this.refuseImpossible(record);
      this.leaveTakenLife(record.origin, record.sequence);
      if (peer !== undefined) gotOf(peer, record.origin).add(record.sequence);
      const had = this.vector.get(record.origin)?.has(record.sequence) ?? false;
      const slot = this.table.find(record.text, 0, record.clientLength);
      const won = slot === undefined || compareRecords(record, slot.record) > 0;
      if (won) this.store(slot, record, link, nowMs);
      else {
        this.observer.superseded(record, link.neighbour ?? '');
        this.got(record.origin, record.sequence);
      }
      link.cameWith(record.origin, had, won);
    }
    this.receiveMarks(link, reader, origins);
    if (reader.remaining > 0) throw new MalformedFrame('batch with bytes left over');
  }

  private receiveMarks(link: Link, reader: ByteReader, origins: readonly Origin[]): void {
    const count = reader.varint();
    for (let index = 0; index < count; index += 1) {
      const origin = origins[reader.varint()];
      if (origin === undefined) throw new MalformedFrame('mark of an origin that the batch does not name');
      const height = reader.varint();
      this.leaveTakenLife(origin, height);
      if (link.sending !== undefined) gotOf(link.sending.peer, origin).raise(height);
      if (!gotOf(this.vector, origin).raise(height)) continue;
      this.observer.marked(origin, height);
      for (const other of this.live.values()) other.receiving.gotMore(origin);
    }
  }

  private got(origin: Origin, sequence: number): void {
    if (!gotOf(this.vector, origin).add(sequence)) return;
    for (const link of this.live.values()) link.receiving.gotMore(origin);
  }

  /** A neighbour says what it has of an origin. */
  claimed(peer: Vector<Origin>, { name, epoch, height, above }: VectorEntry): void {
    const origin = this.origin(name, epoch);
    this.leaveTakenLife(origin, Math.max(height, above.at(-1) ?? 0));
    peerHas(peer, origin, height, above);
  }

  /**
   * Only this server numbers what it accepts in this life. If others have more of it, the life is another's too, or was made
   * up: what comes now would count as known. So it goes on in a life that nobody knows.
   */
  private leaveTakenLife(origin: Origin, sequence: number): void {
    if (origin === this.self && sequence > this.sequence) this.beginLife(origin.epoch);
  }

  /** What no honest server could have accepted: said by its own numbers, not by this server's clock. */
  private refuseImpossible({ order, stamp, received, forgotten }: StoredRecord): void {
    if (!forgotten && compareInstants(order, orderTime(stamp, received)) !== 0) {
      throw new MalformedFrame('a record that is ordered by another time than its own');
    }
  }

  origin(name: string, epoch: number): Origin {
    const origin = this.origins.of(name, epoch);
    if (name === this.self.name && epoch > this.self.epoch && epoch < EPOCHS_BELOW) this.beginLife(epoch);
    return origin;
  }

  /**
   * Somebody remembers more of this server than it does itself: a number was lost, and must not be used again. Nor must the
   * one just after it: another process of this server may have been here and taken it, and be remembered elsewhere. What is
   * added is as different as the moments at which two processes start.
   */
  private beginLife(remembered: number): void {
    const epoch = remembered + 1 + (this.self.epoch % LIFE_LEAP_MS);
    this.self = this.origins.of(this.self.name, epoch);
    this.sequence = 0;
    this.observer.lifeBegun(epoch);
  }
}
