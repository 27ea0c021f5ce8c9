// `drover send`: lines to a server, its replies to standard output, byte for byte both ways.
// Must not know the protocol, but that replies are lines: what is sent may be anything.
import net from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { LF } from '../wire/bytes.ts';
import { CommandError, UsageError } from './failure.ts';
import { configFrom, type FindOptions, serverNamed } from './options.ts';

interface Address {
  readonly host: string;
  readonly port: number;
}

export interface SendRequest {
  /** Name of a server, or HOST:PORT. */
  readonly target: string;
  /** Without any, `input` is sent. */
  readonly lines: readonly string[];
  readonly options: FindOptions;
  readonly input: Readable;
  readonly output: Writable;
}

/** A person waits no longer than this for a machine that does not answer. */
const CONNECT_LIMIT_MS = 10_000;

/** `HOST:PORT` or `[IPV6]:PORT`, or undefined when it must be a name. */
export function parseAddress(text: string): Address | undefined {
  const parts = /^(?:\[([^\s\]]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text);
  const host = parts?.[1] ?? parts?.[2];
  const port = Number(parts?.[3]);
  return host !== undefined && port >= 1 && port <= 65_535 ? { host, port } : undefined;
}

async function addressOf(target: string, options: FindOptions): Promise<Address> {
  const address = parseAddress(target);
  if (address !== undefined) return address;
  if (/:[^:]*$/.test(target)) {
    throw new UsageError(
      `${JSON.stringify(target)} is no address: write HOST:PORT or [IPV6]:PORT, with a port from 1 to 65535`,
    );
  }
  const { host, clientPort } = serverNamed(await configFrom(options, 'find'), target);
  return { host, port: clientPort };
}

function connect(target: string, { host, port }: Address): Promise<net.Socket> {
  const where = parseAddress(target) === undefined ? `${target} at ${host}:${port}` : target;
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port, allowHalfOpen: true });
    const fail = (reason: string): void => {
      socket.destroy();
      reject(new CommandError(`cannot connect to ${where}: ${reason}`));
    };
    const timer = setTimeout(
      () => fail(`no answer in ${CONNECT_LIMIT_MS / 1000} s; check the address and firewalls`),
      CONNECT_LIMIT_MS,
    );
    socket.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      if (error.code === 'ECONNREFUSED')
        fail("nothing listens there; start it with 'drover up' or 'drover serve NAME'");
      else fail(`${error.code ?? error.message}; check the address`);
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

export async function send(request: SendRequest): Promise<void> {
  const { target, lines, options, input, output } = request;
  const socket = await connect(target, await addressOf(target, options));
  let lost: Error | undefined;
  let sent = false;
  let unwritten: NodeJS.ErrnoException | undefined;
  output.once('error', (error) => {
    unwritten = error;
  });
  socket.on('error', (error) => {
    lost = error;
  });
  socket.on('finish', () => {
    sent = true;
  });
  let isWhole = true;
  socket.on('data', (chunk: Uint8Array) => {
    isWhole = chunk.at(-1) === LF;
  });
  if (lines.length > 0) socket.end(`${lines.join('\n')}\n`);
  else input.on('error', (error) => socket.destroy(error)).pipe(socket);

  try {
    await pipeline(socket, output, { end: false });
  } catch (error) {
    if (unwritten === undefined) lost ??= error as Error;
  }
  input.unpipe(socket).destroy();
  socket.destroy();
  // Whoever read our output has seen enough; any other reason not to write is worth a word.
  if (unwritten?.code === 'EPIPE') return;
  if (unwritten !== undefined)
    throw new CommandError(`cannot write the replies (${unwritten.code ?? unwritten.message})`);
  if (lost !== undefined) {
    const reason = (lost as NodeJS.ErrnoException).code ?? lost.message;
    throw new CommandError(
      `lost the connection to ${target} (${reason}) after ${socket.bytesRead} bytes of reply; send again what has no reply`,
    );
  }
  if (!isWhole) throw new CommandError(`${target} ended in the middle of a reply; send again what has no reply`);
  if (!sent && socket.readableEnded) {
    throw new CommandError(`${target} closed the connection before everything was sent; send again what has no reply`);
  }
}
