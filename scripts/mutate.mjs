// The mutation gate: plants one bug at a time in a copy of the compiled core and lets the simulator look for it. A bug that it does
// not find within the seeds given means that the simulator has a blind spot: exit 1.
//   node scripts/mutate.mjs [PART OF A NAME]
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { MUTATIONS } from './mutations.mjs';

/** Rare bugs (a catch-up of more than 1,000 clients met by news) take some hundreds. */
const MOST_SEEDS = 1500;
/** Some bugs do not break an invariant but never end. */
const MOST_MS = 240_000;

const built = fileURLToPath(new URL('../dist/src/', import.meta.url));
const workshops = mkdtempSync(path.join(os.tmpdir(), 'drover-mutate-'));
process.on('exit', () => rmSync(workshops, { recursive: true, force: true }));
const run = promisify(execFile);

const LOOK = `
const [campaign, most, corpus] = process.argv.slice(1);
const { runSeed } = await import(campaign);
const { CORPUS } = await import(corpus);
const seeds = [...CORPUS.map(([seed]) => seed), ...Array.from({ length: Number(most) }, (_, index) => index + 1)];
for (const seed of seeds) {
  const { violations } = runSeed(seed);
  if (violations.length > 0) { console.log(JSON.stringify({ seed, violation: violations[0] })); break; }
}`;

function copyOfTheCore(workshop) {
  rmSync(workshop, { recursive: true, force: true });
  for (const folder of ['core', 'journal', 'wire', 'sim']) {
    cpSync(path.join(built, folder), path.join(workshop, folder), {
      recursive: true,
      filter: (file) => !/\.(test\.js|d\.ts|map)$/.test(file),
    });
  }
  writeFileSync(path.join(workshop, 'package.json'), '{"type":"module"}');
}

function plant(workshop, { name, file, from, to, also }) {
  const target = path.join(workshop, file);
  let text = readFileSync(target, 'utf8');
  for (const [old, planted] of [[from, to], ...(also === undefined ? [] : [[also.from, also.to]])]) {
    if (text.split(old).length !== 2) throw new Error(`'${name}': ${file} does not have exactly one: ${old}`);
    text = text.replace(old, () => planted);
  }
  writeFileSync(target, text);
}

/** What the simulator finds, or undefined. */
async function look(workshop, seeds) {
  const campaign = pathToFileURL(path.join(workshop, 'sim', 'campaign.js')).href;
  const corpus = pathToFileURL(path.join(workshop, 'sim', 'corpus.js')).href;
  const args = ['--input-type=module', '-e', LOOK, campaign, String(seeds), corpus];
  try {
    const { stdout } = await run(process.execPath, args, { timeout: MOST_MS });
    return stdout === '' ? undefined : JSON.parse(stdout);
  } catch (error) {
    if (error.killed) return { seed: '?', violation: 'does not end' };
    throw error;
  }
}

const sound = path.join(workshops, 'sound');
copyOfTheCore(sound);
const fault = await look(sound, 20);
if (fault !== undefined) throw new Error(`without any bug planted, seed ${fault.seed} fails: ${fault.violation}`);

const wanted = MUTATIONS.filter(({ name }) => name.includes(process.argv[2] ?? ''));
const waiting = [...wanted];
let survivors = 0;
console.log('found by seed  as        planted bug');

/** Plants one after the other, in a folder of its own. */
async function work(workshop) {
  for (let mutation = waiting.shift(); mutation !== undefined; mutation = waiting.shift()) {
    copyOfTheCore(workshop);
    plant(workshop, mutation);
    const found = await look(workshop, MOST_SEEDS);
    if (found === undefined) survivors += 1;
    const seed = found === undefined ? 'SURVIVES' : String(found.seed);
    console.log(`${seed.padStart(13)}  ${(found?.violation.split(':')[0] ?? '').padEnd(8)}  ${mutation.name}`);
  }
}

await Promise.all(
  Array.from({ length: os.availableParallelism() }, (_, index) => work(path.join(workshops, String(index)))),
);
console.log(`${wanted.length - survivors} of ${wanted.length} planted bugs found`);
process.exitCode = survivors > 0 ? 1 : 0;
