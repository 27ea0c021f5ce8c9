// Puts many clients into a server, each once, as fast as it takes them: one ring after the other, each made when it is its turn,
// so that millions need little memory here.
import net from 'node:net';
import { ReplyCounter } from './reply-counter.ts';
import { makeRing, type Request, type RingPlan } from './ring.ts';

export interface FillPlan {
  readonly host: string;
  readonly port: number;
  /** What every reply begins with. */
  readonly replyStart: string;
  readonly rings: readonly RingPlan[];
}

/** Clients of one ring, some 1 MiB. */
const RING_CLIENTS = 16_384;
const WRITE_BYTES = 64 * 1024;

/** Rings that together have clients 0 to `clients` - 1, each once; unless told otherwise, anywhere in the world. */
export function ringsOfAll(
  request: Request,
  clients: number,
  stampSeconds: number,
  where: Pick<RingPlan, 'moves' | 'area'> = { moves: 'random', area: 'world' },
): RingPlan[] {
  const common = { request, ...where, stride: 1, visits: 1, stampSeconds };
  return Array.from({ length: Math.ceil(clients / RING_CLIENTS) }, (_, index) => {
    const first = index * RING_CLIENTS;
    return { ...common, first, clients: Math.min(RING_CLIENTS, clients - first), seed: index + 1 };
  });
}

/** Resolves when all are answered. */
export function fill({ host, port, replyStart, rings }: FillPlan, progress: (share: number) => void): Promise<void> {
  const counter = new ReplyCounter('line', replyStart);
  const socket = net.connect({ host, port, noDelay: true });
  let sentRings = 0;
  let unanswered = 0;
  const sendRing = (ring: RingPlan): void => {
    const { bytes } = makeRing(ring);
    for (let at = 0; at < bytes.length; at += WRITE_BYTES) socket.write(bytes.subarray(at, at + WRITE_BYTES));
    sentRings += 1;
    unanswered += ring.clients * ring.visits;
  };
  return new Promise<void>((resolve, reject) => {
    const goOn = (): void => {
      const next = rings[sentRings];
      // The next ring is made while the server still has half of one to do.
      if (next !== undefined && unanswered <= RING_CLIENTS / 2) {
        sendRing(next);
        progress(sentRings / rings.length);
      }
      if (unanswered === 0 && sentRings === rings.length) resolve();
    };
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`${host}:${port} closed the connection`)));
    socket.on('data', (chunk: Buffer) => {
      try {
        unanswered -= counter.count(chunk, chunk.length);
      } catch (error) {
        return reject(error as Error);
      }
      goOn();
    });
    socket.once('connect', goOn);
  }).finally(() => socket.destroy());
}
