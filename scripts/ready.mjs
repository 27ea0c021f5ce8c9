// Makes the checkout runnable: installs what package-lock.json names and compiles, each only when it is out of date,
// so that `npm start` and `npm test` work in a fresh clone and cost almost nothing in a warm one.
// Imports nothing but Node: it runs before anything is installed.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const inRoot = (...parts) => path.join(root, ...parts);

const OLDEST_NODE = [20, 19];
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
  console.error(`drover needs Node ${OLDEST_NODE.join('.')} or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

function hashOf(files) {
  const hash = createHash('sha256').update(process.versions.modules);
  for (const file of files)
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(inRoot(file)))
      .update('\0');
  return hash.digest('hex');
}

function sourcesBelow(folder) {
  return readdirSync(inRoot(folder), { withFileTypes: true })
    .flatMap((entry) => {
      const file = path.join(folder, entry.name);
      return entry.isDirectory() ? sourcesBelow(file) : file.endsWith('.ts') ? [file] : [];
    })
    .sort();
}

/** Runs `make` unless the stamp beside its result says that it was made from just these files. */
async function unlessFresh(what, stampFile, files, make) {
  const hash = hashOf(files);
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === hash) return;
  console.error(`drover: ${what} ...`);
  await make();
  writeFileSync(stampFile, hash);
}

/** Runs a command in a process group of its own, so that whoever stops us stops all of it at once. */
function run(command, args) {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 2, 2], detached: true });
  const stop = () => {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
    process.exit(1);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
  return new Promise((resolve) => {
    const failed = (reason) => {
      console.error(`drover: '${command} ${args.join(' ')}' failed${reason}; see above.`);
      process.exit(1);
    };
    child.on('error', (error) => failed(`: ${error.message}`));
    child.on('close', (code) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, stop);
      if (code === 0) resolve();
      else failed('');
    });
  });
}

await unlessFresh(
  'installing what package-lock.json names',
  inRoot('node_modules', '.drover-installed'),
  ['package.json', 'package-lock.json'],
  () =>
    // Not `npm ci`: it refuses a lock file that lacks other platforms' optional packages, which registry mirrors may not hold.
    run('npm', ['install', '--no-save', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']),
);
if (process.argv.includes('--build')) rmSync(inRoot('dist'), { recursive: true, force: true });
await unlessFresh(
  'compiling',
  inRoot('dist', '.built-from'),
  ['package.json', 'tsconfig.json', ...sourcesBelow('src'), ...sourcesBelow('system')],
  () => {
    // Compiled tests outlive deleted sources, so every build starts from nothing.
    rmSync(inRoot('dist'), { recursive: true, force: true });
    return run(process.execPath, [inRoot('node_modules', 'typescript', 'bin', 'tsc'), '-p', root]);
  },
);
