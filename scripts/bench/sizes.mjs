// Many clients: the memory that each costs, everything included, and how late a reply comes at 10,000 reports a second.
import { ringsOfAll } from '../../dist/src/bench/fill.js';
import { fillFrom, generate } from '../../dist/src/bench/generator.js';
import { residentBytesOf } from '../../dist/src/bench/processes.js';
import { ringsFor } from '../../dist/src/bench/scenario.js';
import { startDrover, startRedis } from './peers.mjs';

const RATE_PER_SECOND = 10_000;
/** Of all clients, those that report while latency is measured: their requests must fit in memory here. */
const REPORTING = 100_000;
const SETTLE_MS = 2000;
/**
 * A p99 depends on what else the machine does, for either side: a kernel thread that takes the core for 1 to 4 ms twice a second makes that of one
 * second 0.2 or 0.45 ms, as it happens. So there are more rounds than elsewhere, and longer ones.
 */
const LATENCY_ROUNDS = 3;
const LATENCY_SECONDS = 5;
/** Before the first of them each has this long of the same: what one report at a time takes was not needed until then, and V8 compiles it. */
const COMPILE_SECONDS = 15;

async function filled(server, requests, clients) {
  await settle();
  const before = residentBytesOf(server.pids[0]);
  for (const [request, replyStart] of requests) {
    const rings = ringsOfAll(request, clients, Math.floor(Date.now() / 1000));
    await fillFrom({ host: '127.0.0.1', port: server.port, replyStart, rings });
  }
  await server.settle?.();
  await settle();
  return (residentBytesOf(server.pids[0]) - before) / clients;
}

function settle() {
  return new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
}

export async function measureSizes({ sizes, rounds, connections, cores, skipped, say }) {
  const latencyRounds = LATENCY_ROUNDS * rounds;
  const memory = [];
  const latency = [];
  for (const clients of sizes) {
    const servers = [];
    try {
      const contenders = [];
      const add = async (name, start, requests, asked) => {
        const server = await start();
        servers.push(server);
        const bytesPerClient = await filled(server, requests, clients);
        memory.push({ name, clients, bytesPerClient });
        say(`memory, ${clients} clients, ${name}: ${bytesPerClient.toFixed(1)} bytes a client`);
        for (const [label, request, replyStart] of asked) contenders.push([label, server, request, replyStart]);
      };
      const iamat = [['iamat', 'A']];
      await add('drover, log off', () => startDrover('memory', cores.one), iamat, [['drover, log off', 'iamat', 'A']]);
      await add('drover, log on', () => startDrover('wal', cores.one), iamat, [['drover, log on', 'iamat', 'A']]);
      if (skipped['redis-server'] === undefined) {
        const both = [
          ['geoadd', ':'],
          ['hset', ':'],
        ];
        await add('redis GEOADD and HSET', () => startRedis(false, cores.one), both, [
          ['redis GEOADD', 'geoadd', ':'],
          ['redis HSET', 'hset', ':'],
        ]);
        await add('redis GEOADD and HSET, AOF everysec', () => startRedis(true, cores.one), both, [
          ['redis GEOADD, AOF everysec', 'geoadd', ':'],
        ]);
      }
      const reporting = Math.min(REPORTING, clients);
      const measure = ([, { port, pids }, request, replyStart], warmUpSeconds) => {
        const rings = ringsFor({ request, moves: 'random', area: 'world' }, connections, reporting, clients);
        const target = { host: '127.0.0.1', port, rings, replyEnd: 'line', replyStart, pipeline: 1 };
        const times = { warmUpSeconds, seconds: LATENCY_SECONDS, ratePerSecond: RATE_PER_SECOND };
        return generate({ ...target, ...times }, { pids }).catch((error) => ({ failed: error.message }));
      };
      for (const contender of contenders) await measure(contender, COMPILE_SECONDS);
      for (let round = 0; round < latencyRounds; round += 1) {
        for (let turn = 0; turn < contenders.length; turn += 1) {
          // Another begins each round: who comes after whom must not matter.
          const contender = contenders[(turn + round) % contenders.length];
          const [name] = contender;
          const measured = await measure(contender, 1);
          latency.push({ name, clients, round, ...measured });
          const { latency: late } = measured;
          const text = late === undefined ? measured.failed : `p50 ${late.p50Ms} ms, p99 ${late.p99Ms} ms`;
          say(`${RATE_PER_SECOND}/s, ${clients} clients, round ${round + 1}, ${name}: ${text}`);
        }
      }
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  }
  return { ratePerSecond: RATE_PER_SECOND, latencyRounds, latencySeconds: LATENCY_SECONDS, memory, latency };
}
