// Five real processes: flooding, a neighbour that stops and comes back, links, and what a start costs.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { Client, exchange } from './client.ts';
import { EDGES, Herd, linkPort, SERVERS, type ServerName, until } from './processes.ts';

let herd: Herd;
before(async () => {
  herd = await Herd.start();
});
after(() => herd.stop());

/** The AT line of a client at a server, or undefined while it does not know it. */
async function where(server: ServerName, client: string): Promise<string | undefined> {
  const [line = ''] = (await exchange(herd.port(server), `WHATSAT ${client} 0 0\n`)).split('\n');
  return line.startsWith('AT ') ? line : undefined;
}

async function everywhere(servers: readonly ServerName[], client: string, line: string): Promise<void> {
  for (const server of servers) {
    await until(
      async () => (await where(server, client)) === line,
      () => `${server} does not come to know ${line}`,
    );
  }
}

async function report(server: ServerName, client: string, stamp: string): Promise<string> {
  const [line = ''] = (await exchange(herd.port(server), `IAMAT ${client} +34.068930-118.445127 ${stamp}\n`)).split(
    '\n',
  );
  return line;
}

test('a report to any server is known at every server, with the identical AT line', async () => {
  for (const server of SERVERS) {
    const line = await report(server, `at-${server}`, '1520023934.918963997');
    assert.match(line, new RegExp(`^AT ${server} `));
    await everywhere(SERVERS, `at-${server}`, line);
  }
});

test('a client that reads its reply and asks a neighbour next is not too early, over any link', async () => {
  const clients = new Map<ServerName, Client>();
  for (const server of SERVERS) clients.set(server, await Client.connect(herd.port(server)));
  for (let round = 1; round <= 400; round += 1) {
    const [one, other] = EDGES[round % EDGES.length] as readonly [ServerName, ServerName];
    const [first, next] = round % 2 === 0 ? [one, other] : [other, one];
    const [teller, asker] = [clients.get(first) as Client, clients.get(next) as Client];
    teller.received = '';
    asker.received = '';
    teller.send(`IAMAT quick${round % 7} +1+1 ${round}\n`);
    await teller.lines(1);
    asker.send(`WHATSAT quick${round % 7} 0 0\n`);
    const reply = await asker.receives((text) => text.endsWith('\n\n') || text.startsWith('?'));
    assert.ok(reply.startsWith(teller.received), `round ${round}, ${first} to ${next}: ${reply.slice(0, 100)}`);
  }
  for (const client of clients.values()) client.destroy();
});

test('concurrent reports of one client at all servers end in one winner everywhere', async () => {
  for (let round = 0; round < 10; round += 1) {
    await Promise.all(SERVERS.map((server) => report(server, `race${round}`, '1000')));
    let known: (string | undefined)[] = [];
    await until(
      async () => {
        known = await Promise.all(SERVERS.map((server) => where(server, `race${round}`)));
        return known[0] !== undefined && new Set(known).size === 1;
      },
      () => `servers differ: ${known.join('; ')}`,
    );
  }
});

test('with Holiday down Welsh hears nothing; when it is back, reports pass again', async () => {
  await herd.stopServer('Holiday', 'SIGKILL');
  await herd.linked();
  const line = await report('Goloman', 'behind-holiday', '1');
  await everywhere(['Goloman', 'Hands', 'Wilkes'], 'behind-holiday', line);
  assert.equal(await where('Welsh', 'behind-holiday'), undefined);

  await herd.startServer('Holiday');
  const later = await report('Goloman', 'behind-holiday', '2');
  await everywhere(SERVERS, 'behind-holiday', later);
});

test('a stopped neighbour says goodbye, and links name the other server in the log', async () => {
  const { code } = await herd.stopServer('Hands');
  assert.equal(code, 0);
  await herd.linked();
  await herd.startServer('Hands');
  const events = herd.log('Hands').map(({ event, neighbour }) => `${event} ${neighbour ?? ''}`.trim());
  assert.ok(events.includes('server stopped'));
  for (const neighbour of ['Goloman', 'Wilkes']) {
    assert.ok(events.includes(`link opened ${neighbour}`), neighbour);
    assert.ok(events.includes(`link dropped ${neighbour}`), neighbour);
  }
});

test('each server sends a record to a neighbour at most once, and never back', async () => {
  await report('Welsh', 'once', '5');
  await everywhere(SERVERS, 'once', (await where('Welsh', 'once')) ?? '');
  const copies: string[] = [];
  for (const server of SERVERS) {
    // Logged after whatever this server did with the report, so all of that is in the log.
    await exchange(herd.port(server), 'marker\n');
    await herd.logged(server, 1, ({ event, line }) => event === 'sent' && line === '? marker');
    for (const { event, client, to } of herd.log(server)) {
      if (event === 'report forwarded' && client === 'once') copies.push(`${server} ${to}`);
    }
  }
  assert.equal(new Set(copies).size, copies.length);
  assert.ok(!copies.includes('Holiday Welsh'));
});

test('strangers on the link port are refused or ignored, and the herd works on', async () => {
  const garbage = [
    'GET / HTTP/1.1\r\n\r\n',
    '\u0001\u0006\u00ff\u00ff\u00ff\u00ff',
    'AT Goloman +0.1 evil +1+1 1\n',
    '',
  ];
  for (const bytes of garbage) {
    await new Promise<void>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: linkPort('Goloman', herd.offset) });
      socket.on('error', () => {});
      socket.on('close', () => resolve());
      socket.on('data', () => {});
      socket.end(Buffer.from(bytes, 'latin1'));
    });
  }
  assert.equal(await where('Goloman', 'evil'), undefined);
  const line = await report('Goloman', 'after-strangers', '1');
  await everywhere(SERVERS, 'after-strangers', line);
});

test('a server is ready within half a second of its own processor time', async (context) => {
  await herd.stopServer('Welsh');
  await herd.startServer('Welsh');
  const started = herd
    .log('Welsh')
    .filter(({ event }) => event === 'server started')
    .at(-1);
  // Elapsed time is the machine's mood; the processor time that a start takes is ours.
  assert.ok(Number(started?.['processorMs']) < 500, JSON.stringify(started));
  context.diagnostic(`listening ${started?.['elapsedMs']} ms after the process began`);
});
