// Where the CPU time of a server goes while it takes in reports: `npm run profile -- [--seconds 5] [--pipeline 16] [--ack wal]
// [--out FILE]`. Writes a CPU profile, for Chrome's DevTools or speedscope, and prints the functions that took most by themselves.
// How to read it: CONTRIBUTING.md.
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { generate } from '../dist/src/bench/generator.js';
import { startFive } from '../dist/src/bench/herd.js';
import { pinCores } from '../dist/src/bench/processes.js';
import { ringsFor } from '../dist/src/bench/scenario.js';
import { ALONE, BenchHerd } from '../dist/src/bench/servers.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    pipeline: { type: 'string', default: '16' },
    connections: { type: 'string', default: '50' },
    clients: { type: 'string', default: '100000' },
    ack: { type: 'string', default: 'wal' },
    moves: { type: 'string', default: 'random' },
    /** Profiles the server of a herd of five that is reported to. */
    herd: { type: 'boolean', default: false },
    /** Profiles this one of the five instead: Goloman, Wilkes and Holiday pass on, Welsh is the last. */
    relay: { type: 'string' },
    top: { type: 'string', default: '25' },
    out: { type: 'string', default: 'ingest.cpuprofile' },
  },
});

/** Self time by function, in microseconds, and the time of all samples; idle time is none. */
function selfTimes({ nodes, samples, timeDeltas }) {
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const times = new Map();
  let busyUs = 0;
  for (const [index, id] of samples.entries()) {
    const { functionName, url, lineNumber } = byId.get(id);
    if (['(idle)', '(program)', '(root)'].includes(functionName)) continue;
    const where = url === '' ? '' : ` ${shortened(url)}:${lineNumber + 1}`;
    const name = `${functionName || '(anonymous)'}${where}`;
    times.set(name, (times.get(name) ?? 0) + timeDeltas[index]);
    busyUs += timeDeltas[index];
  }
  return { times: [...times].sort(([, left], [, right]) => right - left), busyUs };
}

function shortened(url) {
  return url.replace(/^.*\/(dist\/src|node_modules)\//, (_all, folder) =>
    folder === 'dist/src' ? '' : 'node_modules/',
  );
}

const cores = pinCores();
const directory = mkdtempSync(path.join(tmpdir(), 'drover-profile-'));
const { ack } = values;
const nodeOptions = ['--cpu-prof', `--cpu-prof-dir=${directory}`];
const alone = { ...ALONE, ack, cores: cores.one, nodeOptions };
const isHerd = values.herd || values.relay !== undefined;
const herd = isHerd ? await startFive({ ack, cores }, { nodeOptions }) : await BenchHerd.start(alone);
const reportedTo = isHerd ? 'Hands' : 'Bench';
const name = values.relay ?? reportedTo;
let measured;
try {
  const kind = { request: 'iamat', moves: values.moves, area: 'world' };
  const rings = ringsFor(kind, Number(values.connections), Number(values.clients));
  const target = { host: '127.0.0.1', port: herd.port(reportedTo), rings, replyEnd: 'line', replyStart: 'A' };
  const load = { ...target, pipeline: Number(values.pipeline), warmUpSeconds: 1, seconds: Number(values.seconds) };
  measured = await generate(load, { pids: herd.pids });
  // Its profile is written when it ends; the others' are not wanted.
  await herd.stopServer(name);
  const [file] = readdirSync(directory);
  copyFileSync(path.join(directory, file), values.out);
} finally {
  await herd.stop();
  rmSync(directory, { recursive: true, force: true });
}
const { times, busyUs } = selfTimes(JSON.parse(readFileSync(values.out, 'utf8')));
const rate = `${Math.round(measured.perSecond)} reports/s, ${measured.cpuUsPerReply.toFixed(2)} us of CPU each, profiler included`;
console.log(`${rate}\nself time of ${Math.round(busyUs / 1000)} ms in JavaScript and what it called:`);
for (const [name, us] of times.slice(0, Number(values.top))) {
  console.log(`${((us / busyUs) * 100).toFixed(1).padStart(5)} %  ${name}`);
}
console.log(`written to ${values.out}`);
