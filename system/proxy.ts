// A TCP proxy that makes a network's faults without root: latency, small chunks, silence in one direction or both, resets, bytes
// that change on their way. What it holds it does not read, so the side that sends meets full buffers, as on a real cut line.
import { connect, createServer, type Server, type Socket } from 'node:net';

export type Direction = 'toTarget' | 'toDialler';

/** A piece under way, or how the stream ends. */
type Item = Buffer | 'end' | 'reset';

/** Bytes under way in one direction of one connection; beyond it the sender waits. */
const UNDER_WAY_BYTES = 1024 * 1024;
/** Tests' own ports: below those of the herds, which begin at 17345. */
const FIRST_PORT = 10_000;
const PORTS = 7000;

/** What is wrong with one direction now. */
interface Faults {
  held: boolean;
  latencyMs: number;
  /** Nothing larger passes in one piece; 0 is no limit. */
  chunkBytes: number;
  /** This byte of the next piece that is long enough is inverted. */
  corruptAt: number | undefined;
}

const noFaults = (): Faults => ({ held: false, latencyMs: 0, chunkBytes: 0, corruptAt: undefined });

/** One direction of one connection. */
class Pipe {
  private readonly from: Socket;
  private readonly to: Socket;
  private readonly faults: Faults;
  private readonly items: Item[] = [];
  private bytes = 0;
  /** How many of them have had their latency. */
  private ripe = 0;
  private turn: NodeJS.Immediate | undefined;

  constructor(from: Socket, to: Socket, faults: Faults) {
    this.from = from;
    this.to = to;
    this.faults = faults;
    from.on('data', (chunk: Buffer) => this.arrived(chunk));
    from.on('end', () => this.add('end'));
    // A reset: `close` says that it is over. It travels with the bytes, so a held direction does not tell of it.
    from.on('error', () => {});
    from.on('close', (failed) => this.add(failed ? 'reset' : 'end'));
    to.on('drain', () => this.move());
  }

  /** The faults have changed. */
  changed(): void {
    this.move();
  }

  private arrived(chunk: Buffer): void {
    const { corruptAt, chunkBytes } = this.faults;
    if (corruptAt !== undefined && corruptAt < chunk.length) {
      chunk[corruptAt] = (chunk[corruptAt] as number) ^ 0xff;
      this.faults.corruptAt = undefined;
    }
    const most = chunkBytes === 0 ? chunk.length : chunkBytes;
    for (let at = 0; at < chunk.length; at += most) this.add(chunk.subarray(at, at + most));
  }

  private add(item: Item): void {
    this.items.push(item);
    if (typeof item !== 'string') this.bytes += item.length;
    const { latencyMs } = this.faults;
    const ripened = (): void => {
      this.ripe += 1;
      this.move();
    };
    if (latencyMs === 0) ripened();
    else setTimeout(ripened, latencyMs);
  }

  private move(): void {
    const { faults, from, to } = this;
    while (this.ripe > 0 && !faults.held && !to.writableNeedDrain && this.turn === undefined) {
      this.ripe -= 1;
      this.pass(this.items.shift() as Item);
      // Only a turn later do small pieces arrive as such.
      if (faults.chunkBytes > 0)
        this.turn = setImmediate(() => {
          this.turn = undefined;
          this.move();
        });
    }
    if (faults.held || this.bytes > UNDER_WAY_BYTES || to.writableNeedDrain) from.pause();
    else from.resume();
  }

  private pass(item: Item): void {
    if (this.to.destroyed) return;
    if (item === 'reset') this.to.resetAndDestroy();
    else if (item === 'end') this.to.end();
    else {
      this.bytes -= item.length;
      this.to.write(item);
    }
  }
}

export class FaultProxy {
  readonly port: number;
  private readonly server: Server;
  private readonly targetPort: number;
  private readonly faults: Record<Direction, Faults> = { toTarget: noFaults(), toDialler: noFaults() };
  private readonly pipes = new Map<Socket, readonly Pipe[]>();
  private readonly sockets = new Set<Socket>();
  /** Dialled while nothing passed: not let through before it does. */
  private waiting: Socket[] = [];

  private constructor(server: Server, port: number, targetPort: number) {
    this.server = server;
    this.port = port;
    this.targetPort = targetPort;
    server.on('connection', (socket) => this.accept(socket));
  }

  /** A proxy on a free port in front of a port of this machine. */
  static async open(targetPort: number): Promise<FaultProxy> {
    for (let tries = 0; tries < 100; tries += 1) {
      const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
      const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
      const listens = await new Promise<boolean>((resolve) => {
        server.once('error', () => resolve(false));
        server.listen({ host: '127.0.0.1', port }, () => resolve(true));
      });
      if (listens) return new FaultProxy(server, port, targetPort);
    }
    throw new Error('no free port for a proxy');
  }

  /** Bytes in these directions no longer arrive, and nobody is told. New connections do not come through either. */
  hold(...directions: Direction[]): void {
    for (const direction of directions) this.faults[direction].held = true;
    this.changed();
  }

  /** Each way takes this long. */
  delay(latencyMs: number): void {
    for (const faults of Object.values(this.faults)) faults.latencyMs = latencyMs;
  }

  /** Everything is cut into pieces of this size. */
  chunk(chunkBytes: number): void {
    for (const faults of Object.values(this.faults)) faults.chunkBytes = chunkBytes;
  }

  /** Inverts byte `at` of the next piece in this direction that is long enough. */
  corrupt(direction: Direction, at: number): void {
    this.faults[direction].corruptAt = at;
  }

  /** Whether the byte that was to be corrupted has passed. */
  hasCorrupted(direction: Direction): boolean {
    return this.faults[direction].corruptAt === undefined;
  }

  /** Every connection ends at once, on both sides. */
  reset(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  /** All faults end; what was held goes on. */
  heal(): void {
    for (const faults of Object.values(this.faults)) Object.assign(faults, noFaults());
    this.changed();
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      for (const socket of this.sockets) socket.destroy();
    });
  }

  private get isCut(): boolean {
    return this.faults.toTarget.held || this.faults.toDialler.held;
  }

  private changed(): void {
    for (const pipes of this.pipes.values()) for (const pipe of pipes) pipe.changed();
    if (this.isCut) return;
    const { waiting } = this;
    this.waiting = [];
    for (const dialler of waiting) this.join(dialler);
  }

  private accept(dialler: Socket): void {
    this.keep(dialler);
    if (this.isCut) this.waiting.push(dialler);
    else this.join(dialler);
  }

  private join(dialler: Socket): void {
    if (dialler.destroyed) return;
    const target = connect({ host: '127.0.0.1', port: this.targetPort, allowHalfOpen: true, noDelay: true });
    this.keep(target);
    // Pieces that cannot be written yet wait in the socket.
    const { toTarget, toDialler } = this.faults;
    this.pipes.set(target, [new Pipe(dialler, target, toTarget), new Pipe(target, dialler, toDialler)]);
    target.once('close', () => this.pipes.delete(target));
    dialler.resume();
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => this.sockets.delete(socket));
  }
}
