// What a configuration means, and that everything wrong with one is said at once.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { writeMadePlaces } from '../places/made-places.ts';
import { ConfigError, type ConfigSources, type HerdConfig, loadConfig, neighboursOf } from './config.ts';

const directory = mkdtempSync(path.join(os.tmpdir(), 'drover-config-'));
test.after(() => rmSync(directory, { recursive: true, force: true }));

let files = 0;
function fileWith(content: string | object): string {
  files += 1;
  const file = path.join(directory, `herd-${files}.json`);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

async function faultsOf(sources: Partial<ConfigSources>): Promise<string[]> {
  const loaded = await loadConfig({ env: {}, ...sources }).catch((error: unknown) => error);
  assert.ok(loaded instanceof ConfigError, 'expected a ConfigError');
  for (const { path: where, message } of loaded.faults) assert.ok(loaded.message.includes(`${where}: ${message}`));
  return loaded.faults.map((fault) => `${fault.path}: ${fault.message}`);
}

const inFile = (content: string | object): Promise<string[]> => faultsOf({ configFile: fileWith(content) });

function loadFile(content: object, more: Partial<ConfigSources> = {}): Promise<HerdConfig> {
  return loadConfig({ env: {}, configFile: fileWith(content), ...more });
}

function namesNear(config: HerdConfig, name: string): string[] {
  return neighboursOf(config, name).map((server) => server.name);
}

test('the built-in herd has five servers that talk along the published edges', async () => {
  const config = await loadConfig({ env: {} });
  assert.equal(config.herd, 'ucla');
  assert.deepEqual(config.servers.get('Welsh'), {
    name: 'Welsh',
    host: '127.0.0.1',
    listenHost: '127.0.0.1',
    clientPort: 17348,
    peerPort: 18348,
    httpPort: 19348,
  });
  assert.deepEqual(namesNear(config, 'Goloman'), ['Hands', 'Holiday', 'Wilkes']);
  assert.deepEqual(namesNear(config, 'Hands'), ['Goloman', 'Wilkes']);
  assert.deepEqual(namesNear(config, 'Holiday'), ['Goloman', 'Welsh', 'Wilkes']);
  assert.deepEqual(namesNear(config, 'Welsh'), ['Holiday']);
  assert.deepEqual(namesNear(config, 'Wilkes'), ['Goloman', 'Hands', 'Holiday']);
  assert.deepEqual(config.places, { providers: ['embedded'], timeoutMs: 10_000 });
  assert.deepEqual(config.limits, { lineBytes: 65_536, expireAfterHours: 720 });
  assert.deepEqual(config.log, { traffic: true });
  assert.deepEqual(config.warnings, []);
});

test('the port offset moves every port, and out of range is a fault', async () => {
  const moved = await loadConfig({ env: {}, portOffset: 20_000 });
  assert.equal(moved.servers.get('Goloman')?.clientPort, 37345);
  assert.equal(moved.servers.get('Wilkes')?.httpPort, 39349);
  const faults = await faultsOf({ portOffset: 46_190 });
  assert.deepEqual(faults.length, 4);
  assert.match(
    faults[0] ?? '',
    /^servers\.Hands\.httpPort: must be from 1 to 65535 .*19346, with the port offset 65536\)$/,
  );
});

test('a file with everything left out that can be', async () => {
  const config = await loadFile({
    $schema: './drover.schema.json',
    herd: 'farm',
    servers: { Barn: { clientPort: 5000 } },
  });
  assert.deepEqual(config.servers.get('Barn'), {
    name: 'Barn',
    host: '127.0.0.1',
    listenHost: '127.0.0.1',
    clientPort: 5000,
    peerPort: 6000,
    httpPort: 7000,
  });
  assert.deepEqual(config.links, []);
  assert.deepEqual(config.log, { traffic: true });
  assert.equal(config.secretFile, undefined);
});

