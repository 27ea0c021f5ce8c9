// What one server of the herd knows and decides: the table, which report wins, and who must be told. A pure state machine:
// time comes in as an argument, everything it wants done goes out through `Transport` and `Observer`.
import type { ByteReader, ByteWriter } from '../wire/bytes.ts';
import { LF, MalformedFrame, SPACE } from '../wire/bytes.ts';
import type { Command } from '../wire/command.ts';
import { NEWEST_VERSION, OLDEST_VERSION } from '../wire/frame.ts';
import { compareInstants, copyInstant, type Instant, nextNanosecond } from '../wire/instant.ts';
import { CLOCK_SETBACK_SECONDS } from '../wire/limits.ts';
import { type Hello, makeOrigin, type Origin, readOrigins, readRecord, type StoredRecord } from '../wire/messages.ts';
import { writeAtStart } from '../wire/reply.ts';
import { type Herd, Link } from './link.ts';
import { compareRecords, orderTime } from './order.ts';
import type { Observer, Transport } from './sink.ts';
import { type Slot, Table } from './table.ts';

export interface ReplicaOptions {
  /** The herd's name: servers of different herds do not link. */
  readonly herd: string;
  readonly self: string;
  /** Start of this life in milliseconds of POSIX time; later than any earlier life of the same server. */
  readonly epoch: number;
  /** Names of all servers of the herd: only these may be origins. */
  readonly servers: Iterable<string>;
  /** Names of the servers this one talks with. */
  readonly neighbours: Iterable<string>;
  /** 32 random bits. */
  readonly hashSeed: number;
  readonly observer: Observer;
}

export class Replica implements Herd {
  readonly name: string;
  readonly self: Origin;
  private readonly servers: ReadonlySet<string>;
  private readonly neighbours: ReadonlySet<string>;
  private readonly observer: Observer;
  private readonly table: Table;
  private readonly links = new Set<Link>();
  /** The live link to each neighbour that has one. */
  private readonly live = new Map<string, Link>();
  private readonly origins = new Map<string, Origin>();
  private sequence = 0;
  private readonly lastReceived: Instant = { seconds: Number.MIN_SAFE_INTEGER, nanoseconds: 0 };

  constructor(options: ReplicaOptions) {
    this.name = options.herd;
    this.self = makeOrigin(options.self, options.epoch);
    this.servers = new Set(options.servers);
    this.neighbours = new Set(options.neighbours);
    this.observer = options.observer;
    this.table = new Table(options.hashSeed);
    this.origins.set(`${options.self} ${options.epoch}`, this.self);
  }

  get clients(): number {
    return this.table.size;
  }

  /** Every client's winning record, in no particular order. */
  records(): Generator<StoredRecord> {
    return this.table.records();
  }

