// `drover up` and the rest of the command line, as a person or a script meets them.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { exchange } from './client.ts';
import { clientPort, drover, freePortOffset, linkPort, Process, SERVERS, type ServerName, until } from './processes.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'drover-'));
after(() => rmSync(directory, { recursive: true, force: true }));

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function statusOf(offset: number): Promise<{ server: string; pid: number; reachable: boolean }[]> {
  const { stdout } = await drover(['status', '--json', '--port-offset', String(offset)]);
  return (JSON.parse(stdout) as { servers: { server: string; pid: number; reachable: boolean }[] }).servers;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
  test(`up prints one table, restarts what crashes, and after ${signal} nothing is left`, async () => {
    const offset = await freePortOffset();
    const up = new Process(['up', '--port-offset', String(offset), '--data', path.join(directory, signal)]);
    try {
      await up.printed(/nc -N 127\.0\.0\.1 \d+\n/);
      for (const name of SERVERS) {
        const row = `${name} +${clientPort(name, offset)} +${linkPort(name, offset)} .* embedded +.*${name}\\.log`;
        assert.match(up.stdout, new RegExp(row));
      }
      const before = await statusOf(offset);
      const holiday = before.find(({ server }) => server === 'Holiday')?.pid ?? 0;
      process.kill(holiday, 'SIGKILL');
      await up.printed(/Holiday crashed \(SIGKILL\); restarting in [\d.]+ s[\s\S]*Holiday is back \(pid \d+\)/);
      await until(
        async () => (await statusOf(offset)).every(({ reachable }) => reachable),
        () => 'Holiday does not come back',
      );
      assert.match(await exchange(clientPort('Holiday', offset), 'IAMAT a +1+1 1\n'), /^AT Holiday /);

      const pids = (await statusOf(offset)).map(({ pid }) => pid);
      assert.equal(new Set(pids).size, SERVERS.length);
      const { code } = await up.stop(signal);
      if (signal !== 'SIGKILL') assert.equal(code, 0);
      await until(
        () => !pids.some(exists),
        () => `left over: ${pids.filter(exists).join(', ')}`,
      );
    } finally {
      await up.stop('SIGKILL');
    }
  });
}

/** What a server keeps of reports between two snapshots. */
function logOnDisk(data: string, server: ServerName): string {
  const folder = path.join(data, server);
  const logs = readdirSync(folder).filter((name) => name.startsWith('wal-'));
  return logs.map((name) => readFileSync(path.join(folder, name), 'latin1')).join('');
}

for (const [ack, isKept] of [
  ['memory', false],
  ['wal', true],
  ['fsync', true],
] as const) {
  test(`up --ack ${ack} reaches its servers: what was answered is ${isKept ? '' : 'not '}in their logs on disk`, async () => {
    const offset = await freePortOffset();
    const data = path.join(directory, `ack-${ack}`);
    const up = new Process(['up', '--port-offset', String(offset), '--data', data, '--ack', ack]);
    try {
      await up.printed(/nc -N 127\.0\.0\.1 \d+\n/);
      for (const name of SERVERS) {
        assert.match(await exchange(clientPort(name, offset), `IAMAT of-${name} +1+1 1\n`), /^AT /);
        assert.equal(logOnDisk(data, name).includes(`of-${name}`), isKept);
      }
    } finally {
      await up.stop();
    }
  });
}

test('a port in use ends the start with one line and exit code 1, and leaves nothing running', async () => {
  const offset = await freePortOffset();
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(clientPort('Holiday', offset), '127.0.0.1', resolve));
  try {
    for (const command of [['up'], ['serve', 'Holiday']]) {
      const { code, stderr } = await drover([...command, '--port-offset', String(offset), '--data', directory]);
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`^drover: .*Holiday.*:${clientPort('Holiday', offset)} .*in use.*\\n$`));
    }
    assert.ok((await statusOf(offset)).every(({ reachable }) => !reachable));
  } finally {
    squatter.close();
  }
});

test('usage errors exit 2, unknown servers and faulty configurations exit 1, each saying what is wrong', async () => {
  const faulty = path.join(directory, 'faulty.json');
  writeFileSync(faulty, JSON.stringify({ herd: '', servers: { A: { clientPort: 99_999 } }, links: [['A', 'B']] }));
  const cases: [string[], number, RegExp][] = [
    [['serve'], 2, /name/],
    [['up', '--nonsense'], 2, /--nonsense/],
    [['up', '--port-offset', 'x'], 2, /whole number/],
    [['up', '--places', 'nowhere'], 2, /embedded/],
    [['serve', 'Nobody'], 1, /Goloman, Hands, Holiday, Welsh, Wilkes/],
    [['up', '--config', faulty], 1, /herd[\s\S]*servers\.A\.clientPort[\s\S]*links\[0\]/],
    [['up', '--config', path.join(directory, 'missing.json')], 1, /missing\.json/],
  ];
  for (const [args, expected, message] of cases) {
    const { code, stdout, stderr } = await drover(args);
    assert.equal(code, expected, `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, message);
    assert.equal(stdout, '');
  }
});

test('a herd of your own runs from its file, and send and status find it there', async () => {
  const offset = await freePortOffset();
  const config = path.join(directory, 'farm.json');
  const [barn, house] = [clientPort('Goloman', offset), clientPort('Hands', offset)];
  const servers = { Barn: { clientPort: barn }, House: { clientPort: house } };
  writeFileSync(config, JSON.stringify({ herd: 'farm', servers, links: [['Barn', 'House']] }));
  const up = new Process(['up', '--config', config, '--data', path.join(directory, 'farm')]);
  try {
    await up.printed(/Barn +\d+/);
    await until(
      async () => (await drover(['status', '--config', config])).code === 0,
      () => 'the two do not link',
    );
    const sent = await drover(['send', 'Barn', '--config', config, 'IAMAT tractor +47.1+9.5 7', 'x']);
    assert.match(sent.stdout, /^AT Barn \S+ tractor \+47\.1\+9\.5 7\n\? x\n$/);
    const asked = await drover(['send', `127.0.0.1:${house}`], {}, 'WHATSAT tractor 10 1\n');
    assert.match(asked.stdout, /^AT Barn \S+ tractor \+47\.1\+9\.5 7\n\{/);
  } finally {
    await up.stop();
  }
  const { code, stderr } = await drover(['send', 'Barn', '--config', config, 'x']);
  assert.equal(code, 1);
  assert.match(stderr, /^drover: cannot connect to Barn .*\n$/);
});
