// One connection to a neighbour as a state machine: who it is, whether it may be a link, whether it still answers. What is
// sent over it is `Sending`'s. Knows transports only as `Transport`, and the herd only through `Herd`.
import { ByteReader, ByteWriter, MalformedFrame } from '../wire/bytes.ts';
import {
  AUDIT_VERSION,
  beginFrame,
  endFrame,
  FRAME_TYPES,
  type FrameName,
  FrameReader,
  HEADER_BYTES,
  OLDEST_VERSION,
} from '../wire/frame.ts';
import {
  ASKER_SILENCE_MS,
  CATCH_UP_WAIT_MS,
  FRAME_PAYLOAD_BYTES,
  GREETING_PAYLOAD_BYTES,
  HEARTBEAT_MS,
  NEAR_QUESTIONS,
  SILENCE_MS,
} from '../wire/limits.ts';
import { type Hello, type Purpose, readOrigins, writeOrigins, writeRefusal } from '../wire/messages.ts';
import { type NearQuestion, type NearRecord, writeNearAnswer } from '../wire/near.ts';
import type { StoredRecord } from '../wire/record.ts';
import { readVector, type VectorEntry, writeVector } from '../wire/vector.ts';
import { Audit } from './audit.ts';
import { Handshake, type Session, TAG_BYTES } from './handshake.ts';
import type { Herd } from './herd.ts';
import { ACTIONS, type LinkState } from './link-actions.ts';
import { entriesOf, Receiving } from './receiving.ts';
import { type Carrier, Sending } from './sending.ts';
import type { Transport } from './sink.ts';

export class Link implements Carrier {
  readonly herd: Herd;
  /** Who the other side says it is, before it has proved it. */
  claims: string | undefined;
  /** The neighbour's name: known from the start when this server dialled, from its hello when the neighbour did. */
  neighbour: string | undefined;
  readonly dialled: boolean;
  state: LinkState = 'greeting';
  /** The neighbour's life, from its hello; 0 until this was a link. */
  epoch = 0;
  /** The version that both sides speak: the oldest until the greeting is over. */
  version: number = OLDEST_VERSION;
  /** What goes to the neighbour; made anew for every link, since what a neighbour had in another life says nothing. */
  sending: Sending | undefined;
  readonly receiving: Receiving;
  /** Compares tables with the neighbour, if its version can. */
  audit: Audit | undefined;

  private readonly transport: Transport;
  private readonly reader = new FrameReader(GREETING_PAYLOAD_BYTES);
  private readonly handshake: Handshake;
  private hello: Hello | undefined;
  /** Questions who is near that were not answered yet. */
  private nearQuestions = 0;
  private session: Session | undefined;
  private lastHeardMs: number;
  private lastSaidMs: number;

  /** `neighbour` is given when this server dialled; its hello then goes out at once. */
  constructor(herd: Herd, transport: Transport, neighbour: string | undefined, nowMs: number) {
    this.herd = herd;
    this.transport = transport;
    this.neighbour = neighbour;
    this.dialled = neighbour !== undefined;
    this.lastHeardMs = nowMs;
    this.lastSaidMs = nowMs;
    this.receiving = new Receiving(herd.vector);
    this.handshake = new Handshake(herd.keyring);
    if (neighbour === undefined) return;
    const hello = this.handshake.hello(this.words(neighbour, 'link'));
    this.sendFrame('hello', (out) => out.copy(hello));
  }

  /** Who the other side's certificate says it is, see `Transport`. */
  get provenName(): string | undefined {
    return this.transport.provenName;
  }

  /** Bytes arrived. A violation closes the link, and only it. */
  received(chunk: Uint8Array, nowMs: number): void {
    this.lastHeardMs = nowMs;
    try {
      this.reader.push(chunk);
      while (this.reader.next()) {
        const { name, payload, tag } = this.reader;
        if (this.session !== undefined && !this.session.accepts(FRAME_TYPES[name], payload, tag)) {
          throw new MalformedFrame('a frame was altered on its way');
        }
        ACTIONS[this.state][name](this, new ByteReader(payload), nowMs);
      }
    } catch (error) {
      if (!(error instanceof MalformedFrame)) throw error;
      this.refuse(error.message);
    }
  }

  /** Somebody dialled: says who we are, and asks for proof. */
  heardHello(payload: Uint8Array): void {
    if (this.dialled) throw new MalformedFrame('hello from the side that was dialled');
    const hello = this.handshake.heardHello(payload);
    this.claims = hello.from;
    const objection = this.herd.objection(this, hello) ?? this.handshake.mismatch(hello);
    if (objection !== undefined) return this.refuse(objection);
    this.hello = hello;
    this.state = 'proving';
    const challenge = this.handshake.challenge(this.words(hello.from, hello.purpose));
    this.sendFrame('challenge', (out) => out.copy(challenge));
  }

