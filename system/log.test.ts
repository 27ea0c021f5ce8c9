import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { exchange } from './client.ts';
import { Herd, until } from './processes.ts';

const TRAFFIC = ['received', 'report accepted', 'report forwarded', 'report stale', 'sent'];

async function twoServers(context: TestContext, log: object): Promise<Herd> {
  const directory = mkdtempSync(path.join(tmpdir(), 'drover-'));
  context.after(() => rmSync(directory, { recursive: true }));
  const file = path.join(directory, 'herd.json');
  const servers = { Goloman: { clientPort: 17_345 }, Hands: { clientPort: 17_346 } };
  writeFileSync(file, JSON.stringify({ herd: 'ucla', servers, links: [['Goloman', 'Hands']], log }));
  const herd = await Herd.start(['Goloman', 'Hands'], { DROVER_CONFIG: file });
  context.after(() => herd.stop());
  return herd;
}

const events = (herd: Herd): string[] => herd.log('Goloman').map(({ event }) => String(event));
const traffic = (herd: Herd): string[] => events(herd).filter((event) => TRAFFIC.includes(event));

test('a report leaves its records in the order of the events, also across a rotation, and all by the stop', async (context) => {
  const herd = await twoServers(context, {});
  await exchange(herd.port('Goloman'), 'IAMAT van +1+1 1\n');
  const file = path.join(herd.directory, 'Goloman.log');
  await herd.logged('Goloman', 1, ({ event }) => event === 'sent');
  assert.deepEqual(
    traffic(herd).filter((event) => event !== 'report forwarded'),
    ['received', 'report accepted', 'sent'],
  );
  renameSync(file, `${file}.1`);
  herd.processes.get('Goloman')?.child.kill('SIGUSR2');
  await until(
    () => existsSync(file),
    () => 'the log is not opened anew',
  );
  await exchange(herd.port('Goloman'), 'IAMAT van +1+1 1\n');
  await herd.stopServer('Goloman');
  assert.deepEqual(traffic(herd), ['received', 'report stale', 'sent']);
  assert.equal(events(herd).at(-1), 'server stopped');
});

test('with log.traffic false the log has links, start and stop, and nothing of what clients say', async (context) => {
  const herd = await twoServers(context, { traffic: false });
  await exchange(herd.port('Goloman'), 'IAMAT van +1+1 1\nIAMAT van +1+1 1\nWHATSAT van 10 1\nnonsense\n');
  await until(
    async () => (await exchange(herd.port('Hands'), 'WHATSAT van 0 0\n')).startsWith('AT '),
    () => 'Hands does not know the van',
  );
  await herd.stopServer('Goloman');
  const found = new Set(events(herd));
  for (const event of ['server started', 'link opened', 'server stopped']) assert.ok(found.has(event), event);
  assert.deepEqual(traffic(herd), []);
});
