// Runs the compiled tests below the folders that it is given: `node scripts/test.mjs dist/src dist/system`.
// `node --test FOLDER` is right on Node 20 only, and a pattern on Node 21 and later only; a list of files is right on all.
// Two files at a time on two cores, where Node would run one: most of the time a test waits. With more cores Node leaves one alone.
// Options (`--test-name-pattern=...`) go to Node as they are.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';

const options = process.argv.slice(2).filter((argument) => argument.startsWith('-'));
const folders = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));

const files = folders.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.js'))
    .map((file) => path.join(folder, file)),
);
if (files.length === 0) {
  // Without files Node would search by itself, or pass on nothing.
  console.error(`no compiled tests in ${folders.join(', ') || 'no folder'}: run 'npm run build' first`);
  process.exit(1);
}
const cores = availableParallelism();
const atOnce = `--test-concurrency=${cores === 2 ? 2 : Math.max(1, cores - 1)}`;
const args = ['--enable-source-maps', '--test', atOnce, ...options, ...files.sort()];
const { status, signal } = spawnSync(process.execPath, args, { stdio: 'inherit' });
process.exit(signal === null ? (status ?? 1) : 1);
