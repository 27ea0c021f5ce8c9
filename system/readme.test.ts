// Runs what the README shows, in order, and compares what it prints with what the README says it prints.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { clientPort, drover, freePortOffset, HANG_MS, linkPort, MAIN, Process, SERVERS, until } from './processes.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const README = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
const run = promisify(execFile);
const directory = mkdtempSync(path.join(tmpdir(), 'drover-'));

let offset: number;
let up: Process;

before(async () => {
  offset = await freePortOffset();
  // What `npm start` runs once it has installed and built, on free ports.
  up = new Process(['up', '--port-offset', String(offset), '--data', path.join(directory, '.drover')]);
  await up.printed(/nc -N/);
  await until(
    async () => (await drover(['status', '--port-offset', String(offset)])).code === 0,
    () => 'the herd does not link',
  );
});
after(async () => {
  await up.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** Blocks fenced as `language`. */
function blocks(language: string): string[] {
  const fenced = [...README.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)];
  return fenced.filter(([, name]) => name === language).map(([, , text = '']) => text);
}

const PORTS = SERVERS.flatMap((name) => [clientPort(name, 0), linkPort(name, 0)]);

/** The README's ports as the ports of this run. */
function onOurPorts(text: string): string {
  return PORTS.reduce((moved, port) => moved.replaceAll(String(port), String(port + offset)), text);
}

/** And back. */
function onPublishedPorts(text: string): string {
  return PORTS.reduce((moved, port) => moved.replaceAll(String(port + offset), String(port)), text);
}

/** What differs from one run to the next: skews, process ids, durations, memory, who happened to dial, counts of copies. */
function masked(text: string): string {
  return text
    .replace(/^AT (\w+) [+-]\d+\.\d{9} /gm, 'AT $1 SKEW ')
    .replace(/^(\w+ +up) +\d+ +\d+ s +(\S+) +(\d+) +(\d+) +\d+ MiB/gm, '$1 PID AGE $2 $3 $4 MEMORY')
    .replace(/^(\w+ - \w+ +up) +\d+ s +\w+ +\d+ +\d+ ms +\d+ B +\d+ +\d+ +\d+$/gm, '$1 AGE DIALLER COUNTS')
    .replace(/^(\w+ +)\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/gm, '$1SINCE')
    .replace(/ +/g, ' ');
}

/** Each `$ command` of a console block with the output shown under it. */
function sessions(block: string): { command: string; output: string }[] {
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const end = part.indexOf('\n');
      return { command: part.slice(0, end), output: part.slice(end + 1) };
    });
}

async function shell(command: string): Promise<string> {
  const here = command
    .replace(/^npx drover (send|status)\b/, `npx drover $1 --port-offset ${offset}`)
    .replace(/^npx drover/, `${process.execPath} ${MAIN}`);
  const { stdout } = await run('sh', ['-c', onOurPorts(here)], { cwd: directory, timeout: HANG_MS });
  return onPublishedPorts(stdout);
}

test('npm start shows what the README says it shows', () => {
  const shown = blocks('').find((block) => block.startsWith('Herd ucla is up'));
  const printed = onPublishedPorts(up.stdout).replaceAll(`${directory}/`, '');
  assert.equal(masked(printed).trim(), masked(shown ?? '').trim());
});

test('the sessions print what the README says they print', async (context) => {
  const hasNetcat = spawnSync('nc', ['-h']).error === undefined;
  if (!hasNetcat) return context.skip('nc is not installed (Debian: apt-get install netcat-openbsd)');
  const all = blocks('console').flatMap(sessions);
  assert.ok(all.length >= 6);
  for (const { command, output } of all) {
    let printed = await shell(command);
    // Another server knows what was reported a moment later, and a busy machine makes more of a moment than a reader's fingers do.
    const deadlineMs = performance.now() + HANG_MS;
    while (masked(printed) !== masked(output) && performance.now() < deadlineMs) printed = await shell(command);
    assert.equal(masked(printed), masked(output), command);
  }
});

test('the two commands are scripts of the package, and every command named in the text exists', async () => {
  assert.deepEqual(blocks('sh'), ['npm start\n', 'npm test\n']);
  const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
  assert.ok('start' in scripts && 'test' in scripts);
  const { stdout } = await drover(['--help']);
  for (const [, command = ''] of README.matchAll(/`(?:npx )?drover ([a-z]+)/g)) {
    assert.match(stdout, new RegExp(`^ +${command}\\b`, 'm'), command);
  }
});

test('the herd of your own runs from the file that is shown', async () => {
  const [json = ''] = blocks('json');
  const other = await freePortOffset();
  const config = JSON.parse(json) as { servers: Record<string, { clientPort: number }> };
  for (const [index, server] of Object.values(config.servers).entries()) {
    // Ports of this run's own; the rest is as shown.
    server.clientPort = 17345 + other + index;
  }
  writeFileSync(path.join(directory, 'farm.json'), JSON.stringify(config));
  const farm = new Process([
    'up',
    '--config',
    path.join(directory, 'farm.json'),
    '--data',
    path.join(directory, 'farm'),
  ]);
  try {
    await farm.printed(/Barn[\s\S]*House[\s\S]*nc -N/);
  } finally {
    await farm.stop();
  }
});

test('the places that are promised are there, with their attributions', async () => {
  const { stdout } = await drover(['places', 'about']);
  const promised = /comes with ([\d,]+) places/.exec(README)?.[1] ?? '';
  assert.ok(stdout.includes(`${promised} places in all`));
  for (const source of ['GeoNames', 'OurAirports', 'OpenStreetMap contributors', 'CC BY 4.0', 'ODbL 1.0']) {
    assert.ok(stdout.includes(source) && README.includes(source), source);
  }
});