test('a file with everything in it; relative paths start at the file', async () => {
  writeFileSync(path.join(directory, 'google.key'), 'AbC-123\n');
  writeFileSync(path.join(directory, 'herd.secret'), 'ab'.repeat(32));
  const config = await loadFile({
    herd: 'farm',
    servers: {
      Barn: { host: 'barn.example', clientPort: 5000, peerPort: 5001, httpPort: 5002 },
      Gate: { host: '::1', clientPort: 5000 },
    },
    links: [['Gate', 'Barn']],
    places: { provider: 'google-legacy', url: 'http://127.0.0.1:9/maps', keyFile: 'google.key', timeoutMs: 250 },
    limits: { lineBytes: 256 },
    log: { traffic: false },
    secretFile: 'herd.secret',
  });
  assert.deepEqual(config.places, {
    providers: ['google-legacy'],
    timeoutMs: 250,
    google: { url: 'http://127.0.0.1:9/maps', key: 'AbC-123', fields: 'pro' },
  });
  assert.deepEqual(config.limits, { lineBytes: 256, expireAfterHours: 720 });
  assert.deepEqual(config.log, { traffic: false });
  assert.equal(config.secretFile, path.join(directory, 'herd.secret'));
  assert.deepEqual(config.warnings, []);
  assert.deepEqual(namesNear(config, 'Barn'), ['Gate']);
});

test('every fault of a file is listed with its path', async () => {
  const faults = await inFile({
    servers: {
      'two words': { clientPort: 1 },
      '.hidden': { clientPort: 2 },
      'a/b': { clientPort: 3 },
      Barn: { clientPort: '5000', peerPort: 70_000, colour: 'red' },
      Gate: { host: 7, clientPort: 5000.5, httpPort: 0 },
      Hill: {},
    },
    links: [
      ['Barn', 'Nowhere'],
      ['Gate', 'Gate'],
      ['Barn', 'Gate'],
      ['Gate', 'Barn'],
      ['Barn'],
      ['a/b', 'Barn', 'Gate'],
    ],
    places: {
      provider: ['bing', 7, 'google', 'google'],
      timeoutMs: 99,
      google: { fields: 'all', requestsPerDay: 0, cacheMinutes: 1 },
      overpass: { cacheMinutes: -1, url: 'ftp://x', keyFile: 'k' },
    },
    limits: { lineBytes: 255 },
    log: { traffic: 'false', level: 'info' },
    secretFile: '',
    extra: true,
  });
  const expected = [
    /^herd: is missing: a string is needed$/,
    /^servers\["two words"\]: must be 1 to 64 printable ASCII/,
    /^servers\["\.hidden"\]: must be 1 to 64 printable ASCII/,
    /^servers\["a\/b"\]: must be 1 to 64 printable ASCII/,
    /^servers\.Barn\.clientPort: must be a number, not "5000"$|^servers\.Barn\.clientPort: must be a whole number, not "5000"$/,
    /^servers\.Barn\.peerPort: must be at most 65535, not 70000$/,
    /^servers\.Barn\.colour: is not a key that Drover knows/,
    /^servers\.Gate\.host: must be a string, not 7$/,
    /^servers\.Gate\.clientPort: must be a whole number, not 5000\.5$/,
    /^servers\.Gate\.httpPort: must be at least 1, not 0$/,
    /^servers\.Hill\.clientPort: is missing: a (whole )?number is needed$/,
    /^links\[0\]\[1\]: there is no server "Nowhere" \(there are .*Barn, Gate, Hill\)$/,
    /^links\[1\]: links Gate with itself/,
    /^links\[3\]: repeats links\[2\]/,
    /^links\[4\]/,
    /^links\[5\]: must name exactly two servers$/,
    /^places\.provider: must be a provider's name, or a list of them$/,
    /^places\.provider\[0\]: there is no provider "bing": use embedded, google, google-legacy, overpass or file:PATH$/,
    /^places\.provider\[2\]: google stands there twice/,
    /^places\.google\.fields: must be "pro" or "enterprise"$/,
    /^places\.google\.requestsPerDay: must be at least 1, not 0$/,
    /^places\.google\.cacheMinutes: is not a key that Drover knows/,
    /^places\.overpass\.cacheMinutes: must be at least 0, not -1$/,
    /^places\.overpass\.keyFile: is not a key that Drover knows/,
    /^places\.overpass\.url: must be a whole http/,
    /^places\.timeoutMs: must be at least 100, not 99$/,
    /^limits\.lineBytes: must be at least 256, not 255$/,
    /^log\.traffic: must be a boolean, not "false"$/,
    /^log\.level: is not a key that Drover knows/,
    /^secretFile: must not be empty$/,
    /^extra: is not a key that Drover knows/,
  ];
  for (const pattern of expected)
    assert.ok(
      faults.some((fault) => pattern.test(fault)),
      `${pattern} in\n${faults.join('\n')}`,
    );
  assert.equal(faults.length, expected.length, faults.join('\n'));
});

