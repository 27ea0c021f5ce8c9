// Clients that do everything wrong: nothing leaks, nobody else waits.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Client, exchange } from './client.ts';
import { Herd, linkPort, until } from './processes.ts';

let herd: Herd;
let port: number;

before(async () => {
  herd = await Herd.start(['Goloman']);
  port = herd.port('Goloman');
});
after(() => herd.stop());

async function connectionsOfServer(): Promise<number> {
  return (await herd.status()).find(({ server }) => server === 'Goloman')?.connections ?? -1;
}

async function noConnectionLeft(): Promise<void> {
  await until(
    async () => (await connectionsOfServer()) === 0,
    () => 'connections are left over',
  );
}

/**
 * Whether there is a connection between these ports. One that was reset has none; what Node shows of that may be an end or an error. An earlier
 * connection to another port may have had the same port of its own.
 */
function isKnownToKernel(one: number, other: number): boolean {
  const shown = [one, other].map((each) => `:${each.toString(16).padStart(4, '0').toUpperCase()} `);
  const lines = readFileSync('/proc/net/tcp', 'latin1').split('\n');
  return lines.some((line) => shown.every((each) => line.includes(each)));
}

test('a client that never reads is cut off when 1 MiB of replies wait; others are served meanwhile', async () => {
  const deaf = await Client.connect(port);
  const deafPort = deaf.socket.localPort as number;
  deaf.socket.pause();
  // More replies than the kernel takes, and so few bytes that the server reads them all: with unread bytes any close is a reset.
  deaf.send(`IAMAT deaf +34.068930-118.445127 1\n${'WHATSAT deaf 50 20\n'.repeat(2500)}`);
  const polite = await Client.connect(port);
  let rounds = 0;
  await until(
    async () => {
      rounds += 1;
      polite.send(`IAMAT polite +1+1 ${rounds}\n`);
      await polite.lines(rounds);
      return herd
        .log('Goloman')
        .some(({ event, reason }) => event === 'client connection dropped' && /does not read/.test(String(reason)));
    },
    () => 'the deaf client is still connected',
  );
  await until(
    async () => (await connectionsOfServer()) === 1,
    () => 'the connection is left over, as long as its client does not read',
  );
  // An end in the middle of a reply would look like the end of all of them; and it would wait behind what the client does not read.
  await until(
    () => !isKnownToKernel(deafPort, port),
    () => 'the deaf client was not reset',
  );
  assert.equal(deaf.received, '');
  deaf.destroy();
  polite.destroy();
  await noConnectionLeft();
});

test('a client that pipelines far more than 1 MiB of replies and reads them gets them all', async () => {
  const count = 1500;
  const reply = await exchange(port, `IAMAT eager +34.068930-118.445127 1\n${'WHATSAT eager 50 20\n'.repeat(count)}`);
  assert.equal(reply.split('\n\n').length - 1, count);
  assert.ok(reply.length > 4 * 1024 * 1024);
});

test('a client that sends a byte at a time, and one that leaves in the middle of a line, cost nobody anything', async () => {
  const slow = await Client.connect(port);
  const leaver = await Client.connect(port);
  leaver.send('IAMAT half');
  const line = 'IAMAT slow +1+1 1\n';
  for (const character of line) {
    slow.send(character);
    assert.match(await exchange(port, 'IAMAT other +1+1 1\n'), /^AT Goloman /);
  }
  await slow.lines(1);
  leaver.socket.resetAndDestroy();
  slow.destroy();
  await noConnectionLeft();
});

test('lines without end take no memory and are answered once', async () => {
  const endless = await Client.connect(port);
  const chunk = Buffer.alloc(1 << 20, 0x61);
  const pour = async (mebibytes: number): Promise<number> => {
    for (let poured = 0; poured < mebibytes; poured += 1) {
      endless.send(chunk);
      await until(
        () => endless.socket.writableLength === 0,
        () => 'the server stopped reading',
      );
    }
    return (await herd.status())[0]?.residentBytes ?? 0;
  };
  // What reading fast needs is there after the first of it.
  const before = await pour(64);
  const after = await pour(128);
  assert.ok(after - before < 32 * 1024 * 1024, `grew by ${after - before} bytes`);
  endless.send('\nnext\n');
  await endless.lines(2);
  assert.equal(endless.received, `? ${'a'.repeat(64)}...\n? next\n`);
  endless.destroy();
});

