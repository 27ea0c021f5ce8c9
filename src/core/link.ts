// One connection to a neighbour as a state machine: who it is, whether it may be a link, whether it still answers. What is
// sent over it is `Sending`'s. Knows transports only as `Transport`, and the herd only through `Herd`.
import { ByteReader, ByteWriter, MalformedFrame } from '../wire/bytes.ts';
import { beginFrame, endFrame, type FrameName, FrameReader, NEWEST_VERSION, OLDEST_VERSION } from '../wire/frame.ts';
import {
  FRAME_PAYLOAD_BYTES,
  GOT_BYTES,
  GOT_INTERVAL_MS,
  GREETING_PAYLOAD_BYTES,
  HEARTBEAT_MS,
  PRUNE_AFTER,
  SILENCE_MS,
} from '../wire/limits.ts';
import {
  type Hello,
  type Origin,
  readHello,
  readOrigins,
  readRefusal,
  type StoredRecord,
  writeHello,
  writeOrigins,
  writeRefusal,
} from '../wire/messages.ts';
import { readVector, type VectorEntry, writeVector } from '../wire/vector.ts';
import { type Got, gotOf, type Vector } from './got.ts';
import { type Carrier, peerHas, Sending } from './sending.ts';
import type { Transport } from './sink.ts';
import type { Table } from './table.ts';

/**
 * greeting: open, hello not yet seen - syncing: it is a neighbour, its vector not yet seen - live: records flow - leaving:
 * replaced by a better connection to the same neighbour, or told goodbye; what still arrives counts - closed.
 */
export type LinkState = 'greeting' | 'syncing' | 'live' | 'leaving' | 'closed';

/** What a link asks of the replica it belongs to. */
export interface Herd {
  readonly name: string;
  readonly self: Origin;
  readonly table: Table;
  /** What this server has of every origin. */
  readonly vector: Vector<Origin>;
  origin(name: string, epoch: number): Origin;
  /** Why this greeting cannot become a link, or undefined if it can; makes room for it if it can. */
  objection(link: Link, hello: Hello, nowMs: number): string | undefined;
  opened(link: Link): void;
  caughtUp(link: Link, records: number): void;
  dropped(link: Link, reason: string): void;
  refused(link: Link, reason: string, byUs: boolean): void;
  receiveRecords(link: Link, reader: ByteReader, nowMs: number): void;
  statusRequested(link: Link): void;
  forwarded(record: StoredRecord, link: Link): void;
}

type Action = (link: Link, reader: ByteReader, nowMs: number) => void;

const violation: Action = () => {
  throw new MalformedFrame('frame out of order');
};
const ignore: Action = () => {};
const status: Action = (link) => link.herd.statusRequested(link);
const refused: Action = (link, reader) => link.wasRefused(readRefusal(reader));
const bye: Action = (link, _reader, nowMs) => link.leave('the other side left', nowMs);
const records: Action = (link, reader, nowMs) => link.receivedRecords(reader, nowMs);

const ACTIONS: Record<LinkState, Record<FrameName, Action>> = {
  greeting: {
    hello: (link, reader, nowMs) => link.greeted(readHello(reader), nowMs),
    refuse: refused,
    vector: violation,
    records: violation,
    bye,
    got: violation,
    prune: violation,
    graft: violation,
    statusRequest: status,
    status: violation,
  },
  syncing: {
    hello: violation,
    refuse: refused,
    vector: (link, reader) => link.synced(readVector(reader)),
    records: violation,
    bye,
    got: violation,
    prune: violation,
    graft: violation,
    statusRequest: status,
    status: violation,
  },
  live: {
    hello: violation,
    refuse: refused,
    vector: violation,
    records,
    bye,
    got: (link, reader, nowMs) => link.receivedGot(reader, nowMs),
    prune: (link, reader) => link.holdBack(reader, true),
    graft: (link, reader) => link.holdBack(reader, false),
    statusRequest: status,
    status: violation,
  },
  leaving: { ...allOf(ignore), records },
  closed: allOf(ignore),
};

function allOf(action: Action): Record<FrameName, Action> {
  const [hello, refuse, vector, got, prune, graft] = [action, action, action, action, action, action];
  return {
    hello,
    refuse,
    vector,
    records: action,
    bye: action,
    got,
    prune,
    graft,
    statusRequest: action,
    status: action,
  };
}

export class Link implements Carrier {
  readonly herd: Herd;
  /** The neighbour's name: known from the start when this server dialled, from its hello when the neighbour did. */
  neighbour: string | undefined;
  readonly dialled: boolean;
  state: LinkState = 'greeting';
  /** The neighbour's life, from its hello; 0 until this was a link. */
  epoch = 0;
  /** What goes to the neighbour; made anew for every link, since what a neighbour had in another life says nothing. */
  sending: Sending | undefined;
  recordsReceived = 0;
  /** Records that came although this server had them. */
  duplicates = 0;

