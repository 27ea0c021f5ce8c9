// The `drover` command as a person meets it: real processes, their output, their exit codes, and nothing left behind.
import assert from 'node:assert/strict';
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../bench/free-ports.ts';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));
const LIMIT_MS = 30_000;
const directory = mkdtempSync(path.join(os.tmpdir(), 'drover-command-'));
test.after(() => rmSync(directory, { recursive: true, force: true }));

interface Ending {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

class Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ending>;
  out = '';
  err = '';

  constructor(args: readonly string[], env: Record<string, string> = {}, options: SpawnOptions = {}, npm = false) {
    const [command, before] = npm ? ['npm', []] : [process.execPath, [MAIN]];
    this.child = spawn(command, [...before, ...args], {
      cwd: directory,
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...options,
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.out += text;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.err += text;
    });
    this.ended = once(this.child, 'close').then(([code]) => ({
      code: code as number | null,
      out: this.out,
      err: this.err,
    }));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  async says(pattern: RegExp): Promise<RegExpExecArray> {
    const signal = AbortSignal.timeout(LIMIT_MS);
    for (;;) {
      const found = pattern.exec(this.out);
      if (found !== null) return found;
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        assert.fail(`ended without ${pattern}: ${this.out}${this.err}`);
      if (this.child.stdout !== null) await Promise.race([once(this.child.stdout, 'data', { signal }), this.ended]);
    }
  }
}

const run = (args: readonly string[], env?: Record<string, string>): Promise<Ending> => new Running(args, env).ended;

/** A herd of two on free ports, with its own data directory. */
async function family(): Promise<{ args: string[]; ports: number[]; data: string }> {
  const ports = await freePorts(6);
  const [a, b, c, d, e, f] = ports;
  const data = mkdtempSync(path.join(directory, 'data-'));
  const file = path.join(data, 'herd.json');
  const servers = {
    Barn: { clientPort: a, peerPort: b, httpPort: c },
    Gate: { clientPort: d, peerPort: e, httpPort: f },
  };
  writeFileSync(file, JSON.stringify({ herd: 'farm', servers, links: [['Barn', 'Gate']] }));
  return { args: ['--config', file, '--data', path.join(data, 'state')], ports, data };
}

/** The processes that `parent` started, from the kernel's table. */
function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && statOf(Number(entry)).parent === parent)
    .map(Number);
}

function statOf(pid: number): { parent: number; state: string } {
  try {
    // The name in brackets may hold anything, so the fields are counted from its end.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return { state: fields[0] ?? '', parent: Number(fields[1]) };
  } catch {
    return { state: 'gone', parent: 0 };
  }
}

async function gone(pids: readonly number[]): Promise<void> {
  const tries = LIMIT_MS / 20;
  for (let attempt = 0; attempt < tries; attempt += 1) {
    if (pids.every((pid) => ['gone', 'Z', 'X'].includes(statOf(pid).state))) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`still there: ${pids.filter((pid) => statOf(pid).state !== 'gone').join(', ')}`);
}

test('usage errors: a message on standard error, exit code 2', async () => {
  const cases: [string[], RegExp][] = [
    [['upp'], /unknown command 'upp'/],
    [[], /Usage: drover/],
    [['up', '--colour'], /unknown option '--colour'/],
    [['up', 'extra'], /too many arguments/],
    [['serve'], /missing required argument 'name'/],
    [['send'], /missing required argument 'server'/],
    [['up', '--port-offset', 'ten'], /'--port-offset <n>' argument 'ten' is invalid/],
    [['up', '--port-offset'], /argument missing/],
    [['up', '--ack', 'soon'], /It must be memory/],
    [['serve', 'Barn', '--ack', 'disk'], /It must be memory, wal or fsync/],
    [['up', '--places', 'bing'], /--places: there is no provider "bing"/],
    [['send', '127.0.0.1:99999', 'x'], /"127.0.0.1:99999" is no address/],
    [['up', '--config', ''], /'--config <file>' argument '' is invalid. It must not be empty/],
    [['serve', 'Barn', '--data', ''], /'--data <directory>' argument '' is invalid. It must not be empty/],
    [['sim', '--seeds', '0'], /It must be at least 1/],
    [['sim', '--seed', '5', '--seeds', '3'], /'--seed <n>' cannot be used with option '--seeds <n>'/],
    [['up', '--places', 'embedded,overpas'], /--places: there is no provider "overpas"/],
  ];
  for (const [args, message] of cases) {
    const { code, out, err } = await run(args);
    assert.equal(code, 2, `${args.join(' ')}: ${err}`);
    assert.match(err, message);
    assert.equal(out, '');
  }
});

