// A neighbour that says anything: a real server talks with another through a line that alters, repeats, reorders, cuts and
// invents what it says. Whatever comes, only that link may suffer. Everything follows from one seed. Knows core and wire.
import type { Keyring } from '../core/handshake.ts';
import { Handshake } from '../core/handshake.ts';
import type { Link } from '../core/link.ts';
import type { LinkState } from '../core/link-actions.ts';
import { Replica } from '../core/replica.ts';
import type { Observer, Transport } from '../core/sink.ts';
import { asciiBytes, asciiText, ByteReader, ByteWriter } from '../wire/bytes.ts';
import type { Chance } from '../wire/chance.ts';
import { Command, parseCommand } from '../wire/command.ts';
import { beginFrame, endFrame, type FrameName, OLDEST_VERSION } from '../wire/frame.ts';
import { writeNearQuestion } from '../wire/near.ts';
import {
  clientBytes,
  copyRecord,
  NewRecord,
  readRecord,
  type StoredRecord,
  sameRecord,
  writeRecord,
} from '../wire/record.ts';
import { inventedFrame, NAMES, pick, randomBytes } from './invented.ts';

/** The end of a connection that keeps what is written to it. */
class Line implements Transport {
  readonly isLocal: boolean;
  readonly provenName = undefined;
  readonly frames: Uint8Array[] = [];
  writtenBytes = 0;

  constructor(isLocal: boolean) {
    this.isLocal = isLocal;
  }

  write(bytes: Uint8Array): boolean {
    this.frames.push(bytes.slice());
    this.writtenBytes += bytes.length;
    return true;
  }

  end(): void {}
  destroy(): void {}
}

/** A server with what its observer was told of its table. */
class Subject {
  readonly replica: Replica;
  readonly told = new Map<string, StoredRecord>();
  readonly fromLinks: StoredRecord[] = [];
  reports = 0;
  /** Why a link was last refused. */
  refusal = '';

  constructor(self: string, epoch: number, keyring: Keyring | undefined, nowMs = 0) {
    const observer: Partial<Observer> = {
      accepted: (record, from) => {
        const kept = copyRecord(record);
        this.told.set(asciiText(clientBytes(record)), kept);
        if (from !== undefined) this.fromLinks.push(kept);
      },
      linkRefused: (_link, reason) => {
        this.refusal = reason;
      },
      forgetRequested: (link) => link.sendForgotten(false),
      nearRequested: (link, question) =>
        link.sendNear(this.replica.whereabouts.near(question, { seconds: 0, nanoseconds: 0 })),
      statusRequested: (link) => link.sendStatus(asciiBytes('{}')),
    };
    this.replica = new Replica({
      herd: 'farm',
      self,
      epoch,
      neighbours: NAMES.slice(0, 3).filter((name) => name !== self),
      ...(keyring === undefined ? {} : { keyring }),
      nowMs,
      expireAfterSeconds: 0,
      hashSeed: epoch,
      observer: new Proxy(observer, {
        get: (known, name) => known[name as keyof Observer] ?? (() => {}),
      }) as Observer,
    });
  }

  report(client: string, stamp: number, nowMs: number): void {
    const line = asciiBytes(`IAMAT ${client} +1+1 ${stamp}`);
    const command = new Command();
    parseCommand(line, 0, line.length, command);
    this.replica.report(line, command, { seconds: 1000 + this.reports, nanoseconds: 0 }, nowMs, new ByteWriter());
    this.reports += 1;
  }
}

interface FuzzResult {
  /** The states in which something was delivered that no honest server had said so. */
  readonly states: ReadonlySet<LinkState>;
}

/** One conversation. Throws when something suffered that is not the link. */
export class Conversation {
  private readonly chance: Chance;
  private readonly keyring: Keyring | undefined;
  private readonly victim: Subject;
  private readonly other: Subject;
  private readonly states = new Set<LinkState>();
  private nowMs = 0;

  constructor(chance: Chance, keyring: Keyring | undefined) {
    this.chance = chance;
    this.keyring = keyring;
    this.victim = new Subject('Barn', 3, keyring);
    this.other = new Subject('Gate', 2, keyring);
  }

  run(): FuzzResult {
    const { chance, victim, other } = this;
    for (let index = 0; index < 3; index += 1) {
      victim.report(`c${index}`, index, 0);
      other.report(`g${index}`, index, 0);
    }
    const connections = 1 + Math.floor(chance() * 3);
    for (let index = 0; index < connections; index += 1) {
      const act = chance();
      if (act < 0.15) this.ask();
      else if (act < 0.2) this.look();
      else this.talk();
    }
    this.judge();
    return { states: this.states };
  }

