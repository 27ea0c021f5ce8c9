// What other systems lost in the field, told again with our servers: each title names the report it comes from. The list of them all,
// with the tests elsewhere, is in docs/replication.md.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { Client, exchange } from './client.ts';
import { FaultyHerd } from './faulty-herd.ts';
import { allKeep, Lines, Load } from './history.ts';
import {
  clientPort,
  EDGES,
  freePortOffset,
  Herd,
  linkPort,
  Process,
  SERVERS,
  type ServerName,
  until,
} from './processes.ts';

async function started(context: TestContext, names?: readonly ServerName[]): Promise<Herd> {
  const herd = await Herd.start(names);
  context.after(() => herd.stop());
  return herd;
}

/** One report of each of this many clients, all at one server, and all acknowledged. */
async function reportMany(herd: Herd, server: ServerName, prefix: string, count: number): Promise<Map<string, number>> {
  const clients = Array.from({ length: count }, (_, index) => `${prefix}${index}`);
  const reply = await exchange(herd.port(server), clients.map((client) => `IAMAT ${client} +1+1 7\n`).join(''));
  assert.equal(reply.match(/^AT /gm)?.length, count);
  return new Map(clients.map((client) => [client, 7]));
}

test('a server that lost its disk gets everything back, also what it had accepted itself (ssb-ebt#33), and its new reports are news to all (Tile38#688)', async (context) => {
  const herd = await started(context);
  const history = await reportMany(herd, 'Holiday', 'old', 100);
  await allKeep(herd, SERVERS, history);
  await herd.stopServer('Holiday', 'SIGKILL');
  rmSync(path.join(herd.dataOf('Holiday'), 'Holiday'), { recursive: true });
  herd.launch('Holiday');
  await herd.processes.get('Holiday')?.printed(/listens on/);
  // Fewer than in its first life: whoever counted on from there would take them for known.
  for (const [client, stamp] of await reportMany(herd, 'Holiday', 'new', 50)) history.set(client, stamp);
  await herd.linked();
  await allKeep(herd, SERVERS, history);
});

test('a neighbour that was away for more reports than any buffer holds gets them all, under load (redis#11534)', async (context) => {
  const herd = await started(context);
  await herd.stopServer('Holiday');
  // A megabyte; a link's window and its socket's queue hold half of that.
  const history = await reportMany(herd, 'Goloman', `missed${'x'.repeat(200)}`, 4000);
  const load = new Load(herd, ['Goloman', 'Wilkes'], 500, 1000);
  context.after(() => load.stop());
  await herd.startServer('Holiday');
  await until(
    () => load.answered > 1000,
    () => `${load.answered} answered`,
  );
  await load.stop();
  for (const [client, stamp] of load.acknowledged) history.set(client, stamp);
  await allKeep(herd, SERVERS, history);
});

test('a server answers nobody before it has read its disk (serf#465)', async (context) => {
  const herd = await started(context, ['Goloman']);
  const count = 20_000;
  await reportMany(herd, 'Goloman', 'c', count);
  await herd.stopServer('Goloman', 'SIGKILL');
  herd.launch('Goloman');
  let answer = '';
  await until(
    async () => {
      // Refused until it listens.
      let line = '';
      const asker = new Lines(herd.port('Goloman'), (found) => {
        line ||= found;
      });
      asker.socket.end(`WHATSAT c${count - 1} 0 0\n`);
      await new Promise((resolve) => asker.socket.once('close', resolve));
      answer = line;
      return answer !== '';
    },
    () => 'no answer',
  );
  assert.match(answer, /^AT Goloman /);
  assert.equal((await herd.status()).find(({ server }) => server === 'Goloman')?.clients, count);
});

test('what a client said before it hung up reaches all servers (hocuspocus#557)', async (context) => {
  const herd = await started(context);
  const history = new Map<string, number>();
  for (let index = 0; index < 100; index += 1) {
    const client = await Client.connect(herd.port(SERVERS[index % SERVERS.length] as ServerName));
    const written = new Promise((resolve) => client.socket.write(`IAMAT gone${index} +1+1 1\n`, resolve));
    await written;
    client.destroy();
    history.set(`gone${index}`, 1);
  }
  await allKeep(herd, SERVERS, history);
});

test('status shows how far a neighbour is behind, and that it has caught up (Tile38#172)', async (context) => {
  const herd = await FaultyHerd.startFaulty();
  context.after(() => herd.stop());
  for (const proxy of herd.between('Holiday', 'Welsh')) proxy.delay(500);
  const load = new Load(herd, ['Goloman'], 100_000, 3000);
  context.after(() => load.stop());
  const heightAt = async (server: ServerName): Promise<number> => {
    const servers = await herd.status();
    const origins = servers.find((one) => one.server === server)?.origins ?? [];
    return origins.find(({ origin }) => origin === 'Goloman')?.height ?? 0;
  };
  let shown = '';
  const lags = async (): Promise<boolean> => {
    const servers = await herd.status();
    const link = servers
      .find(({ server }) => server === 'Holiday')
      ?.links?.find(({ neighbour }) => neighbour === 'Welsh');
    shown = JSON.stringify(link);
    return (link?.behind ?? 0) > 0 && (link?.oldestUnacknowledgedMs ?? 0) > 100 && (link?.inFlightBytes ?? 0) > 0;
  };
  await until(lags, () => `Holiday shows nothing of it: ${shown}`);
  assert.ok((await heightAt('Welsh')) < (await heightAt('Goloman')));
  await load.stop();
  herd.heal();
  await until(
    async () => (await heightAt('Welsh')) === (await heightAt('Goloman')) && !(await lags()),
    () => `Welsh does not catch up: ${shown}`,
  );
});

test('two processes under one name: neighbours keep to the one that began later, say so, and take the other back when it is gone', async (context) => {
  const herd = await started(context);
  const history = await reportMany(herd, 'Holiday', 'first', 10);
  const offset = await freePortOffset();
  const servers = Object.fromEntries(
    SERVERS.map((name) => {
      const at = name === 'Holiday' ? offset : herd.offset;
      return [name, { clientPort: clientPort(name, at), peerPort: linkPort(name, at) }];
    }),
  );
  const file = path.join(herd.directory, 'double.json');
  writeFileSync(file, JSON.stringify({ herd: 'ucla', servers, links: EDGES }));
  const double = new Process(['serve', 'Holiday', '--config', file, '--data', path.join(herd.directory, 'double')]);
  context.after(() => double.stop());
  await double.printed(/listens on/);
  for (const neighbour of ['Goloman', 'Welsh', 'Wilkes']) {
    await herd.logged('Holiday', 1, (line) => {
      return line['neighbour'] === neighbour && /a later life of Holiday/.test(String(line['reason']));
    });
  }
  // The later one is the herd's Holiday now ...
  assert.match(await exchange(clientPort('Holiday', offset), 'IAMAT second +1+1 1\n'), /^AT /);
  history.set('second', 1);
  const others = SERVERS.filter((name) => name !== 'Holiday');
  await allKeep(herd, others, history);
  // ... and what the other still accepts is not lost.
  await reportMany(herd, 'Holiday', 'alone', 10);
  for (let index = 0; index < 10; index += 1) history.set(`alone${index}`, 7);
  assert.equal((await double.stop()).code, 0);
  await herd.linked();
  await allKeep(herd, SERVERS, history);
});