  /**
   * A client's report: stores it if it wins, and prints the `AT` reply either way. The caller sends the links' batches with
   * `flush` before it sends the reply. Returns the record if it was stored.
   */
  report(line: Uint8Array, command: Command, now: Instant, out: ByteWriter): StoredRecord | undefined {
    const received = this.tick(now);
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
    };
    this.store(slot, record, undefined);
    return record;
  }

  /** The winning record of a client, as it is now; it never changes, so a lookup may keep it. */
  lookUp(line: Uint8Array, clientStart: number, clientEnd: number): StoredRecord | undefined {
    return this.table.find(line, clientStart, clientEnd)?.record;
  }

  /** A connection to or from another server is open. `neighbour` is given when this server dialled it. */
  connected(transport: Transport, neighbour: string | undefined): Link {
    const link = new Link(this, transport, neighbour);
    this.links.add(link);
    return link;
  }

  /** The connection is gone. */
  disconnected(link: Link, reason: string): void {
    link.close(reason);
    this.links.delete(link);
  }

  /** Sends what waits on every link. Called once for each turn in which anything arrived. */
  flush(): void {
    for (const link of this.live.values()) link.flush();
  }

  linkTo(neighbour: string): Link | undefined {
    return this.live.get(neighbour);
  }

  /** Leaves the herd politely: neighbours get what waits, then a goodbye. */
  leave(): void {
    for (const link of [...this.links]) link.leave('this server stops');
  }

  // What links ask, see `Herd`.

  objection(link: Link, hello: Hello): string | undefined {
    const self = this.self.name;
    const versions = `${OLDEST_VERSION} to ${NEWEST_VERSION}`;
    if (hello.newestVersion < OLDEST_VERSION || hello.oldestVersion > NEWEST_VERSION)
      return `${self} speaks ${versions}`;
    if (hello.herd !== this.name) return `${self} is of herd ${this.name}, not ${hello.herd}`;
    if (hello.to !== self) return `this is ${self}, not ${hello.to}; check hosts and ports`;
    if (hello.from === self) return `the name ${self} is taken: two servers run under it`;
    if (!this.neighbours.has(hello.from)) return `${hello.from} is no neighbour of ${self}`;
    if (link.dialled && hello.from !== link.neighbour) return `dialled ${link.neighbour}, but ${hello.from} answered`;
    return this.objectionToSecond(link, hello);
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

  statusRequested(link: Link): void {
    this.observer.statusRequested(link);
  }

  forwarded(slot: Slot, link: Link): void {
    if (link.neighbour !== undefined) this.observer.forwarded(slot.record, link.neighbour);
  }

  /**
   * Both sides may dial at once. One connection stays, and both sides choose the same: of one life of the neighbour, the one
   * that the smaller name dialled, and of two dialled by the same side the newer, since nobody redials a link that works.
   */
  private objectionToSecond(link: Link, hello: Hello): string | undefined {
    for (const other of this.links) {
      if (other === link || other.neighbour !== hello.from) continue;
      if (other.state !== 'live' && other.state !== 'greeting') continue;
      if (other.state === 'live' && other.epoch > hello.epoch) return `superseded by a later life of ${hello.from}`;
      const sameLife = other.state === 'greeting' || other.epoch === hello.epoch;
      if (sameLife && other.dialled !== link.dialled && this.dialledBySmaller(other, hello.from)) {
        return 'there is a connection already';
      }
      if (sameLife) other.leave('replaced by another connection');
      else other.close(`${hello.from} was started again`);
    }
    return undefined;
  }

  private dialledBySmaller(link: Link, neighbour: string): boolean {
    return link.dialled === this.self.name < neighbour;
  }

  /** This server's own time of receiving: later for every report, but following the clock when it is really set back. */
  private tick(now: Instant): Instant {
    const last = this.lastReceived;
    const setback = last.seconds - now.seconds <= CLOCK_SETBACK_SECONDS;
    const received =
      compareInstants(now, last) > 0 || !setback
        ? { seconds: now.seconds, nanoseconds: now.nanoseconds }
        : nextNanosecond(last);
    copyInstant(received, last);
    return received;
  }

  private isStale(order: Instant, known: StoredRecord): boolean {
    return compareInstants(order, known.order) <= 0;
  }

  private store(slot: Slot | undefined, record: StoredRecord, from: Link | undefined): void {
    let stored = slot;
    if (stored === undefined) stored = this.table.add(record);
    else stored.record = record;
    this.observer.accepted(record, from?.neighbour);
    for (const link of this.live.values()) {
      if (link.neighbour === from?.neighbour) link.drop(stored);
      else link.put(stored);
    }
  }

  receiveRecords(link: Link, reader: ByteReader): void {
    const origins = readOrigins(reader).map(({ name, epoch }) => this.origin(name, epoch));
    const count = reader.varint();
    for (let index = 0; index < count; index += 1) {
      const record = readRecord(reader, origins);
      link.recordsReceived += 1;
      const slot = this.table.find(record.text, 0, record.clientLength);
      if (slot === undefined || compareRecords(record, slot.record) > 0) this.store(slot, record, link);
      else this.observer.superseded(record, link.neighbour ?? '');
    }
    if (reader.remaining > 0) throw new MalformedFrame('batch with bytes left over');
  }

  private origin(name: string, epoch: number): Origin {
    const key = `${name} ${epoch}`;
    let origin = this.origins.get(key);
    if (origin !== undefined) return origin;
    if (!this.servers.has(name)) throw new MalformedFrame(`record from ${name}, which is no server of this herd`);
    // A copy of an origin for every life of every server: forgotten when no record is of that life.
    origin = makeOrigin(name, epoch);
    this.origins.set(key, origin);
    return origin;
  }
}