  /** A connection with the other server, through a line that cannot be trusted. */
  private talk(): void {
    const { chance, victim, other } = this;
    const [near, far] = [new Line(chance() < 0.5), new Line(false)];
    const victimDials = chance() < 0.5;
    const link = victim.replica.connected(near, victimDials ? 'Gate' : undefined, this.nowMs);
    const peer = other.replica.connected(far, victimDials ? undefined : 'Barn', this.nowMs);
    // A calm start lets the later states be reached.
    const calm = Math.floor(chance() * 14);
    const past: Uint8Array[] = [];
    for (let step = 0; step < 60; step += 1) {
      const act = chance();
      if (act < 0.45) {
        const frame = far.frames.shift();
        if (frame !== undefined) past.push(frame);
        if (step < calm) this.hear(link, frame === undefined ? [] : [frame], false);
        else this.hear(link, this.garbled(frame, far, past), true);
      } else if (act < 0.85) {
        const frame = near.frames.shift();
        if (frame !== undefined) peer.received(frame, this.nowMs);
      } else if (act < 0.9) other.report(`g${step % 5}`, step, this.nowMs);
      else if (act < 0.95) victim.report(`c${step % 5}`, step, this.nowMs);
      else if (act < 0.96 && step > calm) link.leave('enough', this.nowMs);
      this.nowMs += Math.floor(chance() * 40);
      for (const { replica } of [victim, other]) replica.tick(this.nowMs, { seconds: 1000, nanoseconds: 0 });
    }
    if (near.writtenBytes > 1 << 20) throw new Error(`answered with ${near.writtenBytes} bytes`);
    victim.replica.disconnected(link, 'over');
    other.replica.disconnected(peer, 'over');
  }

  /** Somebody with the secret who asks for the status, and then for other things. */
  private ask(): void {
    const { chance, victim, keyring } = this;
    const line = new Line(false);
    const link = victim.replica.connected(line, undefined, this.nowMs);
    const handshake = new Handshake(keyring);
    const versions = { oldestVersion: OLDEST_VERSION, newestVersion: OLDEST_VERSION, purpose: 'status' as const };
    this.hear(
      link,
      [framed('hello', handshake.hello({ ...versions, herd: 'farm', from: 'x', to: 'Barn', epoch: 0 }))],
      false,
    );
    const challenge = line.frames.shift();
    if (challenge !== undefined && typeof handshake.heardChallenge(challenge.subarray(6)) === 'object') {
      this.hear(link, [framed('proof', handshake.proof())], false);
    }
    for (let step = 0; step < 4; step += 1) this.hear(link, [inventedFrame(chance)], true);
    if (chance() < 0.5) this.hear(link, [framed('statusRequest', new Uint8Array(0))], true);
    victim.replica.disconnected(link, 'over');
  }

  /** Somebody on this machine who asks who is near, and then for other things. */
  private look(): void {
    const { chance, victim } = this;
    const link = victim.replica.connected(new Line(true), undefined, this.nowMs);
    const out = new ByteWriter();
    writeNearQuestion(out, { latitude: 1, longitude: 1, radiusMetres: 1000, most: 3 });
    const question = framed('nearRequest', out.take());
    this.hear(link, [question], false);
    for (let step = 0; step < 4; step += 1) {
      this.hear(link, [chance() < 0.5 ? question : altered(question, chance)], true);
      if (chance() < 0.3) this.hear(link, [inventedFrame(chance)], true);
    }
    victim.replica.disconnected(link, 'over');
  }

  /** What arrives in place of a frame. */
  private garbled(frame: Uint8Array | undefined, far: Line, past: readonly Uint8Array[]): Uint8Array[] {
    const { chance } = this;
    const act = chance();
    if (frame === undefined) return act < 0.3 ? [inventedFrame(chance)] : [];
    if (act < 0.35) return [frame];
    if (act < 0.5) return [altered(frame, chance)];
    if (act < 0.55) return [frame, frame];
    if (act < 0.6) return [frame.subarray(0, Math.floor(chance() * frame.length))];
    if (act < 0.65) return [];
    if (act < 0.7) return [...far.frames.splice(0, 1), frame];
    if (act < 0.75) return [pick(chance, past), frame];
    if (act < 0.8) return [randomBytes(chance, 60)];
    return [inventedFrame(chance), frame];
  }

