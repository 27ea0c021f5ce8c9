// Clients for tests: plain sockets that send bytes and keep every piece that comes back.
import { connect, type Socket } from 'node:net';
import { HANG_MS, until } from './processes.ts';

export class Client {
  readonly socket: Socket;
  /** Everything received, as latin1: one character a byte. */
  received = '';
  /** The pieces in which it arrived. */
  readonly pieces: string[] = [];
  closed = false;
  ended = false;
  error: string | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.pieces.push(chunk.toString('latin1'));
      this.received += chunk.toString('latin1');
    });
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('close', () => {
      this.closed = true;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error.code ?? error.message;
    });
  }

  static connect(port: number): Promise<Client> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Client(socket));
      });
    });
  }

  /** Sends text (one byte a character) or bytes. */
  send(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  finish(): void {
    this.socket.end();
  }

  /** Waits until what was received satisfies `enough`. */
  async receives(enough: (received: string) => boolean): Promise<string> {
    await until(
      () => enough(this.received) || this.closed,
      () => `received ${this.received.length} bytes, not enough: ${this.received.slice(-300)}`,
    );
    return this.received;
  }

  /** Waits for this many lines. */
  async lines(count: number): Promise<string[]> {
    const received = await this.receives((text) => text.split('\n').length > count);
    return received.split('\n').slice(0, count);
  }

  /** Waits until the server has closed its side. */
  async end(): Promise<string> {
    await until(
      () => this.ended || this.closed,
      () => `not ended in ${HANG_MS} ms: ${this.received.slice(-300)}`,
    );
    return this.received;
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** What `printf ... | nc -N` shows: sends, ends its side, and returns everything until the server ends. */
export async function exchange(port: number, bytes: string | Uint8Array): Promise<string> {
  const client = await Client.connect(port);
  client.send(bytes);
  client.finish();
  const received = await client.end();
  client.destroy();
  return received;
}
