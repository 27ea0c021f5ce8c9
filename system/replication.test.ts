// What survives: servers that restart, links that break, neighbours that stop without a word, strangers with the wrong secret.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { exchange } from './client.ts';
import { clientPort, drover, freePortOffset, Herd, Process, SERVERS, type ServerName, until } from './processes.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'drover-'));
after(() => rmSync(directory, { recursive: true, force: true }));

async function where(herd: Herd, server: ServerName, client: string): Promise<string | undefined> {
  const [line = ''] = (await exchange(herd.port(server), `WHATSAT ${client} 0 0\n`)).split('\n');
  return line.startsWith('AT ') ? line : undefined;
}

async function agree(
  herd: Herd,
  servers: readonly ServerName[],
  client: string,
  line: string | undefined,
): Promise<void> {
  for (const server of servers) {
    let known: string | undefined;
    await until(
      async () => {
        known = await where(herd, server, client);
        return known === line;
      },
      () => `${server} knows ${known}, not ${line}`,
    );
  }
}

async function report(herd: Herd, server: ServerName, client: string, stamp: string): Promise<string> {
  return (await exchange(herd.port(server), `IAMAT ${client} +34.068930-118.445127 ${stamp}\n`)).trimEnd();
}

test('a server that was killed knows everything again when it is back, and so does who stands behind it', async (context) => {
  const herd = await Herd.start();
  context.after(() => herd.stop());
  const old = await report(herd, 'Hands', 'before', '1');
  await agree(herd, SERVERS, 'before', old);
  await herd.stopServer('Holiday', 'SIGKILL');
  const missed = await report(herd, 'Goloman', 'meanwhile', '2');
  const alone = await report(herd, 'Welsh', 'alone', '3');
  await herd.startServer('Holiday');
  await agree(herd, SERVERS, 'before', old);
  await agree(herd, SERVERS, 'meanwhile', missed);
  await agree(herd, SERVERS, 'alone', alone);
});

test('all five may be restarted one after the other: nobody forgets, and what they then say is news (icn#2510)', async (context) => {
  const herd = await Herd.start();
  context.after(() => herd.stop());
  const lines = await Promise.all(SERVERS.map((server) => report(herd, server, `from-${server}`, '7')));
  for (const [index, server] of SERVERS.entries()) await agree(herd, SERVERS, `from-${server}`, lines[index]);
  for (const server of SERVERS) {
    await herd.stopServer(server);
    await herd.startServer(server);
    await agree(herd, SERVERS, 'news', await report(herd, server, 'news', String(10 + SERVERS.indexOf(server))));
  }
  for (const [index, server] of SERVERS.entries()) await agree(herd, SERVERS, `from-${server}`, lines[index]);
});

test('a neighbour that stops without a word is noticed, and catches up when it goes on', async (context) => {
  const herd = await Herd.start();
  context.after(() => herd.stop());
  const pid = herd.processes.get('Holiday')?.child.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  try {
    const [dropped] = await herd.logged(
      'Goloman',
      1,
      ({ event, neighbour }) => event === 'link dropped' && neighbour === 'Holiday',
    );
    assert.match(String(dropped?.['reason']), /^silent for/);
    await report(herd, 'Goloman', 'while-stopped', '5');
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await herd.linked();
  await agree(herd, SERVERS, 'while-stopped', await where(herd, 'Goloman', 'while-stopped'));
});

test('servers with the same secret link, one with another is refused and told why', async (context) => {
  const made = await drover(['keygen', path.join(directory, 'ours.key')]);
  assert.equal(made.code, 0, made.stderr);
  assert.equal((await drover(['keygen', path.join(directory, 'ours.key')])).code, 1);
  const other = await drover(['keygen']);
  assert.match(other.stdout, /^[0-9a-f]{64}\n$/);
  writeFileSync(path.join(directory, 'theirs.key'), other.stdout);

  const herd = await Herd.start(['Goloman', 'Hands']);
  context.after(() => herd.stop());
  const { clientPort } = { clientPort: herd.port('Goloman') + 500 };
  const config = (secretFile: string): string => {
    const file = path.join(directory, `${secretFile}.json`);
    const servers = { A: { clientPort }, B: { clientPort: clientPort + 1 }, C: { clientPort: clientPort + 2 } };
    writeFileSync(
      file,
      JSON.stringify({
        herd: 'farm',
        servers,
        links: [
          ['A', 'B'],
          ['A', 'C'],
        ],
        secretFile,
      }),
    );
    return file;
  };
  const serve = (name: string, secretFile: string): Process => {
    const started = new Process(['serve', name, '--config', config(secretFile), '--data', path.join(directory, name)]);
    context.after(() => started.stop());
    return started;
  };
  const [a, b, c] = [serve('A', 'ours.key'), serve('B', 'ours.key'), serve('C', 'theirs.key')];
  for (const started of [a, b, c]) await started.printed(/listens on/);
  let status = '';
  await until(
    async () => {
      status = (await drover(['status', '--json', '--config', config('ours.key')])).stdout;
      return /"neighbour": "B",[^}]*"state": "up"/.test(status);
    },
    () => `A and B do not link: ${status}`,
  );
  assert.match(status, /"neighbour": "C",[^}]*"state": "down"/);
  await exchange(clientPort, 'IAMAT van +1+1 1\n');
  assert.match(await exchange(clientPort + 2, 'WHATSAT van 0 0\n'), /^\? /);
});

