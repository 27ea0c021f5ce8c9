// WHATSAT through several providers: who answers when one fails, what is counted and written down, and what nobody may learn.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { NearbyStandIn } from '../src/places/stand-in.ts';
import { LEGACY_NOT_ENABLED } from '../src/places/stand-in-legacy.ts';
import type { ServerStatus } from '../src/server/status.ts';
import { Client, exchange } from './client.ts';
import { clientPort, drover, freePortOffset, Herd, Process } from './processes.ts';

const KEY = 'a-secret-key-of-39-characters-+/=&%4142';
const REPORTS = 'IAMAT kiwi +34.068930-118.445127 1\nIAMAT plane +48.8534+2.3488 1\nIAMAT ship -10-150 1\n';

interface Document {
  readonly status: string;
  readonly results: readonly { readonly name: string }[];
}

function documentIn(reply: string): Document {
  assert.match(reply, /^AT Goloman /);
  return JSON.parse(Buffer.from(reply.slice(reply.indexOf('\n')), 'latin1').toString()) as Document;
}

async function placesStatus(herd: Herd): Promise<ServerStatus['places']> {
  return (await herd.status()).find(({ server }) => server === 'Goloman')?.places ?? [];
}

/** Everything that servers have written, and what they show to everybody on the machine. */
function everythingOf(directory: string, processes: readonly Process[]): string {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) => path.join(directory, name));
  const written = files.filter((file) => statSync(file).isFile()).map((file) => readFileSync(file, 'latin1'));
  const shown = processes.flatMap(({ child, stdout, stderr }) => [
    process.platform === 'linux' ? readFileSync(`/proc/${child.pid}/cmdline`, 'latin1') : '',
    stdout,
    stderr,
  ]);
  return [...written, ...shown].join('\n');
}

describe('google, overpass, embedded', () => {
  let standIn: NearbyStandIn;
  let herd: Herd;
  let port: number;

  before(async () => {
    standIn = await NearbyStandIn.start();
    herd = await Herd.start(['Goloman'], {
      DROVER_PLACES: 'google,overpass,embedded',
      DROVER_GOOGLE_KEY: KEY,
      DROVER_GOOGLE_URL: standIn.url,
      DROVER_OVERPASS_URL: standIn.url,
    });
    port = herd.port('Goloman');
    await exchange(port, REPORTS);
  });
  beforeEach(() => {
    standIn.behaviours = {};
    standIn.requests.length = 0;
  });
  after(async () => {
    await herd.stop();
    await standIn.close();
  });
  const nameOfFirst = async (client: string, bound: number): Promise<string | undefined> =>
    documentIn(await exchange(port, `WHATSAT ${client} 10 ${bound}\n`)).results[0]?.name;

  test('the first answers; when it fails the second, and when that fails too the third', async () => {
    assert.equal(await nameOfFirst('kiwi', 5), 'Place 1');
    assert.deepEqual(
      standIn.requests.map(({ path }) => path),
      ['/v1/places:searchNearby'],
    );
    standIn.behaviours = { google: 'server-error' };
    assert.equal(await nameOfFirst('kiwi', 2), 'Bäckerei "Süß"');
    standIn.behaviours = { google: 'over-query-limit', overpass: 'html' };
    assert.equal(await nameOfFirst('plane', 5), 'Paris');
    standIn.behaviours = { google: 'zero-results', overpass: 'zero-results' };
    assert.equal(await nameOfFirst('plane', 6), 'Paris');
    const calls = await herd.logged('Goloman', 9, ({ event }) => /^places (answered|failed)$/.test(String(event)));
    assert.deepEqual(
      calls.map(({ provider, status, event }) => `${provider} ${status ?? event}`),
      [
        'google OK',
        'google places failed',
        'overpass OK',
        'google OVER_QUERY_LIMIT',
        'overpass places failed',
        'embedded OK',
        'google ZERO_RESULTS',
        'overpass ZERO_RESULTS',
        'embedded OK',
      ],
    );
    assert.ok(calls.every(({ durationMs }) => typeof durationMs === 'number'));
  });

  test('when nobody has anything the answer says so', async () => {
    standIn.behaviours = { google: 'request-denied', overpass: 'server-error' };
    assert.equal(documentIn(await exchange(port, 'WHATSAT ship 10 5\n')).status, 'ZERO_RESULTS');
  });

  test('the counters say who was asked and who answered', async () => {
    const none = { asked: 0, answered: 0, nothing: 0, refused: 0, failed: 0, skipped: 0 };
    assert.deepEqual(await placesStatus(herd), [
      { ...none, provider: 'google', asked: 5, answered: 1, nothing: 1, refused: 2, failed: 1 },
      { ...none, provider: 'overpass', asked: 4, answered: 1, nothing: 1, failed: 2 },
      { ...none, provider: 'embedded', asked: 3, answered: 2, nothing: 1 },
    ]);
  });

  test('identical lookups of several clients are one request, and each gets the whole answer', async () => {
    standIn.behaviours = { google: 'held' };
    const replies = ['one', 'two', 'three'].map(() => exchange(port, 'WHATSAT kiwi 10 9\n'));
    const leaver = await Client.connect(port);
    leaver.send('WHATSAT kiwi 10 9\n');
    await herd.logged('Goloman', 4, ({ event, line }) => event === 'received' && line === 'WHATSAT kiwi 10 9');
    leaver.socket.resetAndDestroy();
    standIn.release();
    const [first, ...others] = await Promise.all(replies);
    assert.equal(documentIn(first ?? '').results.length, 9);
    for (const other of others) assert.equal(other, first);
    assert.equal(standIn.requests.length, 1);
  });

  test('the key is in no file, no argument and no output', () => {
    const everything = everythingOf(herd.directory, [...herd.processes.values()]);
    assert.ok(everything.includes('places answered') && everything.includes('serve'));
    for (const form of [KEY, encodeURIComponent(KEY), 'a-secret-key']) assert.ok(!everything.includes(form), form);
  });
});