test('help and version go to standard output, exit code 0', async () => {
  const version = await run(['--version']);
  assert.match(version.out, /^\d+\.\d+\.\d+\n$/);
  assert.equal(version.code, 0);
  for (const args of [['--help'], ['serve', '--help'], ['help', 'up']]) {
    const { code, out, err } = await run(args);
    assert.equal(code, 0);
    assert.match(out, /Usage: drover/);
    assert.equal(err, '');
  }
});

test('a configuration with faults: all of them, exit code 1', async () => {
  const file = path.join(directory, 'bad.json');
  writeFileSync(file, JSON.stringify({ herd: 'x', servers: { A: { clientPort: 'a' } }, links: [['A', 'B']] }));
  for (const args of [
    ['up', '--config', file],
    ['serve', 'A', '--config', file],
    ['send', 'A', 'x', '--config', file],
  ]) {
    const { code, err } = await run(args);
    assert.equal(code, 1);
    assert.match(err, /2 faults in .*bad\.json:\n {2}servers\.A\.clientPort: .*\n {2}links\[0\]\[1\]: /);
  }
});

test('one line and exit code 1: unknown server, port in use, data directory that cannot be', async (context) => {
  const { args, ports } = await family();
  const holder = net.createServer().listen(ports[3], '127.0.0.1');
  context.after(() => holder.close());
  await once(holder, 'listening');
  const file = path.join(directory, 'a-file');
  writeFileSync(file, '');
  const cases: [string[], RegExp][] = [
    [['serve', 'Nobody', ...args], /^drover: there is no server "Nobody" in herd farm: it has Barn, Gate\n$/],
    [['serve', 'Gate', ...args], /^drover: Gate .*in use.*\n$/],
    [['up', ...args], /^drover: Gate .*in use.*\n$/],
    [['serve', 'Barn', ...args, '--data', path.join(file, 'state')], /^drover: Barn .*data directory.*\n$/],
    [['up', ...args, '--data', path.join(file, 'state')], /^drover: .*data directory.*\n$/],
    [['serve', 'Barn', ...args, '--data', '/proc/state'], /^drover: Barn .*data directory \/proc\/state .*\n$/],
    [['up', ...args, '--data', '/proc/state'], /^drover: .*data directory \/proc\/state .*\n$/],
  ];
  for (const [command, message] of cases) {
    const { code, out, err } = await run(command);
    assert.equal(code, 1, command.join(' '));
    assert.match(err, message);
    assert.equal(out, '');
  }
});

test('serve runs one server until SIGTERM or SIGINT', async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const { args, ports } = await family();
    const server = new Running(['serve', 'Barn', ...args]);
    await server.says(new RegExp(`^Barn listens on 127\\.0\\.0\\.1:${ports[0]} .*Barn\\.log.*\\n$`));
    const sent = await run(['send', 'Barn', 'IAMAT x +1+2 3', '?', ...args.slice(0, 2)]);
    assert.match(sent.out, /^AT Barn \+\d+\.\d{9} x \+1\+2 3\n\? \?\n$/);
    assert.equal(sent.code, 0);
    server.child.kill(signal);
    server.child.kill(signal);
    assert.equal((await server.ended).code, 0);
  }
});