test('no line may be taken that the herd could not pass on', async () => {
  const servers = { A: { clientPort: 1 } };
  assert.equal((await loadFile({ herd: 'x', servers, limits: { lineBytes: 131_072 } })).limits.lineBytes, 131_072);
  const tooLong = await inFile({ herd: 'x', servers, limits: { lineBytes: 131_073 } });
  assert.deepEqual(tooLong, ['limits.lineBytes: must be at most 131072, not 131073']);
});

test('two uses of one host and port meet, also through defaults and by another name', async () => {
  const faults = await inFile({
    herd: 'farm',
    servers: { Barn: { clientPort: 5000 }, Gate: { host: 'LOCALHOST', clientPort: 6000, peerPort: 5000 } },
  });
  assert.equal(faults.length, 2);
  assert.match(faults[0] ?? '', /^servers\.Gate\.clientPort: .*taken by servers\.Barn\.peerPort/);
  assert.match(faults[1] ?? '', /^servers\.Gate\.peerPort: .*taken by servers\.Barn\.clientPort/);
});

test('a derived port past the last one says where it came from', async () => {
  const faults = await inFile({ herd: 'farm', servers: { Barn: { clientPort: 65_000 } } });
  assert.equal(faults.length, 2);
  assert.match(faults[0] ?? '', /^servers\.Barn\.peerPort: .*left out, so clientPort \+ 1000 = 66000/);
});

test('text that is not JSON is answered with its line and column', async () => {
  assert.match((await inFile('{\n  "herd": "x",\n  "servers" {}\n}')).join(), /^line 3, column 1\d: not JSON: /);
  assert.match((await inFile('')).join(), /^line 1, column 1: not JSON/);
  assert.match((await inFile('{"herd": "a\nb"}')).join(), /^line 1, column 12: not JSON/);
  assert.match((await inFile('{"herd": "x",}')).join(), /^line 1, column 14: not JSON/);
  assert.match((await inFile('// no\n{}')).join(), /^line 1, column 1: not JSON/);
});

test('other things that are not a herd', async () => {
  assert.deepEqual(await inFile('[]'), ['the file: must be an object {...}, not a list']);
  assert.deepEqual(await inFile('null'), ['the file: must be an object {...}, not null']);
  assert.deepEqual(await inFile({ herd: 'x', servers: {} }), ['servers: is empty: a herd needs at least one server']);
  assert.deepEqual(await inFile({ herd: 'x', servers: [] }), ['servers: must be an object {...}, not a list']);
  const missing = path.join(directory, 'none.json');
  assert.deepEqual(await faultsOf({ configFile: missing }), ['the file: cannot be read: there is no such file']);
  const twice = '{"herd": "x", "servers": {"A": {"clientPort": 1},\n "A": {"clientPort": 2}}}';
  assert.match((await inFile(twice)).join(), /^servers\.A: is written twice, in lines 1 and 2/);
});

test('__proto__ is a name like any other', async () => {
  const ok =
    '{"herd": "x", "servers": {"__proto__": {"clientPort": 5}, "B": {"clientPort": 6}}, "links": [["B", "__proto__"]]}';
  const config = await loadConfig({ env: {}, configFile: fileWith(ok) });
  assert.deepEqual(namesNear(config, 'B'), ['__proto__']);
  assert.deepEqual(await inFile('{"herd": "x", "servers": {"__proto__": {"clientPort": 0}}}'), [
    'servers.__proto__.clientPort: must be at least 1, not 0',
  ]);
  assert.match(
    (await inFile('{"herd": "x", "servers": {"A": {"clientPort": 1}}, "__proto__": {}}')).join(),
    /^__proto__: is not a key/,
  );
  assert.match(
    (await inFile({ herd: 'x', servers: { A: { clientPort: 1 } }, links: [['A', 'toString']] })).join(),
    /^links\[0\]\[1\]: there is no server "toString" \(there is A\)$/,
  );
});

