// Asks a server for its status over its link port, as `drover status` does. On this machine the question is enough; elsewhere
// the secret must be proved first. Knows frames, not what the JSON says.

import { TLSSocket } from 'node:tls';
import { Handshake, type Keyring, type Session, TAG_BYTES } from '../core/handshake.ts';
import { ByteReader, ByteWriter, MalformedFrame } from '../wire/bytes.ts';
import {
  beginFrame,
  endFrame,
  FRAME_TYPES,
  type FrameName,
  FrameReader,
  HEADER_BYTES,
  NEWEST_VERSION,
  OLDEST_VERSION,
} from '../wire/frame.ts';
import { FRAME_PAYLOAD_BYTES, STATUS_TIMEOUT_MS } from '../wire/limits.ts';
import { readRefusal } from '../wire/messages.ts';
import { isLoopback } from './address.ts';
import { type Credentials, dial, explainTls, nameProvenBy } from './tls.ts';

export interface StatusQuestion {
  readonly herd: string;
  readonly server: string;
  readonly host: string;
  readonly peerPort: number;
  readonly keyring: Keyring | undefined;
  /** In a herd that links over TLS, and whose certificate it is. */
  readonly credentials: (Credentials & { readonly name: string }) | undefined;
}

/** What the asker is called in a greeting; no server may have a name with this in it and be a neighbour. */
export const ASKER = 'drover-status';

/**
 * The status of a server, as parsed JSON.
 * @throws {Error} whose message says why there is none
 */
export function askStatus(question: StatusQuestion): Promise<unknown> {
  const { host, peerPort, herd, server, credentials } = question;
  return new Promise((resolve, reject) => {
    const socket = dial({ host, port: peerPort }, credentials, () => {
      const name = socket instanceof TLSSocket ? nameProvenBy(socket, herd) : server;
      if (name === server) asking.begin();
      else fail(`it showed the certificate of ${name ?? `no server of herd ${herd}`}, not of ${server}`);
    });
    const fail = (reason: string): void => {
      socket.destroy();
      reject(new Error(reason));
    };
    const asking = new Asking(question, (bytes) => socket.write(bytes));
    socket.setTimeout(STATUS_TIMEOUT_MS, () => fail(`no answer within ${STATUS_TIMEOUT_MS} ms`));
    socket.on('error', (error: NodeJS.ErrnoException) => fail(explainTls(error.code ?? error.message)));
    socket.on('close', () => fail('closed without an answer'));
    socket.on('data', (chunk: Buffer) => {
      try {
        const answer = asking.received(chunk);
        if (answer === undefined) return;
        resolve(JSON.parse(Buffer.from(answer).toString()));
        socket.destroy();
      } catch (error) {
        fail(error instanceof SyntaxError ? 'answered with no JSON' : (error as Error).message);
      }
    });
  });
}

class Asking {
  private readonly question: StatusQuestion;
  private readonly write: (bytes: Uint8Array) => void;
  private readonly handshake: Handshake;
  private readonly reader = new FrameReader(FRAME_PAYLOAD_BYTES);
  private session: Session | undefined;

  constructor(question: StatusQuestion, write: (bytes: Uint8Array) => void) {
    this.question = question;
    this.write = write;
    this.handshake = new Handshake(question.keyring);
  }

  begin(): void {
    const { herd, server: to, host, credentials } = this.question;
    const from = credentials?.name ?? ASKER;
    if (isLoopback(host)) return this.send('statusRequest', new Uint8Array(0));
    const versions = { oldestVersion: OLDEST_VERSION, newestVersion: NEWEST_VERSION };
    this.send('hello', this.handshake.hello({ ...versions, purpose: 'status', herd, from, to, epoch: 0 }));
  }

  /** The answer's JSON, once it is there. */
  received(chunk: Uint8Array): Uint8Array | undefined {
    this.reader.push(chunk);
    while (this.reader.next()) {
      const { name, payload, tag } = this.reader;
      if (this.session !== undefined && !this.session.accepts(FRAME_TYPES[name], payload, tag)) {
        throw new MalformedFrame('the answer was altered on its way');
      }
      if (name === 'status') return payload;
      if (name === 'refuse') throw new Error(`refused: ${readRefusal(new ByteReader(payload))}`);
      if (name !== 'challenge') throw new MalformedFrame(`answered with ${name}`);
      this.prove(payload);
    }
    return undefined;
  }

  private prove(challenge: Uint8Array): void {
    const hello = this.handshake.heardChallenge(challenge);
    if (typeof hello === 'string') throw new Error(hello);
    this.send('proof', this.handshake.proof());
    this.session = this.handshake.session(true);
    if (this.session !== undefined) this.reader.tagBytes = TAG_BYTES;
    this.send('statusRequest', new Uint8Array(0));
  }

  private send(name: FrameName, payload: Uint8Array): void {
    const out = new ByteWriter();
    const begin = beginFrame(out, name);
    out.copy(payload);
    endFrame(out, begin);
    if (this.session !== undefined) {
      out.copy(this.session.tag(FRAME_TYPES[name], out.bytes.subarray(HEADER_BYTES, out.length)));
    }
    this.write(out.take());
  }
}