describe('drover places near --places', () => {
  let standIn: NearbyStandIn;
  before(async () => {
    standIn = await NearbyStandIn.start();
  });
  after(() => standIn.close());
  const near = (places: string, env: Record<string, string> = {}) =>
    drover(['places', 'near', '34.068930,-118.445127', '--limit', '1', '--keyword', 'a', '--places', places], {
      DROVER_GOOGLE_KEY: KEY,
      DROVER_GOOGLE_URL: standIn.url,
      DROVER_OVERPASS_URL: standIn.url,
      ...env,
    });

  test('asks providers elsewhere, and says which of them had no answer', async () => {
    const first = await near('google,embedded');
    assert.deepEqual([first.code, first.stdout.trimEnd()], [0, '0.00 km  a Place 1  cafe  0 Main Street']);
    standIn.behaviours = { google: 'server-error', 'google-legacy': 'request-denied', overpass: 'places' };
    const second = await near('google,google-legacy,overpass');
    const reasons =
      'google: Google failed: HTTP 503\ngoogle-legacy: REQUEST_DENIED: The provided API key is invalid.\n';
    assert.deepEqual([second.code, second.stderr], [0, reasons]);
    assert.match(second.stdout, /^0\.01 km {2}Bäckerei/);
  });

  test('without an answer says why, in one line; without a key what Google says', async () => {
    standIn.behaviours = { google: 'html' };
    const failed = await near('google');
    assert.deepEqual([failed.code, failed.stdout], [1, '']);
    assert.match(failed.stderr, /^drover: google: Google's answer is of no use: HTTP 200, .*\n$/);
    standIn.behaviours = {};
    assert.match(
      (await near('google-legacy', { DROVER_GOOGLE_KEY: '' })).stdout,
      /^No places \(REQUEST_DENIED: You must/,
    );
    const about = await drover(['places', 'about', '--places', 'overpass']);
    assert.match(about.stdout, /^Each answer carries its own attributions/);
    const slip = await near('goggle');
    assert.deepEqual([slip.code, slip.stderr.includes('there is no provider "goggle"')], [2, true]);
  });
});

describe('google and google-legacy, from a file', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'drover-chain-'));
  const configFile = path.join(directory, 'herd.json');
  let standIn: NearbyStandIn;
  let server: Process;
  let port: number;
  const start = async (): Promise<void> => {
    server = new Process(['serve', 'Goloman', '--config', configFile, '--data', directory]);
    await server.printed(/listens on/);
  };
  const status = async (): Promise<ServerStatus> => {
    const { stdout } = await drover(['status', '--json', '--config', configFile, '--data', directory]);
    return (JSON.parse(stdout) as { servers: ServerStatus[] }).servers[0] as ServerStatus;
  };

  before(async () => {
    standIn = await NearbyStandIn.start();
    port = clientPort('Goloman', await freePortOffset());
    writeFileSync(path.join(directory, 'google.key'), `${KEY}\n`);
    const google = { url: standIn.url, keyFile: 'google.key', fields: 'enterprise', requestsPerDay: 3 };
    const places = { provider: ['google', 'google-legacy'], google };
    writeFileSync(configFile, JSON.stringify({ herd: 'x', servers: { Goloman: { clientPort: port } }, places }));
    await start();
    await exchange(port, REPORTS);
  });
  after(async () => {
    await server.stop();
    await standIn.close();
    rmSync(directory, { recursive: true });
  });
  const statusOf = async (bound: number): Promise<string> =>
    documentIn(await exchange(port, `WHATSAT kiwi 10 ${bound}\n`)).status;

  test('when all refuse, the first one’s words are passed on, and the operator is told what would help', async () => {
    standIn.behaviours = { google: 'over-query-limit', 'google-legacy': LEGACY_NOT_ENABLED };
    assert.equal(await statusOf(1), 'OVER_QUERY_LIMIT');
    assert.equal(await statusOf(2), 'OVER_QUERY_LIMIT');
    await server.stop();
    const log = readFileSync(path.join(directory, 'Goloman.log'), 'utf8');
    assert.equal(log.split('places advice').length - 1, 1);
    assert.match(log, /"provider":"google-legacy","advice":".*use the provider google"/);
  });

  test('a restart does not forget what the day’s budget has paid for; when it is spent the next one is asked', async () => {
    await start();
    standIn.behaviours = {};
    standIn.requests.length = 0;
    const spent = (await status()).places.map(({ requestsToday, requestsPerDay }) => [requestsToday, requestsPerDay]);
    assert.deepEqual(spent, [
      [2, 3],
      [2, 3],
    ]);
    for (const bound of [3, 4]) assert.equal(await statusOf(bound), 'OK');
    assert.deepEqual(
      standIn.requests.map(({ path }) => path),
      ['/v1/places:searchNearby', '/maps/api/place/nearbysearch/json'],
    );
    assert.match(String(standIn.requests[0]?.headers['x-goog-fieldmask']), /places\.rating/);
    // Both are spent now.
    assert.equal(await exchange(port, 'WHATSAT kiwi 10 5\n'), '? WHATSAT kiwi 10 5\n');
  });

  test('the status says which providers there are, and the key is in nothing but its file', async () => {
    const { placesProvider } = await status();
    assert.equal(placesProvider, 'google,google-legacy');
    const everything = everythingOf(directory, [server]).replaceAll(
      readFileSync(path.join(directory, 'google.key'), 'latin1'),
      '',
    );
    assert.ok(everything.includes('places answered'));
    assert.ok(!everything.includes('a-secret-key'));
  });
});