  private hear(link: Link, frames: readonly Uint8Array[], altered: boolean): void {
    for (const frame of frames) {
      if (altered) this.states.add(link.state);
      // In pieces of any size.
      for (let at = 0; at < frame.length; ) {
        const end = Math.min(frame.length, at + 1 + Math.floor(this.chance() * frame.length));
        link.received(frame.slice(at, end), this.nowMs);
        at = end;
      }
    }
    while (this.victim.replica.flush(this.nowMs)) {}
  }

  private judge(): void {
    const { victim, other, keyring } = this;
    checkTable(victim);
    const self = victim.replica.vector.get(victim.replica.self);
    if ((self?.height ?? 0) > victim.reports) throw new Error('its own updates were counted by others');
    if (keyring !== undefined) {
      // Nothing got in that the other did not say, whatever the line made of it.
      for (const record of victim.fromLinks) {
        if (record.origin.name !== 'Gate' || record.sequence > other.reports) throw new Error('a forged record got in');
      }
    }
    this.goesOn();
  }

  /** An honest neighbour links afterwards, and both learn all that the other knows. */
  private goesOn(): void {
    const { victim, keyring } = this;
    // In a life that nobody has made anything up about: whoever has the secret can lie about a third server, and is believed.
    const honest = new Subject('Hill', 11, keyring, this.nowMs);
    honest.report('from-hill', 1, this.nowMs);
    victim.report('from-barn', 1, this.nowMs);
    const [near, far] = [new Line(false), new Line(false)];
    const link = victim.replica.connected(near, 'Hill', this.nowMs);
    const peer = honest.replica.connected(far, undefined, this.nowMs);
    for (let step = 0; step < 40; step += 1) {
      for (const frame of near.frames.splice(0)) peer.received(frame, this.nowMs);
      for (const frame of far.frames.splice(0)) link.received(frame, this.nowMs);
      this.nowMs += 30;
      for (const { replica } of [victim, honest]) replica.tick(this.nowMs, { seconds: 1000, nanoseconds: 0 });
    }
    if (link.state !== 'live') throw new Error(`an honest neighbour's link is ${link.state}: ${victim.refusal}`);
    const [ours, theirs] = [contents(victim.replica), contents(honest.replica)];
    if (!ours.includes('from-hill')) throw new Error('it does not learn from an honest neighbour any more');
    if (ours !== theirs) throw new Error(`it does not tell an honest neighbour any more: ${ours} and ${theirs}`);
    checkTable(victim);
  }
}

function textOf({ text, textStart, textLength }: StoredRecord): string {
  return asciiText(text, textStart, textStart + textLength);
}

function contents(replica: Replica): string {
  // One at a time: a record is only true until the next.
  return Array.from(replica.records(), (record) => {
    const { origin, sequence } = record;
    return `${textOf(record)} ${origin.name} ${origin.epoch}.${sequence}`;
  })
    .sort()
    .join('; ');
}

/** The table is what was accepted, and every record in it is one that a server may send. */
function checkTable({ replica, told }: Subject): void {
  let count = 0;
  for (const record of replica.records()) {
    count += 1;
    const known = told.get(asciiText(clientBytes(record)));
    if (known === undefined || !sameRecord(known, record)) throw new Error('the table changed untold');
    const out = new ByteWriter();
    writeRecord(out, record, 0);
    const read = new NewRecord();
    readRecord(new ByteReader(out.take()), [record.origin], read);
    if (textOf(copyRecord(read)) !== textOf(record)) throw new Error('a record cannot be passed on');
  }
  if (count !== told.size) throw new Error('a record is missing');
}

function altered(frame: Uint8Array, chance: Chance): Uint8Array {
  const copy = [...frame];
  const changes = 1 + Math.floor(chance() * 3);
  for (let change = 0; change < changes; change += 1) {
    const at = Math.floor(chance() * copy.length);
    const act = chance();
    if (act < 0.5) copy[at] = (copy[at] as number) ^ (1 << Math.floor(chance() * 8));
    else if (act < 0.7) copy[at] = pick(chance, [0, 1, 0x7f, 0x80, 0xff]);
    else if (act < 0.85) copy.splice(at, 1 + Math.floor(chance() * 3));
    else copy.splice(at, 0, ...randomBytes(chance, 4));
  }
  return Uint8Array.from(copy);
}

function framed(name: FrameName, payload: Uint8Array): Uint8Array {
  const out = new ByteWriter();
  const begin = beginFrame(out, name);
  out.copy(payload);
  endFrame(out, begin);
  return out.take();
}