  private readonly transport: Transport;
  private readonly reader = new FrameReader(GREETING_PAYLOAD_BYTES);
  private lastHeardMs: number;
  private lastSaidMs: number;
  /** Batches received, for the neighbour's window, and what of ours it has not been told we have got. */
  private batches = 0;
  private unsaidBytes = 0;
  private unsaidBatches = 0;
  private readonly unsaid = new Set<Origin>();
  private nextGotMs = Number.NEGATIVE_INFINITY;
  /** Duplicates in a row by origin, and the origins that the neighbour was asked to hold back. */
  private readonly duplicatesInRow = new Map<Origin, number>();
  private readonly pruned = new Set<Origin>();

  /** `neighbour` is given when this server dialled; its hello then goes out at once. */
  constructor(herd: Herd, transport: Transport, neighbour: string | undefined, nowMs: number) {
    this.herd = herd;
    this.transport = transport;
    this.neighbour = neighbour;
    this.dialled = neighbour !== undefined;
    this.lastHeardMs = nowMs;
    this.lastSaidMs = nowMs;
    if (neighbour !== undefined) this.sayHello(neighbour);
  }

  /** Bytes arrived. A violation closes the link, and only it. */
  received(chunk: Uint8Array, nowMs: number): void {
    this.lastHeardMs = nowMs;
    try {
      this.reader.push(chunk);
      while (this.reader.next())
        ACTIONS[this.state][this.reader.name](this, new ByteReader(this.reader.payload), nowMs);
    } catch (error) {
      if (!(error instanceof MalformedFrame)) throw error;
      this.refuse(error.message);
    }
  }

  greeted(hello: Hello, nowMs: number): void {
    const objection = this.herd.objection(this, hello, nowMs);
    if (objection !== undefined) return this.refuse(objection);
    if (!this.dialled) this.sayHello(hello.from);
    this.neighbour = hello.from;
    this.epoch = hello.epoch;
    this.state = 'syncing';
    this.lastSaidMs = nowMs;
    this.reader.mostPayloadBytes = FRAME_PAYLOAD_BYTES;
    const entries: VectorEntry[] = [];
    for (const [origin, got] of this.herd.vector) if (!got.isEmpty) entries.push(entryOf(origin, got));
    this.sendFrame('vector', (out) => writeVector(out, entries));
  }

  /** The neighbour's vector: from now on records flow, first those it lacks. */
  synced(entries: readonly VectorEntry[]): void {
    const sending = new Sending(this.herd.table, this.herd.vector, this);
    for (const { name, epoch, height, above } of entries) {
      peerHas(sending.peer, this.herd.origin(name, epoch), height, above);
    }
    this.sending = sending;
    this.state = 'live';
    this.herd.opened(this);
  }

  receivedRecords(reader: ByteReader, nowMs: number): void {
    this.batches += 1;
    this.unsaidBatches += 1;
    this.unsaidBytes += reader.bytes.length;
    this.herd.receiveRecords(this, reader, nowMs);
  }

  receivedGot(reader: ByteReader, nowMs: number): void {
    const { sending } = this;
    if (sending === undefined) return;
    if (!sending.window.acknowledge(reader.varint(), nowMs)) throw new MalformedFrame('acknowledges what was not sent');
    for (const { name, epoch, height, above } of readVector(reader)) {
      peerHas(sending.peer, this.herd.origin(name, epoch), height, above);
    }
  }

  holdBack(reader: ByteReader, hold: boolean): void {
    for (const { name, epoch } of readOrigins(reader)) {
      const origin = this.herd.origin(name, epoch);
      if (hold) this.sending?.heldOrigins.add(origin);
      else this.sending?.heldOrigins.delete(origin);
    }
  }

  /**
   * A record came over this link: `had` it before, or it was news that won. Three in a row of an origin that came sooner by
   * another way, and the neighbour is asked to hold them back; one that is news, and it is asked to send at once again.
   */
  cameWith(origin: Origin, had: boolean, won: boolean): void {
    this.recordsReceived += 1;
    if (this.state !== 'live') return;
    if (!had) {
      this.duplicatesInRow.delete(origin);
      if (won && this.pruned.delete(origin)) this.sendFrame('graft', (out) => writeOrigins(out, [origin]));
      return;
    }
    this.duplicates += 1;
    const inRow = (this.duplicatesInRow.get(origin) ?? 0) + 1;
    this.duplicatesInRow.set(origin, inRow);
    if (inRow < PRUNE_AFTER || this.pruned.has(origin)) return;
    this.duplicatesInRow.delete(origin);
    this.pruned.add(origin);
    this.sendFrame('prune', (out) => writeOrigins(out, [origin]));
  }

  /** This server has got something new of an origin: the neighbour is to be told. */
  gotMore(origin: Origin): void {
    this.unsaid.add(origin);
  }