test('up starts the herd, restarts a crash, respects a stop, and leaves nothing', async () => {
  const { args, ports } = await family();
  const herd = new Running(['up', ...args]);
  await herd.says(/Try:\n.*\n/);
  assert.match(herd.out, /^Herd farm is up: 2 servers on 127\.0\.0\.1/);
  assert.match(herd.out, new RegExp(`Barn +${ports[0]} +${ports[1]} +Gate +embedded +\\S+Barn\\.log\\n`));
  assert.match(herd.out, new RegExp(`nc -N 127\\.0\\.0\\.1 ${ports[0]}\\n`));
  const first = childrenOf(herd.pid);
  assert.equal(first.length, 2);
  process.kill(first[0] ?? 0, 'SIGKILL');
  const [, crashed, back] = await herd.says(
    /(Barn|Gate) crashed \(SIGKILL\); restarting in 0\.\d s\n\1 is back \(pid (\d+)\)/,
  );
  assert.ok(childrenOf(herd.pid).includes(Number(back)));
  process.kill(Number(back), 'SIGTERM');
  await herd.says(
    new RegExp(`${crashed} was stopped and stays so; bring it back with: node .*main\\.js serve ${crashed} --config=`),
  );
  const left = childrenOf(herd.pid);
  assert.equal(left.length, 1);
  herd.child.kill('SIGTERM');
  assert.equal((await herd.ended).code, 0);
  await gone([...first, ...left]);
});

test('a Ctrl-C that reaches the whole process group stops the herd like any other', async () => {
  const { args } = await family();
  const herd = new Running(['up', ...args], {}, { detached: true });
  await herd.says(/Try:/);
  const servers = childrenOf(herd.pid);
  process.kill(-herd.pid, 'SIGINT');
  const { code, out, err } = await herd.ended;
  assert.equal(code, 0);
  assert.doesNotMatch(out + err, /crashed|stopped and stays/);
  await gone(servers);
});

test('npm start passes a signal on, and ends when the herd has', async () => {
  const cwd = fileURLToPath(new URL('../../../', import.meta.url));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const { args } = await family();
    // Without 'prestart', which might build anew what is being tested.
    const herd = new Running(['start', '--ignore-scripts', '--', ...args], {}, { cwd }, true);
    await herd.says(/Try:/);
    const [up = 0] = childrenOf(herd.pid);
    const servers = childrenOf(up);
    assert.equal(servers.length, 2, herd.out);
    herd.child.kill(signal);
    await herd.ended;
    for (const pid of [up, ...servers]) assert.equal(statOf(pid).state, 'gone');
  }
});

test('servers do not outlive a herd that was killed', async () => {
  const { args } = await family();
  const herd = new Running(['up', ...args]);
  await herd.says(/Try:/);
  const servers = childrenOf(herd.pid);
  assert.equal(servers.length, 2);
  process.kill(herd.pid, 'SIGKILL');
  await gone(servers);
});

test('a signal during the start stops what has started', async () => {
  const { args } = await family();
  const herd = new Running(['up', ...args]);
  const tries = LIMIT_MS / 5;
  for (let attempt = 0; attempt < tries && childrenOf(herd.pid).length < 2; attempt += 1) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const servers = childrenOf(herd.pid);
  herd.child.kill('SIGTERM');
  assert.equal((await herd.ended).code, 0);
  await gone(servers);
});

test('the environment names config, data and places; flags beat it', async () => {
  const { args, data } = await family();
  const env = { DROVER_CONFIG: args[1] ?? '', DROVER_DATA: path.join(data, 'elsewhere'), DROVER_PLACES: 'bing' };
  assert.match((await run(['serve', 'Barn'], env)).err, /DROVER_PLACES: there is no provider "bing"/);
  const server = new Running(['serve', 'Barn', '--places', 'embedded'], env);
  await server.says(/elsewhere\/Barn\.log/);
  server.child.kill('SIGTERM');
  assert.equal((await server.ended).code, 0);
});
