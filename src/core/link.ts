// One connection to a neighbour as a state machine: who it is, whether it may be a link, and the records on their way
// over it. Knows transports only as `Transport`, and the herd only through `Herd`.
import { ByteReader, ByteWriter, MalformedFrame } from '../wire/bytes.ts';
import { beginFrame, endFrame, type FrameName, FrameReader, NEWEST_VERSION, OLDEST_VERSION } from '../wire/frame.ts';
import { BATCH_BYTES, FRAME_PAYLOAD_BYTES, GREETING_PAYLOAD_BYTES } from '../wire/limits.ts';
import {
  type Hello,
  type Origin,
  readHello,
  readRefusal,
  writeHello,
  writeOrigins,
  writeRecord,
  writeRefusal,
} from '../wire/messages.ts';
import type { Transport } from './sink.ts';
import type { Slot } from './table.ts';

/**
 * greeting: open, hello not yet seen - live: records flow - leaving: replaced by a better connection to the same
 * neighbour, or told goodbye; what still arrives counts - closed.
 */
export type LinkState = 'greeting' | 'live' | 'leaving' | 'closed';

/** What a link asks of the replica it belongs to. */
export interface Herd {
  readonly name: string;
  readonly self: Origin;
  /** Why this greeting cannot become a link, or undefined if it can; makes room for it if it can. */
  objection(link: Link, hello: Hello): string | undefined;
  opened(link: Link): void;
  dropped(link: Link, reason: string): void;
  refused(link: Link, reason: string, byUs: boolean): void;
  receiveRecords(link: Link, reader: ByteReader): void;
  statusRequested(link: Link): void;
  forwarded(slot: Slot, link: Link): void;
}

type Action = (link: Link, reader: ByteReader) => void;

const violation: Action = () => {
  throw new MalformedFrame('frame out of order');
};
const ignore: Action = () => {};

const ACTIONS: Record<LinkState, Record<FrameName, Action>> = {
  greeting: {
    hello: (link, reader) => link.greeted(readHello(reader)),
    refuse: (link, reader) => link.wasRefused(readRefusal(reader)),
    records: violation,
    bye: (link) => link.close('the other side left'),
    statusRequest: (link) => link.herd.statusRequested(link),
    status: violation,
  },
  live: {
    hello: violation,
    refuse: (link, reader) => link.wasRefused(readRefusal(reader)),
    records: (link, reader) => link.herd.receiveRecords(link, reader),
    bye: (link) => link.leave('the other side left'),
    statusRequest: (link) => link.herd.statusRequested(link),
    status: violation,
  },
  leaving: {
    hello: ignore,
    refuse: ignore,
    records: (link, reader) => link.herd.receiveRecords(link, reader),
    bye: ignore,
    statusRequest: ignore,
    status: ignore,
  },
  closed: { hello: ignore, refuse: ignore, records: ignore, bye: ignore, statusRequest: ignore, status: ignore },
};

export class Link {
  readonly herd: Herd;
  /** The neighbour's name: known from the start when this server dialled, from its hello when the neighbour did. */
  neighbour: string | undefined;
  readonly dialled: boolean;
  state: LinkState = 'greeting';
  /** The neighbour's life, from its hello; 0 until this was a link. */
  epoch = 0;
  /** Sent and received records, for `status`. */
  recordsSent = 0;
  recordsReceived = 0;

  private readonly transport: Transport;
  private readonly reader = new FrameReader(GREETING_PAYLOAD_BYTES);
  /** Clients whose newest record the neighbour has not been sent: one slot each, replaced in place. */
  private readonly outbox = new Set<Slot>();
  private writable = true;

  /** `neighbour` is given when this server dialled; its hello then goes out at once. */
  constructor(herd: Herd, transport: Transport, neighbour: string | undefined) {
    this.herd = herd;
    this.transport = transport;
    this.neighbour = neighbour;
    this.dialled = neighbour !== undefined;
    if (neighbour !== undefined) this.sayHello(neighbour);
  }

  /** Bytes arrived. A violation closes the link, and only it. */
  received(chunk: Uint8Array): void {
    try {
      this.reader.push(chunk);
      while (this.reader.next()) ACTIONS[this.state][this.reader.name](this, new ByteReader(this.reader.payload));
    } catch (error) {
      if (!(error instanceof MalformedFrame)) throw error;
      this.refuse(error.message);
    }
  }

  greeted(hello: Hello): void {
    const objection = this.herd.objection(this, hello);
    if (objection !== undefined) return this.refuse(objection);
    if (!this.dialled) this.sayHello(hello.from);
    this.neighbour = hello.from;
    this.epoch = hello.epoch;
    this.state = 'live';
    this.reader.mostPayloadBytes = FRAME_PAYLOAD_BYTES;
    this.herd.opened(this);
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
  leave(reason: string): void {
    if (this.state !== 'live') return this.close(reason);
    this.flush();
    this.state = 'leaving';
    this.sendFrame('bye', ignoreWriter);
    this.transport.end();
    this.herd.dropped(this, reason);
  }

  /** The transport is gone, or must go. */
  close(reason: string): void {
    if (this.state === 'closed') return;
    const was = this.state;
    this.state = 'closed';
    this.outbox.clear();
    this.transport.end();
    if (was === 'live') this.herd.dropped(this, reason);
  }

  /** Puts a client's newest record in line for this neighbour. */
  put(slot: Slot): void {
    this.outbox.add(slot);
  }

  /** The neighbour has just sent this client's newest record itself. */
  drop(slot: Slot): void {
    this.outbox.delete(slot);
  }

  get waiting(): number {
    return this.outbox.size;
  }

  drained(): void {
    this.writable = true;
    this.flush();
  }

  /** Sends what waits, as far as the transport takes it. */
  flush(): void {
    while (this.state === 'live' && this.writable && this.outbox.size > 0) {
      this.writable = this.transport.write(this.batch());
    }
  }

  /** Answers a status request with JSON in UTF-8. */
  sendStatus(json: Uint8Array): void {
    this.sendFrame('status', (out) => out.copy(json));
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

  /** Takes records from the outbox, oldest slot first, into one frame. */
  private batch(): Uint8Array {
    const origins: Origin[] = [];
    let count = 0;
    scratch.reset();
    for (const slot of this.outbox) {
      const record = slot.record;
      if (count > 0 && scratch.length + record.text.length > BATCH_BYTES) break;
      let originIndex = origins.indexOf(record.origin);
      if (originIndex < 0) originIndex = origins.push(record.origin) - 1;
      writeRecord(scratch, record, originIndex);
      this.outbox.delete(slot);
      this.herd.forwarded(slot, this);
      count += 1;
    }
    this.recordsSent += count;
    const begin = beginFrame(batchOut, 'records');
    writeOrigins(batchOut, origins);
    batchOut.varint(count);
    batchOut.copy(scratch.bytes, 0, scratch.length);
    endFrame(batchOut, begin);
    return batchOut.take();
  }
}

const ignoreWriter = (): void => {};
const scratch = new ByteWriter(BATCH_BYTES);
const batchOut = new ByteWriter(BATCH_BYTES);
