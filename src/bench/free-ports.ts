// Ports for servers that are about to start, on loopback. Several programs look for some at the same moment (test files, benchmarks), so one
// that is merely free now is not enough: it is also taken, by a UDP socket of the same number, which is in no TCP server's way and
// which the kernel closes with the process. Must not know who listens there.
import { createSocket, type Socket } from 'node:dgram';
import { createServer } from 'node:net';

const HOST = '127.0.0.1';
/** Below 32768, where outgoing connections get theirs. */
const FIRST = 20_000;
const END = 32_000;

/** So many, each free and nobody else's until this process ends. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = FIRST + Math.floor(Math.random() * (END - FIRST));
    if (await takePorts([port])) ports.push(port);
  }
  return ports;
}

/** Whether all of them are free; then they are nobody else's until this process ends. */
export async function takePorts(ports: readonly number[]): Promise<boolean> {
  const taken: Socket[] = [];
  for (const port of ports) {
    const socket = createSocket('udp4');
    taken.push(socket);
    if ((await binds(socket, port)) && (await isFree(port))) continue;
    for (const one of taken) one.close();
    return false;
  }
  // They keep no process alive.
  for (const socket of taken) socket.unref();
  return true;
}

function binds(socket: Socket, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    socket.once('error', () => resolve(false));
    socket.bind({ port, address: HOST, exclusive: true }, () => resolve(true));
  });
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ host: HOST, port }, () => server.close(() => resolve(true)));
  });
}