  /** The side we dialled has said who it is. */
  heardChallenge(payload: Uint8Array, nowMs: number): void {
    if (!this.dialled) throw new MalformedFrame('challenge from the side that dialled');
    const hello = this.handshake.heardChallenge(payload);
    if (typeof hello === 'string') return this.refuse(hello);
    const objection = this.herd.objection(this, hello) ?? this.herd.noRoom(this, hello, nowMs);
    if (objection !== undefined) return this.refuse(objection);
    const proof = this.handshake.proof();
    this.sendFrame('proof', (out) => out.copy(proof));
    this.known(hello, nowMs);
  }

  heardProof(payload: Uint8Array, nowMs: number): void {
    const hello = this.hello as Hello;
    const objection = this.handshake.heardProof(payload, hello);
    if (objection !== undefined) return this.refuse(objection);
    this.agree(hello);
    if (hello.purpose === 'status') {
      this.useSession();
      // A client's ID may be as long as a line.
      this.reader.mostPayloadBytes = FRAME_PAYLOAD_BYTES;
      this.state = 'asking';
      return;
    }
    const noRoom = this.herd.noRoom(this, hello, nowMs);
    if (noRoom !== undefined) return this.refuse(noRoom);
    this.known(hello, nowMs);
  }

  /** The other side is the neighbour it says it is: tells it what this server has. */
  private known(hello: Hello, nowMs: number): void {
    this.agree(hello);
    this.useSession();
    this.neighbour = hello.from;
    this.receiving.neighbour = hello.from;
    this.epoch = hello.epoch;
    this.state = 'syncing';
    this.lastSaidMs = nowMs;
    this.reader.mostPayloadBytes = FRAME_PAYLOAD_BYTES;
    this.sendFrame('vector', (out) => writeVector(out, entriesOf(this.herd.vector)));
  }

  /** On the newest version that both speak. What each said of its versions was part of what was proved. */
  private agree({ newestVersion }: Hello): void {
    this.version = Math.min(this.herd.newestVersion, newestVersion);
    this.reader.newestVersion = this.version;
  }

  private useSession(): void {
    this.session = this.handshake.session(this.dialled);
    if (this.session !== undefined) this.reader.tagBytes = TAG_BYTES;
  }

  /** The neighbour's vector: from now on records flow, first those it lacks. */
  synced(entries: readonly VectorEntry[], nowMs: number): void {
    const sending = new Sending(this.herd.table, this.herd.vector, this);
    for (const entry of entries) this.herd.claimed(sending.peer, entry);
    this.sending = sending;
    if (this.version >= AUDIT_VERSION) {
      this.audit = new Audit(this.herd, sending, this.dialled, (name, write) => this.sendFrame(name, write));
    }
    this.state = 'live';
    this.receiving.expect(sending.peer);
    this.herd.opened(this, nowMs);
  }

  /** Asks the neighbour to let its catch-up wait for a while, or to go on: without what this server has got meanwhile. */
  holdCatchUp(hold: boolean, nowMs: number): void {
    if (this.state !== 'live' || this.version < AUDIT_VERSION) return;
    if (!hold) this.sayGot(nowMs);
    this.sendFrame(hold ? 'prune' : 'graft', (out) => writeOrigins(out, []));
  }

  receivedRecords(reader: ByteReader, nowMs: number): void {
    this.receiving.batch(reader.bytes.length);
    this.herd.receiveRecords(this, reader, nowMs);
  }

  receivedGot(reader: ByteReader, nowMs: number): void {
    const { sending } = this;
    if (sending === undefined) return;
    if (!sending.window.acknowledge(reader.varint(), nowMs)) throw new MalformedFrame('acknowledges what was not sent');
    for (const entry of readVector(reader)) this.herd.claimed(sending.peer, entry);
  }

  /** An origin's records, or with none named the catch-up. */
  holdBack(reader: ByteReader, hold: boolean, nowMs: number): void {
    const origins = readOrigins(reader);
    if (origins.length === 0) this.sending?.wait(hold ? nowMs + CATCH_UP_WAIT_MS : nowMs);
    for (const { name, epoch } of origins) {
      const origin = this.herd.origin(name, epoch);
      if (hold) this.sending?.heldOrigins.add(origin);
      else this.sending?.heldOrigins.delete(origin);
    }
  }

  askedUnproven(): void {
    if (!this.transport.isLocal) throw new MalformedFrame('status is for those with the secret');
    this.tellStatus();
  }

  /** Once a connection: whoever wants to know more often pays for more connections. */
  tellStatus(): void {
    this.herd.observer.statusRequested(this);
    this.close('status told');
  }

  /** On this machine it is free too, and may be asked again. */
  nearUnproven(question: NearQuestion): void {
    if (!this.transport.isLocal) throw new MalformedFrame('who is near is for those with the secret');
    this.state = 'looking';
    this.askedNear(question);
  }

  /** Whoever asks on without waiting for answers would fill our memory. */
  askedNear(question: NearQuestion): void {
    this.nearQuestions += 1;
    if (this.nearQuestions > NEAR_QUESTIONS) throw new MalformedFrame('asks on without waiting for answers');
    this.herd.observer.nearRequested(this, question);
  }

