// A client that is forgotten on request: everywhere, for good, and only by those who may.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Client, exchange } from './client.ts';
import { drover, Herd, linkPort, SERVERS, until } from './processes.ts';

async function answers(herd: Herd, pattern: RegExp): Promise<void> {
  for (const server of SERVERS) {
    let answer = '';
    await until(
      async () => {
        answer = await exchange(herd.port(server), 'WHATSAT kiwi\u00c3\u00a9 0 0\n');
        return pattern.test(answer);
      },
      () => `${server} answers ${answer}`,
    );
  }
}

test('a client is forgotten by the whole herd; older reports do not bring it back, a newer one does', async (context) => {
  const herd = await Herd.start();
  context.after(() => herd.stop());
  const flags = ['--port-offset', String(herd.offset), '--data', herd.directory];
  // Before anything that happens here, and so before the forgetting.
  const now = Math.floor(Date.now() / 1000);
  await exchange(herd.port('Welsh'), `IAMAT kiwi\u00c3\u00a9 +1+1 ${now}\n`);
  await answers(herd, /^AT Welsh /);
  const told = await drover(['forget', 'kiwi\u00e9', '--server', 'Hands', ...flags]);
  assert.deepEqual([told.code, told.stderr], [0, '']);
  await answers(herd, /^\? WHATSAT/);
  await herd.logged('Hands', 1, ({ event, client, from }) => {
    return event === 'forgetting accepted' && client === 'kiwi\\xc3\\xa9' && from === 'operator';
  });
  await herd.logged('Hands', 1, ({ event, client, known }) => {
    return event === 'client forgotten on request' && client === 'kiwi\\xc3\\xa9' && known === true;
  });

  assert.match(await exchange(herd.port('Goloman'), `IAMAT kiwi\u00c3\u00a9 +2+2 ${now}\n`), /^AT Goloman /);
  await answers(herd, /^\? WHATSAT/);
  await exchange(herd.port('Goloman'), `IAMAT kiwi\u00c3\u00a9 +3+3 ${now + 3600}\n`);
  await answers(herd, /^AT Goloman \S+ kiwi\S+ \+3\+3 /);

  const unknown = await drover(['forget', 'nobody', ...flags]);
  assert.deepEqual([unknown.code, unknown.stderr], [1, 'drover: Goloman does not know "nobody"\n']);
  await herd.stopServer('Goloman');
  const next = await drover(['forget', 'nobody', ...flags]);
  assert.match(next.stderr, /^drover: Hands does not know/);
  const gone = await drover(['forget', 'nobody', '--server', 'Goloman', ...flags]);
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /^drover: nothing is forgotten: no server could be told \(Goloman: ECONNREFUSED\)\n$/);
});

test('with a secret nobody makes the herd forget who has not proved it, not even on this machine', async (context) => {
  const herd = await Herd.start(['Goloman']);
  context.after(() => herd.stop());
  await herd.stopServer('Goloman');
  writeFileSync(path.join(herd.directory, 'herd.key'), `${'5a'.repeat(32)}\n`);
  await herd.startServer('Goloman');
  await exchange(herd.port('Goloman'), 'IAMAT kiwi\u00c3\u00a9 +1+1 1\n');
  const stranger = await Client.connect(linkPort('Goloman', herd.offset));
  stranger.send(Buffer.concat([Buffer.from([1, 34, 0, 0, 0, 6]), Buffer.from('kiwi\u00e9')]));
  await stranger.end();
  assert.match(stranger.received, /forgetting is for those with the secret/);
  stranger.destroy();
  const flags = ['--port-offset', String(herd.offset)];
  assert.equal((await drover(['forget', 'kiwi\u00e9', ...flags, '--data', '/nonexistent'])).code, 1);
  assert.match(await exchange(herd.port('Goloman'), 'WHATSAT kiwi\u00c3\u00a9 0 0\n'), /^AT /);
  const done = await drover(['forget', 'kiwi\u00e9', ...flags, '--data', herd.directory]);
  assert.deepEqual([done.code, done.stderr], [0, '']);
  assert.match(await exchange(herd.port('Goloman'), 'WHATSAT kiwi\u00c3\u00a9 0 0\n'), /^\? /);
  assert.ok(!readFileSync(path.join(herd.directory, 'Goloman.log'), 'utf8').includes('5a5a'));
});

test('an ID as long as a line is forgotten too, with a secret and without', async (context) => {
  const herd = await Herd.start(['Goloman']);
  context.after(() => herd.stop());
  const flags = ['--port-offset', String(herd.offset), '--data', herd.directory];
  const long = 'x'.repeat(60_000);
  const forget = async (stamp: number): Promise<void> => {
    await exchange(herd.port('Goloman'), `IAMAT ${long} +1+1 ${stamp}\n`);
    assert.match(await exchange(herd.port('Goloman'), `WHATSAT ${long} 0 0\n`), /^AT /);
    const { code, stderr } = await drover(['forget', long, ...flags]);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(await exchange(herd.port('Goloman'), `WHATSAT ${long} 0 0\n`), /^\? /);
  };
  await forget(1);
  await herd.stopServer('Goloman');
  writeFileSync(path.join(herd.directory, 'herd.key'), `${'5a'.repeat(32)}\n`);
  await herd.startServer('Goloman');
  // Later than the forgetting before.
  await forget(Math.floor(Date.now() / 1000) + 3600);
});
