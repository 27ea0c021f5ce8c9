// What a machine does to its server: a clock that is set, a disk that is full. Where this process may not do it, or the tool is
// missing, the test says so and is skipped.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { Client, exchange } from './client.ts';
import { FaultyHerd } from './faulty-herd.ts';
import { allKeep } from './history.ts';
import { clientPort, freePortOffset, Process, SERVERS, until } from './processes.ts';

/** Where Debian's libfaketime is, whatever the processor. */
function libfaketime(): string | undefined {
  for (const folder of ['/usr/lib', '/usr/lib64'].filter((name) => existsSync(name))) {
    for (const name of ['.', ...readdirSync(folder)]) {
      const library = path.join(folder, name, 'faketime', 'libfaketime.so.1');
      if (existsSync(library)) return library;
    }
  }
  return undefined;
}

/** The skew that a server names in its answer to a report stamped with the time now. */
async function skewOf(port: number, client: string, history: Map<string, number>): Promise<number> {
  const stamp = Math.floor(Date.now() / 1000);
  const line = await exchange(port, `IAMAT ${client} +1+1 ${stamp}\n`);
  assert.match(line, /^AT /);
  history.set(client, stamp);
  return Number(line.split(' ')[2]);
}

test('a clock that is set an hour ahead and then two minutes back drops no link and parts no two servers', async (context) => {
  const library = libfaketime();
  if (library === undefined) return context.skip('libfaketime is not installed (Debian: apt-get install libfaketime)');
  const directory = mkdtempSync(path.join(tmpdir(), 'drover-clock-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  const file = path.join(directory, 'clock');
  const set = (seconds: string): void => writeFileSync(file, `${seconds}\n`);
  set('+0');
  const env = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    NO_FAKE_STAT: '1',
  };
  const herd = await FaultyHerd.startFaulty({ env: { Hands: env } });
  context.after(() => herd.stop());
  const history = new Map<string, number>();
  for (const [step, seconds] of [
    ['+3600', 3600],
    ['-120', -120],
    ['+0', 0],
  ] as const) {
    set(step);
    let skew = Number.NaN;
    await until(
      async () => {
        skew = await skewOf(herd.port('Hands'), `hands${step}`, history);
        return Math.abs(skew - seconds) < 60;
      },
      () => `the clock of Hands is off by ${skew}, not ${seconds}`,
    );
    await skewOf(herd.port('Welsh'), `welsh${step}`, history);
    await allKeep(herd, SERVERS, history);
  }
  // Whoever reports with the right time is known by it, whatever clock the server before had.
  await skewOf(herd.port('Hands'), 'hands+3600', history);
  await skewOf(herd.port('Goloman'), 'hands+3600', history);
  await allKeep(herd, SERVERS, history);
  assert.deepEqual(herd.lostLinks(), []);
});

function run(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** A real file system of this size; undefined where this process may not make one. */
function smallDisk(context: TestContext, bytes: number): string | undefined {
  const directory = mkdtempSync(path.join(tmpdir(), 'drover-disk-'));
  const isMounted = run('mount', '-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', directory);
  context.after(() => {
    if (isMounted) assert.ok(run('umount', '-l', directory));
    rmdirSync(directory);
  });
  return isMounted ? directory : undefined;
}

/** Writes until the disk takes nothing more. */
function fill(file: string): void {
  const descriptor = openSync(file, 'w');
  try {
    for (const bytes of [65_536, 1024, 1]) {
      const zeros = Buffer.alloc(bytes);
      for (let written = 1; written > 0; ) written = writeSync(descriptor, zeros);
    }
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  } finally {
    closeSync(descriptor);
  }
}

test('a server whose disk is full refuses reports, answers lookups, learns from others, and accepts again', async (context) => {
  const disk = smallDisk(context, 4 * 1024 * 1024);
  if (disk === undefined) return context.skip('making a small disk needs root');
  const herd = await FaultyHerd.startFaulty({ data: { Goloman: disk } });
  context.after(() => herd.stop());
  const port = herd.port('Goloman');
  const first = await exchange(port, 'IAMAT before +1+1 1\n');
  assert.match(first, /^AT /);
  const ballast = path.join(disk, 'ballast');
  fill(ballast);
  let refused = 0;
  await until(
    async () => {
      const command = `IAMAT full +1+1 ${refused}`;
      const reply = await exchange(port, `${command}\n`);
      // The kernel may have had room for a last one.
      refused += 1;
      return reply === `? ${command}\n`;
    },
    () => 'reports are accepted on a full disk',
  );
  assert.ok((await exchange(port, 'WHATSAT before 0 0\n')).startsWith(first));
  const elsewhere = await exchange(herd.port('Welsh'), 'IAMAT elsewhere +1+1 1\n');
  assert.match(elsewhere, /^AT Welsh /);
  await allKeep(herd, SERVERS, new Map([['elsewhere', 1]]));
  rmSync(ballast);
  let stamp = 10;
  await until(
    async () => {
      stamp += 1;
      return (await exchange(port, `IAMAT after +1+1 ${stamp}\n`)).startsWith('AT ');
    },
    () => 'reports are not accepted though there is room again',
  );
  await allKeep(herd, SERVERS, new Map([['after', stamp]]));
});

test('more clients than a process may have open files: the first are served, the others let go, and the log says what to do', {
  skip: process.platform !== 'linux' && 'only Linux says how many files a process may have open',
}, async (context) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'drover-'));
  const [offset, openFiles] = [await freePortOffset(), 160];
  const args = ['serve', 'Goloman', '--port-offset', String(offset), '--data', directory];
  const server = new Process(args, {}, undefined, `-n ${openFiles}`);
  context.after(async () => {
    await server.stop();
    rmSync(directory, { recursive: true });
  });
  await server.printed(/listens on/);
  const port = clientPort('Goloman', offset);
  const clients: Client[] = [];
  context.after(() => clients.forEach((client) => client.destroy()));
  for (let count = 0; count < openFiles; count += 1) clients.push(await Client.connect(port));
  const [served, refused] = [clients.slice(0, openFiles / 2), clients.slice(openFiles / 2)];
  for (const client of refused) assert.equal(await client.end(), '');
  for (const [index, client] of served.entries()) {
    client.send(`IAMAT van${index} +1+1 7\n`);
    assert.match((await client.lines(1))[0] ?? '', /^AT Goloman /);
  }
  // Whoever leaves makes room.
  served[0]?.finish();
  await served[0]?.end();
  await until(
    async () => (await exchange(port, 'WHATSAT van0 0 0\n')).startsWith('AT '),
    () => 'nobody is served any more',
  );
  await server.stop();
  const log = readFileSync(path.join(directory, 'Goloman.log'), 'utf8').trimEnd().split('\n');
  const records = log.map((line) => JSON.parse(line) as Record<string, unknown>);
  const told = records.filter(({ event }) => event === 'connections not accepted');
  assert.equal(told.length, 2);
  assert.match(
    String(told[0]?.['reason']),
    /160 open files, so it takes 80 clients at once: .*ulimit -n, or LimitNOFILE/,
  );
  assert.ok(told.reduce((sum, { connections }) => sum + Number(connections), 0) >= refused.length);
  assert.ok(!records.some(({ event }) => event === 'disk failing'));
});