test('10,000 idle connections stay open while others are served, and are gone when they leave', async (context) => {
  const before = (await herd.status())[0]?.residentBytes ?? 0;
  const idle: Client[] = [];
  // This process needs a file for each of them; the batch keeps the kernel's queue of new connections short.
  for (let batch = 0; batch < 50; batch += 1) {
    idle.push(...(await Promise.all(Array.from({ length: 200 }, () => Client.connect(port)))));
  }
  await until(
    async () => (await connectionsOfServer()) === 10_000,
    () => 'not all connections were accepted',
  );
  assert.match(await exchange(port, 'IAMAT busy +1+1 1\n'), /^AT Goloman /);
  const last = idle.at(-1);
  last?.send('IAMAT idle +1+1 1\n');
  await last?.lines(1);
  const bytesEach = (((await herd.status())[0]?.residentBytes ?? 0) - before) / idle.length;
  context.diagnostic(`${Math.round(bytesEach)} bytes of server memory a connection`);
  for (const client of idle) client.destroy();
  await noConnectionLeft();
});

test('a client that reads slowly but steadily gets every reply', async () => {
  const count = 1200;
  const slow = await Client.connect(port);
  slow.socket.pause();
  slow.send(`IAMAT slow +34.068930-118.445127 1\n${'WHATSAT slow 50 20\n'.repeat(count)}`);
  slow.finish();
  // A piece every few milliseconds: far slower than the server could write, and never long without one.
  while (!slow.ended && !slow.closed) {
    slow.socket.resume();
    await new Promise((resolve) => setImmediate(resolve));
    slow.socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
  assert.equal(slow.received.split('\n\n').length - 1, count);
  slow.destroy();
});

test('a flood of costly commands does not keep others from their turn', async () => {
  const count = 4000;
  const flooder = await Client.connect(port);
  flooder.send(`IAMAT pole +90+0 1\n${'WHATSAT pole 50 0\n'.repeat(count)}`);
  await flooder.receives((text) => text.includes('\n\n'));
  const polite = await Client.connect(port);
  polite.send('IAMAT polite +1+1 1\n');
  await polite.lines(1);
  // The flood is far longer than a turn: whoever is served before its end did not wait for it.
  assert.ok(flooder.received.split('\n\n').length - 1 < count);
  flooder.destroy();
  polite.destroy();
});

test('whoever asks for the status without end gets one answer a connection', async () => {
  const request = Buffer.from([1, 32, 0, 0, 0, 0]);
  const asker = await Client.connect(linkPort('Goloman', herd.offset));
  asker.send(Buffer.concat(Array.from({ length: 10_000 }, () => request)));
  await asker.end();
  assert.equal(asker.received.split('"server":"Goloman"').length - 1, 1);
  asker.destroy();
});

test('a stranger who dials the link port in a loop is told of once, and counted', async () => {
  const refusals = (): Record<string, unknown>[] => herd.log('Goloman').filter(({ event }) => event === 'link refused');
  const knock = async (): Promise<void> => {
    const stranger = await Client.connect(linkPort('Goloman', herd.offset));
    stranger.send('GET / HTTP/1.1\r\n\r\n');
    await stranger.end();
    stranger.destroy();
  };
  for (let count = 0; count < 200; count += 1) await knock();
  await herd.stopServer('Goloman');
  const [first, rest, ...more] = refusals();
  assert.deepEqual(more, []);
  assert.match(String(first?.['address']), /127\.0\.0\.1$/);
  assert.equal(rest?.['repeated'], 199);
});
