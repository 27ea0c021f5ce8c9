// Reports acknowledged, in memory and with a log, beside the same work in Redis and in a plain asyncio server: all servers run all
// the time, on one core, and are asked one after the other, round after round.
import { generate } from '../../dist/src/bench/generator.js';
import { ringsFor } from '../../dist/src/bench/scenario.js';
import { startAsyncio, startDrover, startRedis } from './peers.mjs';

/** The first of each server is long: in its first seconds it has to compile. */
const COMPILE_SECONDS = 3;
/** The first of each contender and load is longer: its server has to make room. */
const FIRST_WARM_UP_SECONDS = 0.5;
const WARM_UP_SECONDS = 0.2;
/** How often the near index has to be in step, where it is asked. */
const ASKED_EVERY_MS = 250;

async function startAll({ cores, skipped }) {
  const servers = {};
  servers.droverMemory = await startDrover('memory', cores.one);
  servers.droverLog = await startDrover('wal', cores.one);
  if (skipped['redis-server'] === undefined) {
    servers.redis = await startRedis(false, cores.one);
    servers.redisLog = await startRedis(true, cores.one);
  }
  servers.droverTraffic = await startDrover('memory', cores.one, true);
  if (skipped.python3 === undefined) {
    servers.asyncio = await startAsyncio(false, cores.one);
    servers.asyncioLog = await startAsyncio(true, cores.one);
  }
  return servers;
}

/** Who competes: a server, what it is sent, what its replies begin with, and what else is asked of it meanwhile. */
function contendersAmong(servers) {
  const all = [
    ['drover, log off', servers.droverMemory, 'iamat', 'A'],
    ['drover, log on', servers.droverLog, 'iamat', 'A'],
    ['drover, log off, asked who is near', servers.droverMemory, 'iamat', 'A', servers.droverMemory.settle],
    ['redis GEOADD', servers.redis, 'geoadd', ':'],
    ['redis GEOADD, AOF everysec', servers.redisLog, 'geoadd', ':'],
    ['redis HSET', servers.redis, 'hset', ':'],
    ['redis HSET, AOF everysec', servers.redisLog, 'hset', ':'],
    ['drover, traffic log', servers.droverTraffic, 'iamat', 'A'],
    ['asyncio', servers.asyncio, 'iamat', 'A'],
    ['asyncio with its log', servers.asyncioLog, 'iamat', 'A'],
  ];
  return all.filter(([, server]) => server !== undefined);
}

export async function measureIngest({ rounds, seconds, connections, pipelines, clients, cores, skipped, say }) {
  const servers = await startAll({ cores, skipped });
  const rows = [];
  const compiled = new Set();
  try {
    const contenders = contendersAmong(servers);
    for (const moves of ['random', 'step']) {
      for (const pipeline of pipelines) {
        for (let round = 0; round < rounds; round += 1) {
          // Another begins each round: who comes after whom must not matter.
          for (let turn = 0; turn < contenders.length; turn += 1) {
            const [name, { port, pids }, request, replyStart, ask] = contenders[(turn + round) % contenders.length];
            const rings = ringsFor({ request, moves, area: 'world' }, connections, clients);
            const warmUpSeconds = round === 0 ? FIRST_WARM_UP_SECONDS : WARM_UP_SECONDS;
            const times = { warmUpSeconds: compiled.has(port) ? warmUpSeconds : COMPILE_SECONDS, seconds };
            compiled.add(port);
            const load = { host: '127.0.0.1', port, rings, replyEnd: 'line', replyStart, pipeline, ...times };
            const asking = ask === undefined ? undefined : setInterval(() => ask().catch(() => {}), ASKED_EVERY_MS);
            const measured = await generate(load, { pids }).finally(() => clearInterval(asking));
            rows.push({ name, moves, pipeline, round, ...measured });
            const busy = `server busy ${share(measured.cpuShare)}, generator ${share(measured.generatorBusyShare)}`;
            const rate = `${Math.round(measured.perSecond)}/s, ${measured.cpuUsPerReply.toFixed(2)} us`;
            say(`ingest, ${moves}, P=${pipeline}, round ${round + 1}, ${name}: ${rate}, ${busy}`);
          }
        }
      }
    }
  } finally {
    await Promise.all(Object.values(servers).map((server) => server.stop()));
  }
  return rows;
}

function share(part) {
  return `${Math.round(part * 100)} %`;
}
