// Who is near, asked of real servers over their link ports, by those who may.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, exchange } from './client.ts';
import { drover, Herd, linkPort, until } from './processes.ts';

interface Told {
  readonly server: string;
  readonly found: number;
  readonly clients: readonly { readonly client: string; readonly distanceMetres: number }[];
}

test('clients that reported anywhere are near everywhere, and gone when they are forgotten', async (context) => {
  const herd = await Herd.start();
  context.after(() => herd.stop());
  const flags = ['--port-offset', String(herd.offset), '--data', herd.directory];
  const reports = { Welsh: 'kiwi\u00c3\u00a9 +89.99+000.0', Hands: 'emu +89.99-180', Wilkes: 'far +80+0' } as const;
  for (const [server, report] of Object.entries(reports)) {
    await exchange(herd.port(server as keyof typeof reports), `IAMAT ${report} 1520023934.918963997\n`);
  }
  const near = async (...more: string[]): Promise<Told> => {
    const told = await drover([
      'near',
      '89.995,0',
      '--radius',
      '5',
      '--server',
      'Goloman',
      '--json',
      ...more,
      ...flags,
    ]);
    assert.deepEqual([told.code, told.stderr], [0, '']);
    return JSON.parse(told.stdout) as Told;
  };
  let told: Told | undefined;
  await until(
    async () => {
      told = await near();
      return told.found === 2;
    },
    () => JSON.stringify(told),
  );
  const metres = told?.clients.map(({ client, distanceMetres }) => `${client} ${distanceMetres}`);
  assert.deepEqual(metres, ['kiwi\u00e9 556', 'emu 1668']);
  assert.equal((await near('--limit', '1')).found, 1);

  const table = await drover(['near', '89.995,0', '--radius', '5', ...flags]);
  assert.equal(
    table.stdout,
    '0.556 km  kiwi\u00e9  +89.99+000.0  1520023934.918963997\n1.668 km  emu    +89.99-180    1520023934.918963997\n',
  );
  await exchange(herd.port('Goloman'), 'IAMAT \u00ff\u00fe\\ +45+45 1520023934\n');
  const raw = await drover(['near', '45,45', ...flags]);
  assert.equal(raw.stdout, '0.000 km  \\xff\\xfe\\x5c  +45+45  1520023934\n');
  const longReport = ['x'.repeat(65), `+10+10.${'0'.repeat(300)}`, `7.${'1'.repeat(300)}`];
  await exchange(herd.port('Goloman'), `IAMAT ${longReport.join(' ')}\n`);
  const long = await drover(['near', '10,10', '--server', 'Goloman', ...flags]);
  assert.equal(long.stdout, `0.000 km  ${longReport.map((word) => `${word.slice(0, 64)}...`).join('  ')}\n`);
  const whole = await drover(['near', '10,10', '--server', 'Goloman', '--json', ...flags]);
  for (const word of longReport) assert.ok(whole.stdout.includes(`"${word}"`));
  const nobody = await drover(['near', '-33.87,151.21', ...flags]);
  assert.deepEqual([nobody.code, nobody.stdout], [0, 'No clients.\n']);
  const wrong = await drover(['near', '91,0', ...flags]);
  assert.deepEqual([wrong.code, wrong.stderr.split('\n')[0]], [2, 'error: latitude 91 is not within -90 and 90']);

  assert.equal((await drover(['forget', 'emu', '--server', 'Holiday', ...flags])).code, 0);
  await until(
    async () => (await near()).found === 1,
    () => 'emu is still near',
  );
});

test('the same connection may ask again, on this machine without proof; but it may not forget then', async (context) => {
  const herd = await Herd.start(['Goloman']);
  context.after(() => herd.stop());
  await exchange(herd.port('Goloman'), 'IAMAT kiwi +1+1 1\n');
  const stranger = await Client.connect(linkPort('Goloman', herd.offset));
  // At 0, 0 within 0 m at most 0 clients: so the answer is that there are 0.
  const answer = '\u0001%\0\0\0\u0001\0';
  for (let count = 1; count <= 3; count += 1) {
    stranger.send(Uint8Array.of(1, 36, 0, 0, 0, 4, 0, 0, 0, 0));
    await stranger.receives((received) => received.length >= count * answer.length);
    assert.equal(stranger.received, answer.repeat(count));
  }
  stranger.send(Buffer.concat([Buffer.from([1, 34, 0, 0, 0, 4]), Buffer.from('kiwi')]));
  await stranger.end();
  assert.match(stranger.received, /frame out of order/);
  stranger.destroy();
  assert.match(await exchange(herd.port('Goloman'), 'WHATSAT kiwi 0 0\n'), /^AT /);
});
