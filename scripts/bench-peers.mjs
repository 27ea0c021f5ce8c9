// Drover beside what somebody would use instead, doing the same work in turn, round after round, in one run: only ratios inside one
// run count. `npm run bench:peers -- [--rounds 5] [--seconds 2] [--large] [--only ingest,near,herd,size] [--out docs/benchmarks/peers]`;
// what it does and how to read it: docs/benchmarks/README.md.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { pinCores } from '../dist/src/bench/processes.js';
import { measureHerds } from './bench/herds.mjs';
import { measureIngest } from './bench/ingest.mjs';
import { install, versionOf } from './bench/install.mjs';
import { measureNear } from './bench/near.mjs';
import { measureSizes } from './bench/sizes.mjs';
import { markdown } from './bench/tables.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    connections: { type: 'string', default: '50' },
    pipeline: { type: 'string', default: '1,16,64' },
    clients: { type: 'string', default: '100000' },
    large: { type: 'boolean', default: false },
    only: { type: 'string', default: 'ingest,near,herd,size' },
    out: { type: 'string' },
  },
});

const began = new Date();
// The cores are asked for first: pinning the generator changes what this process is allowed.
const machine = `${os.cpus()[0]?.model ?? 'unknown processor'}, ${os.availableParallelism()} cores, ${os.type()} ${os.release()}`;
const [loadAverage] = os.loadavg();
const skipped = {};
for (const [program, debianPackage] of [
  ['redis-server', 'redis-server'],
  ['nats-server', 'nats-server'],
  ['python3', 'python3'],
]) {
  const why = install(program, debianPackage);
  if (why !== undefined) skipped[program] = why;
}
const cores = pinCores();
const settings = {
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  connections: Number(values.connections),
  pipelines: values.pipeline.split(',').map(Number),
  clients: Number(values.clients),
  sizes: values.large ? [1_000_000, 5_000_000] : [1_000_000],
  cores,
  skipped,
  say: (text) => process.stderr.write(`${text}\n`),
};
const parts = { ingest: measureIngest, near: measureNear, herd: measureHerds, size: measureSizes };
const results = {};
for (const name of values.only.split(',')) {
  if (parts[name] === undefined) throw new Error(`there is no part ${name}: ${Object.keys(parts).join(', ')}`);
  results[name] = await parts[name](settings);
}

const programs = ['redis-server', 'nats-server', 'python3'].filter((program) => skipped[program] === undefined);
const report = {
  command: ['npm run bench:peers', ...(process.argv.length > 2 ? ['--'] : []), ...process.argv.slice(2)].join(' '),
  date: began.toISOString(),
  machine,
  // Of others: nothing was started yet.
  loadAverage,
  node: process.version,
  pinned: cores.text,
  versions: Object.fromEntries(programs.map((program) => [program, versionOf(program)])),
  skipped,
  rounds: settings.rounds,
  seconds: settings.seconds,
  connections: settings.connections,
  clients: settings.clients,
};
process.stdout.write(markdown({ ...report, ...results }));
if (values.out !== undefined) {
  const saved = withOthers({ ...report, ...results });
  writeFileSync(`${values.out}.md`, markdown(saved));
  writeFileSync(`${values.out}.json`, `${JSON.stringify(saved, undefined, 2)}\n`);
}
// What is left are the sockets of servers that have ended.
process.exit();

/** Parts that were not measured now stay as they were saved; those that were say what they were measured in. */
function withOthers(whole) {
  const names = Object.keys(results);
  const json = `${values.out}.json`;
  if (names.length === Object.keys(parts).length || !existsSync(json)) return whole;
  const { apart, ...before } = JSON.parse(readFileSync(json, 'utf8'));
  const made = Object.fromEntries(names.map((name) => [name, report]));
  return { ...before, ...results, apart: { ...apart, ...made } };
}