test('a herd in pieces works, with a warning', async () => {
  const servers = { A: { clientPort: 1 }, B: { clientPort: 2 }, C: { clientPort: 3 } };
  const { warnings } = await loadFile({ herd: 'x', servers, links: [['C', 'A']] });
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /2 pieces .*\(A\+C \| B\)/);
});

test('flags beat the environment, which beats the file', async () => {
  const google = {
    herd: 'x',
    servers: { A: { clientPort: 1 } },
    places: { provider: 'google-legacy', url: 'http://file.example/' },
  };
  const env = { DROVER_GOOGLE_KEY: 'k', DROVER_PLACES: '' };
  assert.equal((await loadFile(google, { env })).places.google?.url, 'http://file.example/');
  const fromEnv = await loadFile(google, { env: { ...env, DROVER_GOOGLE_URL: 'http://env.example/' } });
  assert.deepEqual(fromEnv.places, {
    providers: ['google-legacy'],
    timeoutMs: 10_000,
    google: { url: 'http://env.example/', key: 'k', fields: 'pro' },
  });
  const embedded = await loadFile(google, { env: { ...env, DROVER_PLACES: 'embedded' } });
  assert.deepEqual(embedded.places, { providers: ['embedded'], timeoutMs: 10_000 });
  const flag = await loadFile(google, { env: { ...env, DROVER_PLACES: 'embedded' }, places: 'google-legacy' });
  assert.deepEqual(flag.places.providers, ['google-legacy']);
  const byVariable = await loadConfig({ env: { DROVER_CONFIG: fileWith(google), DROVER_GOOGLE_KEY: 'k' } });
  assert.equal(byVariable.herd, 'x');
});

test('a provider that is not there is refused with what to use', async () => {
  assert.match(
    (await faultsOf({ env: { DROVER_PLACES: 'embedded,bing' } })).join(),
    /^DROVER_PLACES: there is no provider "bing": use embedded/,
  );
  assert.match((await faultsOf({ places: 'embedded, embedded' })).join(), /^--places: embedded stands there twice/);
  assert.match((await faultsOf({ places: 'google,' })).join(), /^--places: there is no provider ""/);
  assert.match((await faultsOf({ places: 'file:' })).join(), /^--places: there is no provider "file:"/);
  assert.match((await faultsOf({ places: '' })).join(), /^--places: there is no provider ""/);
});

test('several providers, in order, each with what belongs to it', async () => {
  const base = { herd: 'x', servers: { A: { clientPort: 1 } } };
  const long = {
    ...base,
    places: {
      provider: ['google', 'overpass', 'embedded'],
      google: { url: 'http://google.example/', fields: 'enterprise', requestsPerDay: 100 },
      overpass: { url: 'http://overpass.example/api', cacheMinutes: 5 },
    },
  };
  const env = { DROVER_GOOGLE_KEY: 'k' };
  assert.deepEqual((await loadFile(long, { env })).places, {
    providers: ['google', 'overpass', 'embedded'],
    timeoutMs: 10_000,
    google: { url: 'http://google.example/', key: 'k', fields: 'enterprise', requestsPerDay: 100 },
    overpass: { url: 'http://overpass.example/api', cacheMinutes: 5 },
  });
  const flagged = await loadFile(long, {
    env: { DROVER_OVERPASS_URL: 'http://env.example' },
    places: 'embedded, overpass',
  });
  assert.deepEqual(flagged.places, {
    providers: ['embedded', 'overpass'],
    timeoutMs: 10_000,
    overpass: { url: 'http://env.example', cacheMinutes: 5 },
  });
  const { overpass } = (await loadConfig({ env: { DROVER_PLACES: 'overpass' } })).places;
  assert.deepEqual(overpass, { cacheMinutes: 1440, requestsPerDay: 2000 });

  const short = { ...base, places: { provider: 'google,embedded', url: 'http://google.example/' } };
  assert.equal((await loadFile(short, { env })).places.google?.url, 'http://google.example/');
  // Written for Google, so Overpass is not asked there.
  assert.equal((await loadFile(short, { places: 'overpass' })).places.overpass?.url, undefined);
  const unclear = { ...base, places: { provider: 'google,overpass', url: 'http://x/', google: { url: 'http://y/' } } };
  assert.deepEqual(await inFile(unclear), [
    'places.url: is it for google or for overpass? Say places.google.url or places.overpass.url',
    'places.url: places.google.url says it too: one of them is enough',
  ]);
  assert.deepEqual(await inFile({ ...base, places: { provider: [] } }), ['places.provider: names no provider']);
  const wrong = { ...base, places: { provider: 'overpass', overpass: { url: 'overpass.example' } } };
  assert.match((await inFile(wrong)).join(), /^places\.overpass\.url: must be a whole http/);
  const lost = { ...base, places: { provider: ['google'], google: { keyFile: 'none.key' } } };
  assert.match((await inFile(lost)).join(), /^places\.google\.keyFile: cannot be read: ENOENT/);
});

