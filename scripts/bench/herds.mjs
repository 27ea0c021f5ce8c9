// Five servers that all have every update: CPU time of all five for one, beside a Redis primary with four replicas and a NATS
// cluster with a subscriber at each other server (which stores nothing).
import { generate } from '../../dist/src/bench/generator.js';
import { HERD_PIPELINES, startFive, updates } from '../../dist/src/bench/herd.js';
import { cpuSecondsOf } from '../../dist/src/bench/processes.js';
import { ringsFor } from '../../dist/src/bench/scenario.js';
import { startNatsHerd, startRedisHerd } from './peers.mjs';

const CONNECTIONS = 10;
const CLIENTS = 10_000;
const REDIS = { replyEnd: 'line', replyStart: ':' };
const NATS = {
  replyEnd: 'nats',
  replyStart: '+',
  greeting: { text: 'CONNECT {"verbose":true,"pedantic":false}\r\n', answer: '+OK\r\n' },
};

export async function measureHerds({ rounds, seconds, cores, skipped, say }) {
  const contenders = [];
  const rows = [];
  const stops = [];
  try {
    const five = await startFive({ ack: 'memory', cores });
    stops.push(() => five.stop());
    const settings = {
      seconds,
      cores,
      connections: CONNECTIONS,
      pipelines: HERD_PIPELINES,
      clients: CLIENTS,
      threads: 1,
    };
    contenders.push([
      'drover, five servers',
      async (pipeline) => (await updates(five, settings, pipeline, () => {})).figures,
    ]);
    if (skipped['redis-server'] === undefined) {
      const herd = await startRedisHerd(cores.all);
      stops.push(herd.stop);
      contenders.push([
        'redis HSET, primary and 4 replicas',
        (pipeline) => updatesOf(herd, 'hset', REDIS, pipeline, seconds),
      ]);
    }
    if (skipped['nats-server'] === undefined) {
      const herd = await startNatsHerd(cores.all);
      stops.push(herd.stop);
      contenders.push([
        'nats, cluster of 5, nothing stored',
        (pipeline) => updatesOf(herd, 'pub', NATS, pipeline, seconds),
      ]);
    }
    for (let round = 0; round < rounds; round += 1) {
      for (let turn = 0; turn < contenders.length; turn += 1) {
        const [name, measure] = contenders[(turn + round) % contenders.length];
        for (const pipeline of HERD_PIPELINES) {
          const figures = await measure(pipeline);
          rows.push({ name, pipeline, round, ...figures });
          const what = `herd, round ${round + 1}, ${name}, P=${pipeline}`;
          say(`${what}: ${Math.round(figures.perSecond)}/s, ${figures.cpuUs.toFixed(2)} us`);
        }
      }
    }
  } finally {
    for (const stop of stops) await stop();
  }
  return rows;
}

async function updatesOf(herd, request, answers, pipeline, seconds) {
  const rings = ringsFor({ request, moves: 'random', area: 'world' }, CONNECTIONS, CLIENTS);
  const load = { host: '127.0.0.1', port: herd.port, rings, pipeline, ...answers };
  await herd.settled();
  const before = cpuSecondsOf(herd.pids);
  const deliveredBefore = herd.delivered?.() ?? 0;
  // No warm-up: what is not counted as a reply would count as work.
  const { replies, perSecond, generatorBusyShare } = await generate(
    { ...load, warmUpSeconds: 0, seconds },
    { pids: [] },
  );
  await herd.settled();
  const cpuUs = ((cpuSecondsOf(herd.pids) - before) * 1e6) / replies;
  const delivered =
    herd.delivered === undefined ? {} : { deliveredShare: (herd.delivered() - deliveredBefore) / replies };
  return { perSecond, cpuUs, generatorBusyShare, ...delivered };
}
