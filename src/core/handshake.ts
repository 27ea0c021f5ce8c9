// Who is at the other end: both sides prove that they know the herd's secret, without showing it, and agree on keys for
// every frame that follows. Knows no connection; chance and the hash function come in as `Crypto`.
//
//   dialler                                   accepter
//   hello(names, life, nonce D)        ->
//                                      <-     challenge(names, life, nonce A, HMAC(secret, "accepter" + transcript))
//   proof(HMAC(secret, "dialler" + transcript)) ->
//
// The transcript is every byte both have said so far, so nothing of it can be altered, replayed or reflected. Keys of a session
// come from the secret and the transcript, one for each direction.
import { asciiBytes, ByteReader, ByteWriter } from '../wire/bytes.ts';
import { type Hello, NONCE_BYTES, readHello, readMac, writeHello } from '../wire/messages.ts';

/** What the core cannot do by itself. */
export interface Crypto {
  /** Bytes that nobody can guess. */
  random(count: number): Uint8Array;
  /** HMAC-SHA-256 (RFC 2104) of the parts, one after the other: 32 bytes. */
  hmac(key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array;
  /** Compares without telling by its duration where they differ. */
  equal(left: Uint8Array, right: Uint8Array): boolean;
}

/** The herd's secrets. Any is accepted, the first is offered: so a secret can be replaced while the herd runs. */
export interface Keyring {
  readonly keys: readonly Uint8Array[];
  readonly crypto: Crypto;
}

const NOTHING = new Uint8Array(0);

/** Bytes of the code behind each frame of a session: half of an HMAC-SHA-256, as RFC 2104 allows. */
export const TAG_BYTES = 16;

/** The words of one connection. Each method returns what to send or learn; a string is why there can be no connection. */
export class Handshake {
  private readonly keyring: Keyring | undefined;
  private said: readonly Uint8Array[] = [];
  private key: Uint8Array | undefined;

  /** Without a keyring nobody proves anything, and a side that wants proof is told so. */
  constructor(keyring: Keyring | undefined) {
    this.keyring = keyring;
  }

  hello(words: Omit<Hello, 'nonce'>): Uint8Array {
    return this.say(words);
  }

  /** The dialler's hello has come: what it says. */
  heardHello(payload: Uint8Array): Hello {
    const hello = readHello(new ByteReader(payload));
    this.said = [payload.slice()];
    return hello;
  }

  challenge(words: Omit<Hello, 'nonce'>): Uint8Array {
    const hello = this.say(words);
    const key = this.keyring?.keys[0];
    const mac = key === undefined ? NOTHING : this.mac(key, 'accepter');
    const out = new ByteWriter();
    out.copy(hello);
    out.field(mac);
    return out.take();
  }

  /** The accepter has answered: what it says, or why it is not believed. */
  heardChallenge(payload: Uint8Array): Hello | string {
    const reader = new ByteReader(payload);
    const hello = readHello(reader);
    const helloLength = payload.length - reader.remaining;
    const mac = readMac(reader);
    this.said = [...this.said, payload.slice(0, helloLength)];
    return this.believe(mac, 'accepter', hello) ?? hello;
  }

  proof(): Uint8Array {
    const out = new ByteWriter();
    out.field(this.key === undefined ? NOTHING : this.mac(this.key, 'dialler'));
    return out.take();
  }

  /** The dialler's proof has come: why it is not believed, or undefined. */
  heardProof(payload: Uint8Array, hello: Hello): string | undefined {
    return this.believe(readMac(new ByteReader(payload)), 'dialler', hello);
  }

  /** Why sides with and without a secret cannot link; undefined when both have one, or neither. */
  mismatch(hello: Hello): string | undefined {
    const theirs = hello.nonce.length === NONCE_BYTES;
    if (theirs === (this.keyring !== undefined)) return undefined;
    const [has, lacks] = theirs ? [hello.from, hello.to] : [hello.to, hello.from];
    return `${has} has a secret and ${lacks} has none: give every server of the herd the same secret file`;
  }

  /** The codes of this connection's frames from now on; undefined in a herd without a secret. */
  session(dialled: boolean): Session | undefined {
    const { key, keyring } = this;
    if (key === undefined || keyring === undefined) return undefined;
    const fromDialler = this.mac(key, 'frames of the dialler');
    const fromAccepter = this.mac(key, 'frames of the accepter');
    return dialled
      ? new Session(keyring.crypto, fromDialler, fromAccepter)
      : new Session(keyring.crypto, fromAccepter, fromDialler);
  }

  private say(words: Omit<Hello, 'nonce'>): Uint8Array {
    const out = new ByteWriter();
    writeHello(out, { ...words, nonce: this.keyring?.crypto.random(NONCE_BYTES) ?? NOTHING });
    const payload = out.take();
    this.said = [...this.said, payload];
    return payload;
  }

  private believe(mac: Uint8Array, role: string, hello: Hello): string | undefined {
    const mismatch = this.mismatch(hello);
    if (mismatch !== undefined || this.keyring === undefined) return mismatch;
    for (const key of this.keyring.keys) {
      if (!this.keyring.crypto.equal(mac, this.mac(key, role))) continue;
      this.key = key;
      return undefined;
    }
    return `${hello.from} does not know the herd's secret: give every server of the herd the same secret file`;
  }

  private mac(key: Uint8Array, role: string): Uint8Array {
    return (this.keyring as Keyring).crypto.hmac(key, [asciiBytes(`drover ${role} `), ...this.said]);
  }
}

/** The codes behind the frames of one connection: what is altered, left out, repeated or from elsewhere is noticed. */
export class Session {
  private readonly crypto: Crypto;
  private readonly sendKey: Uint8Array;
  private readonly receiveKey: Uint8Array;
  private sent = 0;
  private received = 0;

  constructor(crypto: Crypto, sendKey: Uint8Array, receiveKey: Uint8Array) {
    this.crypto = crypto;
    this.sendKey = sendKey;
    this.receiveKey = receiveKey;
  }

  /** The code of the next frame to send, given its type and payload. */
  tag(type: number, payload: Uint8Array): Uint8Array {
    this.sent += 1;
    return this.code(this.sendKey, this.sent, type, payload);
  }

  /** Whether `tag` belongs to the next frame received. */
  accepts(type: number, payload: Uint8Array, tag: Uint8Array): boolean {
    this.received += 1;
    return this.crypto.equal(tag, this.code(this.receiveKey, this.received, type, payload));
  }

  private code(key: Uint8Array, count: number, type: number, payload: Uint8Array): Uint8Array {
    const head = new ByteWriter(16);
    head.varint(count);
    head.byte(type);
    return this.crypto.hmac(key, [head.take(), payload]).subarray(0, TAG_BYTES);
  }
}
