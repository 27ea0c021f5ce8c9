// The servers that Drover is measured beside: how each is started on its own ports with its own settings, in memory or in a
// temporary directory, and how it is stopped. What is sent to them is made by the same generator as for Drover.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../../dist/src/bench/free-ports.js';
import { onCores } from '../../dist/src/bench/processes.js';
import { ALONE, BenchHerd, stopProcess } from '../../dist/src/bench/servers.js';

const HOST = '127.0.0.1';
const STARTING_MS = 10_000;

const running = new Set();
// A peer does not outlive the benchmark.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Runs a program until `stop`, and waits until its port answers. */
async function run(command, args, port, cores) {
  // What they complain of when the generator hangs up is of no interest.
  const child = spawn(...onCores(cores, command, args), { stdio: 'ignore' });
  running.add(child);
  const server = { port, pids: [child.pid], stop: () => stopProcess(child).finally(() => running.delete(child)) };
  const deadline = Date.now() + STARTING_MS;
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await server.stop();
      throw new Error(`${command} does not start`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return server;
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = net.connect({ host: HOST, port }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** `traffic`: with its log of each line that comes and goes. */
export async function startDrover(ack, cores, traffic = false) {
  const herd = await BenchHerd.start({ ...ALONE, ack, cores, traffic });
  return {
    port: herd.port('Bench'),
    pids: herd.pids,
    settle: () => herd.learnPositions('Bench'),
    stop: () => herd.stop(),
  };
}

/** `appendOnly`: its log on disk, synced once a second. */
export async function startRedis(appendOnly, cores, more = []) {
  const directory = mkdtempSync(path.join(tmpdir(), 'drover-redis-'));
  const [port] = await freePorts(1);
  const log = appendOnly ? ['--appendonly', 'yes', '--appendfsync', 'everysec'] : ['--appendonly', 'no'];
  // No snapshots and no rewriting of the log while it is measured: both fork.
  const quiet = ['--save', '', '--auto-aof-rewrite-percentage', '0', '--loglevel', 'warning', '--logfile', 'redis.log'];
  const args = ['--port', String(port), '--bind', HOST, '--dir', directory, ...quiet, ...log, ...more];
  const server = await run('redis-server', args, port, cores);
  const stop = () => server.stop().finally(() => rmSync(directory, { recursive: true, force: true }));
  return { ...server, stop };
}

/** `logged`: with a log of each line that comes and goes. */
export async function startAsyncio(logged, cores) {
  const directory = mkdtempSync(path.join(tmpdir(), 'drover-asyncio-'));
  const [port] = await freePorts(1);
  const script = fileURLToPath(new URL('./asyncio-server.py', import.meta.url));
  const log = logged ? [path.join(directory, 'server.log')] : [];
  const server = await run('python3', [script, String(port), ...log], port, cores);
  return { ...server, stop: () => server.stop().finally(() => rmSync(directory, { recursive: true, force: true })) };
}

/** What Redis says of itself. */
async function redisFigure(port, section, name) {
  const text = await new Promise((resolve, reject) => {
    let said = '';
    const socket = net.connect({ host: HOST, port }, () => socket.end(`INFO ${section}\r\nQUIT\r\n`));
    socket.on('data', (chunk) => {
      said += chunk;
    });
    socket.on('end', () => resolve(said));
    socket.on('error', reject);
  });
  return new RegExp(`^${name}:(.*)\r$`, 'm').exec(text)?.[1];
}

/** A primary and four replicas. */
export async function startRedisHerd(cores) {
  const primary = await startRedis(false, cores);
  const replicaOf = ['--replicaof', `${HOST} ${primary.port}`, '--repl-diskless-sync-delay', '0'];
  const replicas = await Promise.all([1, 2, 3, 4].map(() => startRedis(false, cores, replicaOf)));
  const all = [primary, ...replicas];
  const figure = (server, name) => redisFigure(server.port, 'replication', name);
  const until = async (wanted) => {
    for (const replica of replicas) {
      while (!(await wanted(replica))) await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await until(async (replica) => (await figure(replica, 'master_link_status')) === 'up');
  const settled = async () => {
    const offset = Number(await figure(primary, 'master_repl_offset'));
    await until(async (replica) => Number(await figure(replica, 'slave_repl_offset')) >= offset);
  };
  const pids = all.flatMap((server) => server.pids);
  return { port: primary.port, pids, settled, stop: () => Promise.all(all.map((server) => server.stop())) };
}

/** `MSG moves 1 63`, the report, and two line ends. */
const NATS_MESSAGE_BYTES = 16 + 63 + 2;

/** Five servers of one cluster, with a subscriber at the four that are not reported to: without one nothing is sent on. */
export async function startNatsHerd(cores) {
  const ports = await freePorts(5);
  const clusterPorts = await freePorts(5);
  const route = `nats://${HOST}:${clusterPorts[0]}`;
  const servers = [];
  for (const [index, port] of ports.entries()) {
    const cluster = [
      '--cluster_name',
      'bench',
      '--cluster',
      `nats://${HOST}:${clusterPorts[index]}`,
      '--routes',
      route,
    ];
    servers.push(
      await run('nats-server', ['--log', '/dev/null', '-a', HOST, '-p', String(port), ...cluster], port, cores),
    );
  }
  const received = ports.slice(1).map(() => 0);
  const sockets = ports.slice(1).map((port, index) => {
    const socket = net.connect({ host: HOST, port });
    socket.write('CONNECT {"verbose":false,"pedantic":false}\r\nSUB moves 1\r\nPING\r\n');
    socket.on('data', (chunk) => {
      if (chunk.indexOf('PING\r\n') >= 0) socket.write('PONG\r\n');
      received[index] += chunk.length;
    });
    return socket;
  });
  // The routes form and hear of the subscribers.
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const before = [...received];
  const settled = async () => {
    for (let last = -1, sum = 0; sum !== last; ) {
      last = sum;
      await new Promise((resolve) => setTimeout(resolve, 200));
      sum = received.reduce((total, bytes) => total + bytes, 0);
    }
  };
  return {
    port: ports[0],
    pids: servers.flatMap((server) => server.pids),
    settled,
    /** Messages that each subscriber has got, the least. */
    delivered: () =>
      Math.min(...received.map((bytes, index) => Math.floor((bytes - before[index]) / NATS_MESSAGE_BYTES))),
    stop: () => {
      for (const socket of sockets) socket.destroy();
      return Promise.all(servers.map((server) => server.stop()));
    },
  };
}