  /** Answers a question who is near. So would whoever asks on without reading what it is told. */
  sendNear(found: readonly NearRecord[]): void {
    this.nearQuestions -= 1;
    if (!this.sendFrame('near', (out) => writeNearAnswer(out, found))) this.close('it does not read the answers');
  }

  /** Looking is free on this machine, and changing something only where there is no secret that could be proved. */
  forgetUnproven(client: Uint8Array): void {
    if (!this.transport.isLocal || this.herd.keyring !== undefined) {
      throw new MalformedFrame('forgetting is for those with the secret');
    }
    this.herd.observer.forgetRequested(this, client.slice());
  }

  /** Answers a request to forget a client: whether it was known. */
  sendForgotten(known: boolean): void {
    this.sendFrame('forgotten', (out) => out.byte(known ? 1 : 0));
    this.close('forgetting answered');
  }

  /** Still finding out who is at the other end. */
  get isGreeting(): boolean {
    return this.state === 'greeting' || this.state === 'proving' || this.state === 'syncing';
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
    this.receiving.takeWishes((wish, origin) => this.sendFrame(wish, (out) => writeOrigins(out, [origin])));
    if (this.receiving.owesNow(nowMs)) this.sayGot(nowMs);
    return this.sending.flush(nowMs);
  }

  /** Time has passed: says it is there, and notices when the other side is not. */
  tick(nowMs: number): void {
    const asks = this.state === 'asking' || this.state === 'looking';
    if (asks && nowMs - this.lastHeardMs >= ASKER_SILENCE_MS) return this.close('it asks nothing any more');
    if (this.state !== 'live' && this.state !== 'syncing') return;
    const silentMs = nowMs - this.lastHeardMs;
    if (silentMs >= SILENCE_MS) return this.giveUp(`silent for ${Math.round(silentMs)} ms`);
    // It talks, but takes nothing: a length that was altered on its way makes it wait for a frame that never ends.
    if (this.sending?.window.isStuck(nowMs)) return this.giveUp('it has acknowledged nothing for too long');
    this.flush(nowMs);
    if (this.state === 'live' && this.receiving.isFed) this.audit?.tick(nowMs);
    if (this.state === 'live' && nowMs - this.lastSaidMs >= HEARTBEAT_MS) this.sayGot(nowMs);
  }

  /** This server did not run for a while: what it did not hear then is not the neighbour's fault. */
  forgive(pauseMs: number, nowMs: number): void {
    // What was heard since, before this was called, is not to be forgiven into the future.
    this.lastHeardMs = Math.min(nowMs, this.lastHeardMs + pauseMs);
    this.sending?.window.forgive(nowMs);
  }

  /** Polite words would only wait behind what the other side does not take. */
  private giveUp(reason: string): void {
    this.close(reason);
    this.transport.destroy();
  }

  /** When `tick` has something to do. */
  dueMs(): number {
    if (this.state !== 'live' && this.state !== 'syncing') return Number.POSITIVE_INFINITY;
    const silenceMs = this.lastHeardMs + SILENCE_MS;
    // Until it is live a link has nothing to say, however long it waits.
    if (this.state === 'syncing') return silenceMs;
    const heartbeatMs = Math.min(this.lastSaidMs + HEARTBEAT_MS, silenceMs);
    return Math.min(heartbeatMs, this.receiving.dueMs(), this.sending?.dueMs() ?? Number.POSITIVE_INFINITY);
  }

  /** Answers a status request with JSON in UTF-8. */
  sendStatus(json: Uint8Array): void {
    this.sendFrame('status', (out) => out.copy(json));
  }

  // What `Sending` asks, see `Carrier`.

  write(frame: ByteWriter): boolean {
    if (this.session !== undefined) {
      frame.copy(this.session.tag(frame.bytes[1] as number, frame.bytes.subarray(HEADER_BYTES, frame.length)));
    }
    const isOpen = this.transport.write(frame.bytes.subarray(0, frame.length));
    frame.reset();
    return isOpen;
  }

  forwarded(record: StoredRecord): void {
    this.herd.forwarded(record, this);
  }

  caughtUp(records: number): void {
    this.herd.caughtUp(this, records);
  }

  private sayGot(nowMs: number): void {
    this.lastSaidMs = nowMs;
    const entries = this.receiving.take(nowMs);
    this.sendFrame('got', (out) => {
      out.varint(this.receiving.batches);
      writeVector(out, entries);
    });
  }

  private words(to: string, purpose: Purpose): Omit<Hello, 'nonce'> {
    const { name: from, epoch } = this.herd.self;
    const versions = { oldestVersion: OLDEST_VERSION, newestVersion: this.herd.newestVersion };
    return { ...versions, purpose, herd: this.herd.name, from, to, epoch };
  }

  /** False when much waits unsent. */
  private sendFrame(name: FrameName, write: (out: ByteWriter) => void): boolean {
    const out = new ByteWriter();
    const begin = beginFrame(out, name, this.version);
    write(out);
    endFrame(out, begin);
    return this.write(out);
  }
}