  wasRefused(reason: string): void {
    this.herd.refused(this, reason, false);
    this.close(`refused: ${reason}`);
  }

  /** Tells the other side why, and ends. */
  refuse(reason: string): void {
    if (this.state === 'closed') return;
    this.herd.refused(this, reason, true);
    this.sendFrame('refuse', (out) => writeRefusal(out, reason));
    this.close(reason);
  }

  /** Ends politely: what is queued still leaves, and what the other side has sent still counts. */
  leave(reason: string, nowMs: number): void {
    if (this.state !== 'live') return this.close(reason);
    this.flush(nowMs);
    this.sayGot(nowMs);
    this.state = 'leaving';
    this.sendFrame('bye', () => {});
    this.transport.end();
    this.herd.dropped(this, reason);
  }

  /** The transport is gone, or must go. */
  close(reason: string): void {
    if (this.state === 'closed') return;
    const was = this.state;
    this.state = 'closed';
    this.transport.end();
    if (was === 'live') this.herd.dropped(this, reason);
  }

  drained(nowMs: number): void {
    this.sending?.drained();
    this.flush(nowMs);
  }

  /** Sends what may be sent now. True when there is more that only needs another turn. */
  flush(nowMs: number): boolean {
    if (this.state !== 'live' || this.sending === undefined) return false;
    if (this.unsaidBytes >= GOT_BYTES || (nowMs >= this.nextGotMs && this.owesGot())) this.sayGot(nowMs);
    return this.sending.flush(nowMs);
  }

  /** Time has passed: says it is there, and notices when the other side is not. */
  tick(nowMs: number): void {
    if (this.state !== 'live' && this.state !== 'syncing') return;
    const silentMs = nowMs - this.lastHeardMs;
    if (silentMs >= SILENCE_MS) {
      this.close(`silent for ${Math.round(silentMs)} ms`);
      this.transport.destroy();
      return;
    }
    this.flush(nowMs);
    if (this.state === 'live' && nowMs - this.lastSaidMs >= HEARTBEAT_MS) this.sayGot(nowMs);
  }

  /** This server did not run for a while: what it did not hear then is not the neighbour's fault. */
  forgive(pauseMs: number, nowMs: number): void {
    // What was heard since, before this was called, is not to be forgiven into the future.
    this.lastHeardMs = Math.min(nowMs, this.lastHeardMs + pauseMs);
  }

  /** When `tick` has something to do. */
  dueMs(): number {
    if (this.state !== 'live' && this.state !== 'syncing') return Number.POSITIVE_INFINITY;
    const silenceMs = this.lastHeardMs + SILENCE_MS;
    // Until it is live a link has nothing to say, however long it waits.
    if (this.state === 'syncing') return silenceMs;
    const heartbeatMs = Math.min(this.lastSaidMs + HEARTBEAT_MS, silenceMs);
    const gotMs = this.owesGot() ? this.nextGotMs : Number.POSITIVE_INFINITY;
    return Math.min(heartbeatMs, gotMs, this.sending?.dueMs() ?? Number.POSITIVE_INFINITY);
  }

  /** Answers a status request with JSON in UTF-8. */
  sendStatus(json: Uint8Array): void {
    this.sendFrame('status', (out) => out.copy(json));
  }

  // What `Sending` asks, see `Carrier`.

  write(frame: Uint8Array): boolean {
    return this.transport.write(frame);
  }

  forwarded(record: StoredRecord): void {
    this.herd.forwarded(record, this);
  }

  caughtUp(records: number): void {
    this.herd.caughtUp(this, records);
  }

  private owesGot(): boolean {
    return this.unsaid.size > 0 || this.unsaidBatches > 0;
  }

  private sayGot(nowMs: number): void {
    const entries: VectorEntry[] = [];
    for (const origin of this.unsaid) entries.push(entryOf(origin, gotOf(this.herd.vector, origin)));
    this.unsaid.clear();
    this.unsaidBytes = 0;
    this.unsaidBatches = 0;
    this.nextGotMs = nowMs + GOT_INTERVAL_MS;
    this.lastSaidMs = nowMs;
    this.sendFrame('got', (out) => {
      out.varint(this.batches);
      writeVector(out, entries);
    });
  }

  private sayHello(to: string): void {
    const { name: from, epoch } = this.herd.self;
    const versions = { oldestVersion: OLDEST_VERSION, newestVersion: NEWEST_VERSION };
    this.sendFrame('hello', (out) => writeHello(out, { ...versions, herd: this.herd.name, from, to, epoch }));
  }

  private sendFrame(name: FrameName, write: (out: ByteWriter) => void): void {
    const out = new ByteWriter();
    const begin = beginFrame(out, name);
    write(out);
    endFrame(out, begin);
    this.transport.write(out.take());
  }
}

function entryOf(origin: Origin, got: Got): VectorEntry {
  return { name: origin.name, epoch: origin.epoch, height: got.height, above: got.above() };
}
