import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { Handshake, type Keyring, type Session } from '../core/handshake.ts';
import type { Hello } from '../wire/messages.ts';
import { ensureSecret, makeSecret, readKeyring, SecretError } from './secret.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'drover-'));
after(() => rmSync(directory, { recursive: true, force: true }));

let files = 0;

function keyring(...secrets: string[]): Keyring {
  files += 1;
  const file = path.join(directory, `${files}.key`);
  writeFileSync(file, secrets.join('\n'));
  return readKeyring(file);
}

const words = { oldestVersion: 1, newestVersion: 1, purpose: 'link' as const, herd: 'ucla', epoch: 7 };
const fromHands = { ...words, from: 'Hands', to: 'Wilkes' };
const fromWilkes = { ...words, from: 'Wilkes', to: 'Hands' };

interface Outcome {
  readonly dialler: string | Session | undefined;
  readonly accepter: string | Session | undefined;
}

/** Plays a handshake; `alter` may change what is said on its way. */
function shake(
  ours: Keyring | undefined,
  theirs: Keyring | undefined,
  alter: (step: string, bytes: Uint8Array) => Uint8Array = (_, bytes) => bytes,
): Outcome {
  const dialler = new Handshake(ours);
  const accepter = new Handshake(theirs);
  const hello: Hello = accepter.heardHello(alter('hello', dialler.hello(fromHands)));
  const mismatch = accepter.mismatch(hello);
  if (mismatch !== undefined) return { dialler: mismatch, accepter: mismatch };
  const answer = dialler.heardChallenge(alter('challenge', accepter.challenge(fromWilkes)));
  if (typeof answer === 'string') return { dialler: answer, accepter: 'no proof came' };
  const refusal = accepter.heardProof(alter('proof', dialler.proof()), hello);
  return { dialler: dialler.session(true), accepter: refusal ?? accepter.session(false) };
}

test('two that share a secret know each other, and every frame of the session is checked', () => {
  const secret = makeSecret();
  const { dialler, accepter } = shake(keyring(secret), keyring(secret));
  assert.ok(typeof dialler === 'object' && typeof accepter === 'object');
  const [first, second] = ['one', 'two'].map((text) => Buffer.from(text)) as [Buffer, Buffer];
  const tags = [dialler.tag(6, first), dialler.tag(6, second)] as [Uint8Array, Uint8Array];
  assert.ok(accepter.accepts(6, first, tags[0]));
  assert.ok(accepter.accepts(6, second, tags[1]));
  // Repeated, altered, of another type, reflected.
  assert.ok(!accepter.accepts(6, second, tags[1]));
  const third = dialler.tag(6, first);
  assert.ok(!shakeAgain(secret).accepts(6, first, third));
  assert.ok(!dialler.accepts(6, first, tags[0]));
});

/** The accepter's session of another connection with the same secret. */
function shakeAgain(secret: string): Session {
  const { accepter } = shake(keyring(secret), keyring(secret));
  assert.ok(typeof accepter === 'object');
  return accepter;
}

test('without any secret there is a link and no session', () => {
  assert.deepEqual(shake(undefined, undefined), { dialler: undefined, accepter: undefined });
});

test('wrong secret, no secret: both sides are told what to do', () => {
  const [right, wrong] = [keyring(makeSecret()), keyring(makeSecret())];
  assert.match(String(shake(wrong, right).dialler), /Wilkes does not know the herd's secret: give every server/);
  assert.match(String(shake(undefined, right).accepter), /Wilkes has a secret and Hands has none/);
  assert.match(String(shake(right, undefined).accepter), /Hands has a secret and Wilkes has none/);
});

test('a secret is replaced while the herd runs: first everybody accepts it, then everybody offers it', () => {
  const [old, fresh] = [makeSecret(), makeSecret()];
  const steps = [[old], [old, fresh], [fresh, old], [fresh]];
  for (let step = 1; step < steps.length; step += 1) {
    const [before, after] = [keyring(...(steps[step - 1] ?? [])), keyring(...(steps[step] ?? []))];
    assert.equal(typeof shake(before, after).accepter, 'object');
    assert.equal(typeof shake(after, before).accepter, 'object');
  }
});

test('whatever bit is changed on its way, the handshake fails or nothing that was proved differs', () => {
  const ring = keyring(makeSecret());
  for (const step of ['hello', 'challenge', 'proof']) {
    for (let bit = 0; bit < 1600; bit += 7) {
      let altered = false;
      let outcome: Outcome | undefined;
      try {
        outcome = shake(ring, ring, (at, bytes) => {
          if (at !== step || bit / 8 >= bytes.length) return bytes;
          altered = true;
          const changed = bytes.slice();
          changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
          return changed;
        });
      } catch {
        continue;
      }
      if (altered) assert.equal(typeof outcome.accepter, 'string', `${step}, bit ${bit}`);
    }
  }
});

test('a recorded handshake cannot be played again, and a challenge cannot be reflected', () => {
  const ring = keyring(makeSecret());
  const recorded = new Map<string, Uint8Array>();
  shake(ring, ring, (step, bytes) => {
    recorded.set(step, bytes);
    return bytes;
  });
  const accepter = new Handshake(ring);
  const hello = accepter.heardHello(recorded.get('hello') as Uint8Array);
  accepter.challenge(fromWilkes);
  assert.match(accepter.heardProof(recorded.get('proof') as Uint8Array, hello) ?? '', /does not know/);
  // The accepter's own code, sent back to it as a proof.
  const mirror = new Handshake(ring);
  const again = mirror.heardHello(recorded.get('hello') as Uint8Array);
  const challenge = mirror.challenge(fromWilkes);
  assert.match(mirror.heardProof(challenge.subarray(challenge.length - 33), again) ?? '', /does not know/);
});

test('a secret file is read with comments, and a weak or empty one is refused without showing it', () => {
  assert.equal(keyring('# ours', `${makeSecret()} # the new one`, '', makeSecret()).keys.length, 2);
  for (const text of ['', '# nothing', 'abc', 'ab'.repeat(31), 'hunter2'.repeat(20), 'a'.repeat(65)]) {
    assert.throws(
      () => keyring(text),
      (error: Error) => error instanceof SecretError && !/hunter2|abab/.test(error.message),
      text,
    );
  }
  assert.throws(() => readKeyring(path.join(directory, 'missing')), /there is no such file; 'drover keygen'/);
});

test('a data directory gets one secret, readable by its owner alone, however often it is asked for', () => {
  const data = path.join(directory, 'data');
  const file = ensureSecret(data);
  const first = readFileSync(file, 'utf8');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(ensureSecret(data), file);
  assert.equal(readFileSync(file, 'utf8'), first);
  assert.deepEqual(readdirSync(data), ['herd.key']);
});