test('an imported file is looked at before a server starts, and its path starts where it was written', async () => {
  writeMadePlaces(path.join(directory, 'my.places'), [{ name: 'Here', latitude: 1, longitude: 2 }]);
  writeFileSync(path.join(directory, 'my.csv'), 'name,latitude,longitude\n');
  const asking = (provider: unknown): string =>
    fileWith({ herd: 'x', servers: { A: { clientPort: 1 } }, places: { provider } });
  const mine = `file:${path.join(directory, 'my.places')}`;
  const byFile = await loadConfig({ configFile: asking(['file:my.places', 'embedded']), env: {} });
  assert.deepEqual(byFile.places.providers, [mine, 'embedded']);
  const relative = `file:${path.relative('.', path.join(directory, 'my.places'))}`;
  for (const sources of [{ places: relative, env: {} }, { env: { DROVER_PLACES: relative } }]) {
    assert.deepEqual((await loadConfig(sources)).places.providers, [mine]);
  }
  const other = { configFile: asking('file:my.csv'), env: {} };
  const csv = /the places in .*my\.csv cannot be used: it is not a \.places/.source;
  assert.match((await faultsOf(other)).join(), new RegExp(`^places\\.provider: ${csv}`));
  const second = { configFile: asking(['embedded', 'file:my.csv']) };
  assert.match((await faultsOf(second)).join(), new RegExp(`^places\\.provider\\[1\\]: ${csv}`));
  // Whoever only looks at the herd need not have it.
  await loadConfig({ ...other, purpose: 'find' });
});

test('keys and URLs: never shown, never sent to the wrong provider', async () => {
  const google = { env: { DROVER_PLACES: 'google-legacy', DROVER_GOOGLE_KEY: 'two words' } };
  assert.deepEqual(await faultsOf(google), ['DROVER_GOOGLE_KEY: must be one key in printable ASCII']);
  const badUrl = { DROVER_PLACES: 'google-legacy', DROVER_GOOGLE_KEY: 'k', DROVER_GOOGLE_URL: 'ftp://x' };
  assert.match((await faultsOf({ env: badUrl })).join(), /^DROVER_GOOGLE_URL: must be a whole http/);
  const { warnings } = await loadConfig({ env: { DROVER_PLACES: 'google-legacy' } });
  assert.match(warnings.join(), /google-legacy has no key/);
  const lost = {
    herd: 'x',
    servers: { A: { clientPort: 1 } },
    places: { provider: 'google-legacy', keyFile: 'none.key' },
  };
  assert.match((await inFile(lost)).join(), /^places\.keyFile: cannot be read: ENOENT/);
});

test('whatever JSON a file holds, the answer is a herd or a list of faults', async () => {
  const part = fc.jsonValue({ maxDepth: 3 });
  const servers = fc.dictionary(
    fc.oneof(fc.string({ maxLength: 3 }), fc.constant('A')),
    fc.oneof(part, fc.record({ clientPort: part })),
  );
  const links = fc.array(fc.oneof(part, fc.tuple(fc.constantFrom('A', 'B'), fc.constantFrom('A', 'B'))), {
    maxLength: 4,
  });
  const file = fc.oneof(
    part,
    fc.record({ herd: part, servers, links, places: part, limits: part }, { requiredKeys: [] }),
  );
  await fc.assert(
    fc.asyncProperty(file, async (content) => {
      const configFile = path.join(directory, 'any.json');
      writeFileSync(configFile, JSON.stringify(content));
      const loaded = await loadConfig({ env: {}, configFile }).catch((error: unknown) => error);
      if (loaded instanceof ConfigError) assert.ok(loaded.faults.length > 0);
      else assert.ok((loaded as HerdConfig).servers.size > 0, String(loaded));
    }),
    { numRuns: 300 },
  );
});
