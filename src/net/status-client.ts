// Asks a server one thing over its link port: its status, who is near a position, or to make the herd forget a client. On this
// machine the question may be enough; elsewhere the secret must be proved first. Knows frames, not what the JSON says.

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
  OLDEST_VERSION,
} from '../wire/frame.ts';
import { FRAME_PAYLOAD_BYTES, GREETING_PAYLOAD_BYTES, STATUS_TIMEOUT_MS } from '../wire/limits.ts';
import { readRefusal } from '../wire/messages.ts';
import { type NearAnswer, type NearQuestion, readNearAnswer, writeNearQuestion } from '../wire/near.ts';
import { isLoopback } from './address.ts';
import { type Credentials, dial, explainTls, nameProvenBy } from './tls.ts';

export interface Question {
  readonly herd: string;
  readonly server: string;
  readonly host: string;
  readonly peerPort: number;
  readonly keyring: Keyring | undefined;
  /** In a herd that links over TLS, and whose certificate it is. */
  readonly credentials: (Credentials & { readonly name: string }) | undefined;
}

/** What is asked, and what kind of frame answers it. */
interface Request {
  readonly request: FrameName;
  readonly payload: Uint8Array;
  readonly answer: FrameName;
  /** Whether it may be asked on this machine without proof. */
  readonly isFree: boolean;
}

/** What the asker is called in a greeting; no server may have a name with this in it and be a neighbour. */
export const ASKER = 'drover-status';

/**
 * The status of a server, as parsed JSON.
 * @throws {Error} whose message says why there is none
 */
export async function askStatus(question: Question): Promise<unknown> {
  const words = { request: 'statusRequest', payload: new Uint8Array(0), answer: 'status', isFree: true } as const;
  const answer = await ask(question, words);
  try {
    return JSON.parse(Buffer.from(answer).toString());
  } catch {
    throw new Error('answered with no JSON');
  }
}

/**
 * Which clients the server knows near a position.
 * @throws {Error} whose message says why there is no answer
 */
export async function askNear(question: Question, near: NearQuestion): Promise<NearAnswer> {
  const out = new ByteWriter();
  writeNearQuestion(out, near);
  const words = { request: 'nearRequest', payload: out.take(), answer: 'near', isFree: true } as const;
  return readNearAnswer(new ByteReader(await ask(question, words)));
}

/**
 * Makes the herd forget a client. False if the server does not know it.
 * @throws {Error} whose message says why it could not be asked
 */
export async function askToForget(question: Question, client: Uint8Array): Promise<boolean> {
  const isFree = question.keyring === undefined;
  const words = { request: 'forgetRequest', payload: client, answer: 'forgotten', isFree } as const;
  return (await ask(question, words))[0] === 1;
}

function ask(question: Question, request: Request): Promise<Uint8Array> {
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
    const asking = new Asking(question, request, (bytes) => socket.write(bytes));
    socket.setTimeout(STATUS_TIMEOUT_MS, () => fail(`no answer within ${STATUS_TIMEOUT_MS} ms`));
    socket.on('error', (error: NodeJS.ErrnoException) => fail(explainTls(error.code ?? error.message)));
    socket.on('close', () => fail('closed without an answer'));
    socket.on('data', (chunk: Buffer) => {
      try {
        const answer = asking.received(chunk);
        if (answer === undefined) return;
        resolve(answer.slice());
        socket.destroy();
      } catch (error) {
        fail((error as Error).message);
      }
    });
  });
}

class Asking {
  private readonly question: Question;
  private readonly request: Request;
  private readonly write: (bytes: Uint8Array) => void;
  private readonly handshake: Handshake;
  private readonly reader = new FrameReader(FRAME_PAYLOAD_BYTES);
  private session: Session | undefined;

  constructor(question: Question, request: Request, write: (bytes: Uint8Array) => void) {
    this.question = question;
    this.request = request;
    this.write = write;
    this.handshake = new Handshake(question.keyring);
  }

  begin(): void {
    const { herd, server: to, host, credentials } = this.question;
    const from = credentials?.name ?? ASKER;
    const { request, payload, isFree } = this.request;
    // A longer question is heard only from somebody who has said who it is.
    if (isFree && isLoopback(host) && payload.length <= GREETING_PAYLOAD_BYTES) return this.send(request, payload);
    // One question needs nothing newer.
    const versions = { oldestVersion: OLDEST_VERSION, newestVersion: OLDEST_VERSION };
    this.send('hello', this.handshake.hello({ ...versions, purpose: 'status', herd, from, to, epoch: 0 }));
  }

  /** The answer, once it is there. */
  received(chunk: Uint8Array): Uint8Array | undefined {
    this.reader.push(chunk);
    while (this.reader.next()) {
      const { name, payload, tag } = this.reader;
      if (this.session !== undefined && !this.session.accepts(FRAME_TYPES[name], payload, tag)) {
        throw new MalformedFrame('the answer was altered on its way');
      }
      if (name === this.request.answer) return payload;
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
    this.send(this.request.request, this.request.payload);
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
