// Who may ask a server over its link port, and how often.
import assert from 'node:assert/strict';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { test } from 'node:test';
import { ByteReader, ByteWriter } from '../wire/bytes.ts';
import { beginFrame, endFrame, type FrameName, FrameReader, OLDEST_VERSION } from '../wire/frame.ts';
import { ASKER_SILENCE_MS, FRAME_PAYLOAD_BYTES, NEAR_QUESTIONS } from '../wire/limits.ts';
import { readRefusal } from '../wire/messages.ts';
import { readNearAnswer, writeNearQuestion } from '../wire/near.ts';
import { Handshake, type Keyring, type Session, TAG_BYTES } from './handshake.ts';
import type { Link } from './link.ts';
import { Replica } from './replica.ts';
import type { Observer, Transport } from './sink.ts';

const keyring: Keyring = {
  keys: [new Uint8Array(32).fill(7)],
  crypto: {
    random: (count) => randomBytes(count),
    hmac: (key, parts) => {
      const hmac = createHmac('sha256', key);
      for (const part of parts) hmac.update(part);
      return hmac.digest();
    },
    equal: (left, right) => timingSafeEqual(left, right),
  },
};

/** A server, and a connection to it of somebody who asks. */
class Asker {
  readonly replica: Replica;
  readonly link: Link;
  session: Session | undefined;
  /** What the connection says of what waits unsent. */
  takesMore = true;
  /** The server has not come to its questions yet. */
  isBusy = false;
  private readonly reader = new FrameReader(FRAME_PAYLOAD_BYTES);
  private readonly said: Uint8Array[] = [];

  constructor(isLocal: boolean, keyring?: Keyring) {
    const observer: Partial<Observer> = {
      nearRequested: (link, question) => {
        if (!this.isBusy) link.sendNear(this.replica.whereabouts.near(question, { seconds: 0, nanoseconds: 0 }));
      },
      linkRefused: () => {},
    };
    const options = { herd: 'farm', epoch: 1, nowMs: 0, expireAfterSeconds: 0, hashSeed: 1, neighbours: [] };
    this.replica = new Replica({
      ...options,
      ...(keyring === undefined ? {} : { keyring }),
      self: 'Barn',
      observer: observer as Observer,
    });
    const transport: Transport = {
      isLocal,
      provenName: undefined,
      write: (bytes) => {
        this.said.push(bytes.slice());
        return this.takesMore;
      },
      end: () => {},
      destroy: () => {},
    };
    this.link = this.replica.connected(transport, undefined, 0);
  }

  say(name: FrameName, write: (out: ByteWriter) => void, nowMs = 0): void {
    const out = new ByteWriter();
    const begin = beginFrame(out, name);
    write(out);
    endFrame(out, begin);
    if (this.session !== undefined) out.copy(this.session.tag(out.bytes[1] as number, out.bytes.slice(6, out.length)));
    this.link.received(out.take(), nowMs);
  }

  ask(nowMs = 0): void {
    const question = { latitude: 1, longitude: 1, radiusMetres: 5, most: 9 };
    this.say('nearRequest', (out) => writeNearQuestion(out, question), nowMs);
  }

  prove(keyring: Keyring): void {
    const handshake = new Handshake(keyring);
    const words = { oldestVersion: OLDEST_VERSION, newestVersion: OLDEST_VERSION, purpose: 'status' as const };
    this.say('hello', (out) => out.copy(handshake.hello({ ...words, herd: 'farm', from: 'x', to: 'Barn', epoch: 0 })));
    handshake.heardChallenge(this.hear('challenge'));
    this.say('proof', (out) => out.copy(handshake.proof()));
    this.session = handshake.session(true);
    this.reader.tagBytes = TAG_BYTES;
  }

  /** The payload of the next frame, which is of this kind. */
  hear(name: FrameName): Uint8Array {
    this.reader.push(this.said.shift() ?? assert.fail('nothing was said'));
    assert.ok(this.reader.next());
    assert.equal(this.reader.name, name);
    return this.reader.payload;
  }
}

test('whoever has proved the secret asks as often as it likes, from anywhere', () => {
  const asker = new Asker(false, keyring);
  asker.prove(keyring);
  for (let count = 0; count < 3; count += 1) {
    asker.ask();
    assert.deepEqual(readNearAnswer(new ByteReader(asker.hear('near'))), { found: 0, clients: [] });
  }
  assert.equal(asker.link.state, 'asking');
});

test('without proof it is told only to this machine', () => {
  const far = new Asker(false);
  far.ask();
  assert.match(readRefusal(new ByteReader(far.hear('refuse'))), /for those with the secret/);
  assert.equal(far.link.state, 'closed');
  const local = new Asker(true, keyring);
  local.ask();
  local.hear('near');
  local.ask();
  local.hear('near');
  // Whoever may look may not make the herd forget.
  local.say('forgetRequest', (out) => out.ascii('kiwi'));
  assert.match(readRefusal(new ByteReader(local.hear('refuse'))), /out of order/);
});

test('whoever asks nothing for long, or reads no answer, is disconnected', () => {
  const quiet = new Asker(true);
  quiet.ask(1000);
  const start = { seconds: 0, nanoseconds: 0 };
  // In steps: a longer pause would be the server's own.
  for (let nowMs = 250; nowMs < 1000 + ASKER_SILENCE_MS; nowMs += 250) quiet.replica.tick(nowMs, start);
  assert.equal(quiet.link.state, 'looking');
  quiet.replica.tick(1000 + ASKER_SILENCE_MS, start);
  assert.equal(quiet.link.state, 'closed');
  const deaf = new Asker(true);
  deaf.takesMore = false;
  deaf.ask();
  assert.equal(deaf.link.state, 'closed');
});

test('whoever asks on without waiting for answers is disconnected before its questions fill the memory', () => {
  const asker = new Asker(true);
  for (let count = 0; count < 3 * NEAR_QUESTIONS; count += 1) asker.ask();
  assert.equal(asker.link.state, 'looking', 'all were answered');
  asker.isBusy = true;
  for (let count = 0; count < NEAR_QUESTIONS; count += 1) asker.ask();
  assert.equal(asker.link.state, 'looking');
  asker.ask();
  assert.equal(asker.link.state, 'closed');
});
