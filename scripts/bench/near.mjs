// Who is near, asked among the same million clients at the same positions: Drover over its link port beside Redis's GEOSEARCH; while
// nobody reports, and while 10,000 reports a second come in. First whether both find the same clients.
import net from 'node:net';
import { generate } from '../../dist/src/bench/generator.js';
import { fillTowns, nearLoad, nearLoadAmongReports, nearQuestions, targetAmong } from '../../dist/src/bench/near.js';
import { ALONE, BenchHerd } from '../../dist/src/bench/servers.js';
import { startRedis } from './peers.mjs';

const CLIENTS = 1_000_000;
const QUESTIONS = 100;
/**
 * Within 10 km Redis looks at some 24,000 clients for each question, and takes 10 ms: more in flight would keep it busy with them long
 * after a measurement. Within 300 m there are some 37, which is what suits it best.
 */
const KINDS = [
  { radiusKm: 10, connections: 16, pipeline: 1 },
  { radiusKm: 0.3, connections: 16, pipeline: 16 },
];
/** Redis keeps a position in 52 bits: it is off by up to 0.15 m to the north and 0.3 m to the east. Two of these, and Drover's whole metres. */
const ROUNDING_METRES = 1.7;

export async function measureNear({ rounds, seconds, cores, skipped, say }) {
  const contenders = [];
  const rows = [];
  const stops = [];
  let agreement;
  try {
    const herd = await BenchHerd.start({ ...ALONE, ack: 'memory', cores: cores.one });
    stops.push(() => herd.stop());
    contenders.push({ name: 'drover', target: targetAmong(herd), pids: herd.pids });
    if (skipped['redis-server'] === undefined) {
      const { port, pids, stop } = await startRedis(false, cores.one);
      stops.push(stop);
      const reports = { reportPort: port, report: 'geoadd', replyStart: ':' };
      contenders.push({ name: 'redis GEOSEARCH', target: { port, question: 'geosearch', ...reports }, pids });
    }
    for (const { name, target } of contenders) {
      await fillTowns(target, CLIENTS);
      say(`near, ${name}: ${CLIENTS} clients are there`);
    }
    if (contenders.length > 1) {
      agreement = await agreementOf(herd, contenders[1].target.port);
      say(`near, of ${QUESTIONS} questions: ${JSON.stringify(agreement)}`);
    }
    for (const reports of [false, true]) {
      for (const kind of KINDS) {
        for (let round = 0; round < rounds; round += 1) {
          for (let turn = 0; turn < contenders.length; turn += 1) {
            const { name, target, pids } = contenders[(turn + round) % contenders.length];
            const alone = nearLoad(target, { ...kind, seconds });
            const measured = await generate(reports ? nearLoadAmongReports(target, alone, CLIENTS) : alone, { pids });
            rows.push({ name, reports, ...kind, round, ...measured });
            const rate = `${Math.round(measured.perSecond)}/s, ${measured.cpuUsPerReply.toFixed(1)} us`;
            const beside = reports ? `, ${Math.round(measured.besidePerSecond)} reports/s` : '';
            say(`near, ${kind.radiusKm} km, round ${round + 1}, ${name}: ${rate}${beside}`);
          }
        }
      }
    }
  } finally {
    for (const stop of stops) await stop();
  }
  return { clients: CLIENTS, agreement, rows };
}

/** To how many questions both answer with the same clients, with others that Redis's rounding explains, and with others. */
async function agreementOf(herd, port) {
  const counts = { found: 0, same: 0, rounding: 0, different: 0 };
  for (const question of nearQuestions(QUESTIONS)) {
    const { clients } = await herd.near('Bench', question);
    const ours = new Map(clients.map(({ client, distanceMetres }) => [Buffer.from(client).toString(), distanceMetres]));
    const theirs = await geosearch(port, question);
    counts.found += theirs.length;
    const missing = [...ours].filter(([client]) => !theirs.includes(client));
    // Who is left out for another must be as far away as the farthest that is in.
    const farthest = Math.max(...ours.values());
    const isRounding = missing.every(([, metres]) => farthest - metres <= ROUNDING_METRES);
    if (ours.size !== theirs.length || !isRounding) counts.different += 1;
    else counts[missing.length === 0 ? 'same' : 'rounding'] += 1;
  }
  return { questions: QUESTIONS, ...counts };
}

/** The IDs that Redis finds. */
function geosearch(port, { latitude, longitude, radiusMetres, most }) {
  const line = `GEOSEARCH geo FROMLONLAT ${longitude} ${latitude} BYRADIUS ${radiusMetres} m ASC COUNT ${most}\r\nQUIT\r\n`;
  return new Promise((resolve, reject) => {
    let said = '';
    const socket = net.connect({ host: '127.0.0.1', port }, () => socket.write(line));
    socket.on('data', (chunk) => {
      said += chunk;
    });
    socket.on('end', () => resolve(said.match(/device-\d+/g) ?? []));
    socket.on('error', reject);
  });
}