test('a herd that others can reach does not start without a secret, and says what to do', async () => {
  const file = path.join(directory, 'open.json');
  writeFileSync(file, JSON.stringify({ herd: 'farm', servers: { A: { host: '0.0.0.0', clientPort: 23_999 } } }));
  const { code, stderr } = await drover(['serve', 'A', '--config', file, '--data', path.join(directory, 'open')]);
  assert.equal(code, 1);
  assert.match(stderr, /^drover: A does not start: .*0\.0\.0\.0.*drover keygen.*secretFile.*\n$/);
});

test('a client that reported at one server can ask another for at least that report', async (context) => {
  const herd = await Herd.start();
  context.after(() => herd.stop());
  for (let round = 1; round <= 50; round += 1) {
    const [at, since] = await Promise.all([
      exchange(herd.port('Hands'), `IAMAT kiwi +1+1 ${round}\n`),
      exchange(herd.port('Welsh'), `WHATSAT kiwi 0 0 SINCE ${round}\nnext\n`),
    ]);
    assert.ok(since.startsWith(at), `asked for ${round}, got ${since}`);
    assert.ok(since.endsWith('\n\n? next\n'));
  }
  // Nobody has reported that: the command comes back, and plain WHATSAT goes on as ever.
  const never = 'WHATSAT kiwi 0 0 SINCE 51';
  assert.equal(await exchange(herd.port('Welsh'), `${never}\n`), `? ${never}\n`);
  assert.match(await exchange(herd.port('Welsh'), 'WHATSAT kiwi 0 0\n'), /^AT Hands \S+ kiwi \+1\+1 50\n/);
  // A clock that is ahead does not lock its own client out.
  const ahead = '9000000000.5';
  assert.match(
    await exchange(herd.port('Hands'), `IAMAT fast +1+1 ${ahead}\nWHATSAT fast 0 0 SINCE ${ahead}\n`),
    /\nAT Hands /,
  );
});

test('all five are killed at once, and what they acknowledged is there again', async (context) => {
  const herd = await Herd.start();
  context.after(() => herd.stop());
  const lines = new Map<string, string>();
  for (let index = 0; index < 50; index += 1) {
    const server = SERVERS[index % SERVERS.length] as ServerName;
    lines.set(`c${index}`, await report(herd, server, `c${index}`, `${1000 + index}.5`));
  }
  await Promise.all(SERVERS.map((server) => herd.stopServer(server, 'SIGKILL')));
  for (const server of SERVERS) herd.launch(server);
  for (const server of SERVERS) await herd.processes.get(server)?.printed(/listens on/);
  await herd.linked();
  for (const [client, line] of lines) await agree(herd, SERVERS, client, line);
});

test('a second process under one name and directory does not start', async (context) => {
  const herd = await Herd.start(['Goloman']);
  context.after(() => herd.stop());
  const args = ['serve', 'Goloman', '--port-offset', String(await freePortOffset()), '--data', herd.directory];
  const { code, stderr } = await drover(args);
  assert.equal(code, 1);
  const pid = herd.processes.get('Goloman')?.child.pid;
  assert.match(stderr, new RegExp(`^drover: Goloman does not start: .*\\b${pid}\\b.*\\n$`));
});

test('a server does not start in the directory of its namesake in another herd', async (context) => {
  const herd = await Herd.start(['Goloman']);
  context.after(() => herd.stop());
  await herd.stopServer('Goloman');
  const config = path.join(herd.directory, 'farm.json');
  const servers = { Goloman: { clientPort: herd.port('Goloman') } };
  writeFileSync(config, JSON.stringify({ herd: 'farm', servers, links: [] }));
  const { code, stderr } = await drover(['serve', 'Goloman', '--config', config, '--data', herd.directory]);
  assert.equal(code, 1);
  assert.match(stderr, /^drover: Goloman does not start: .*Goloman belongs to the herd ucla, .*farm.*--data.*\n$/);
});

for (const ack of ['memory', 'wal', 'fsync']) {
  test(`--ack ${ack}: pipelined reports and lookups are answered in order`, async (context) => {
    const offset = await freePortOffset();
    const server = new Process([
      'serve',
      'Goloman',
      '--port-offset',
      String(offset),
      '--ack',
      ack,
      '--data',
      path.join(directory, ack),
    ]);
    context.after(() => server.stop());
    await server.printed(/listens on/);
    const commands = Array.from({ length: 300 }, (_, index) =>
      index % 3 === 2
        ? `nonsense ${index}`
        : index % 3 === 1
          ? `WHATSAT a${index - 1} 0 0`
          : `IAMAT a${index} +1+1 ${index}`,
    );
    const reply = await exchange(clientPort('Goloman', offset), commands.map((command) => `${command}\n`).join(''));
    const heads = reply.split('\n').filter((line) => /^(AT|\?) /.test(line));
    assert.deepEqual(
      heads.map((line) => line.replace(/^AT Goloman \S+ /, '')),
      commands.map((command, index) =>
        index % 3 === 2 ? `? ${command}` : index % 3 === 1 ? `a${index - 1} +1+1 ${index - 1}` : command.slice(6),
      ),
    );
  });
}
