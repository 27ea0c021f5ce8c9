// What docs/importing-places.md shows is run, as it stands there; and a herd that answers from an imported file.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { madeFoursquare, madeOverture } from '../src/places/importing/made-parquet.ts';
import { placesFileFault } from '../src/places/places-file.ts';
import { exchange } from './client.ts';
import { drover, Herd, MAIN } from './processes.ts';

const inRepository = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'drover-import-'));
after(() => rmSync(folder, { recursive: true }));

const feature = {
  type: 'Feature',
  geometry: { type: 'Point', coordinates: [3.72, 51.05] },
  properties: { name: 'SMAK' },
};
const town = ['1', 'Vaduz', '', '', '47.14', '9.52', 'P', 'PPLC', 'LI', ...Array(10).fill('')].join('\t');
const EXAMPLES: Readonly<Record<string, string | Uint8Array>> = {
  'cities500.txt': `${town}\n`,
  'cafes.csv': 'title;latitude;longitude;kind\nMokabon;51.0547;3.7236;Coffee Shop\n',
  'museums.geojson': JSON.stringify({ type: 'FeatureCollection', features: [feature] }),
  'museums.geojsonseq': `\u001e${JSON.stringify(feature)}\n`,
  'places-00000.parquet': madeFoursquare(),
  'overture.parquet': madeOverture(),
};

before(() => {
  copyFileSync(inRepository('test-data/liechtenstein-2013-08-03.osm.pbf'), path.join(folder, 'liechtenstein.osm.pbf'));
  for (const [name, content] of Object.entries(EXAMPLES)) writeFileSync(path.join(folder, name), content);
});

function inFolder(command: string, variables = ''): Promise<{ code: number; output: string; errors: string }> {
  const words = `${variables} "${process.execPath}" "${MAIN}" ${command.replace(/^drover /, '')}`;
  return new Promise((resolve) => {
    execFile('sh', ['-c', words], { cwd: folder }, (error, output, errors) => {
      resolve({ code: error === null ? 0 : Number(error.code), output, errors });
    });
  });
}

describe('what the document shows', () => {
  const document = readFileSync(inRepository('docs/importing-places.md'), 'utf8');
  const blocks = [...document.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);
  const commands = blocks.flatMap((text) => text.replaceAll('\\\n', ' ').trim().split('\n'));
  const expected: Readonly<Record<string, RegExp>> = {
    'liechtenstein.osm.pbf':
      /^liechtenstein\.osm\.pbf \(osm\): 281 places, .*\nli\.places: 280 places, without 1 place that came twice/,
    'cities500.txt':
      /^cities500\.txt \(geonames\): 1 place\ncities500\.places: 1 place; .*\nUse them with --places file:cities500\.places\n$/,
    'cafes.csv': /^cafes\.csv \(csv\): 1 place\n/,
    'museums.geojson': /^museums\.geojson \(geojson\): 1 place\n/,
    'museums.geojsonseq': /^museums\.geojsonseq \(geojsonseq\): 1 place\n/,
    'places-00000.parquet':
      /^places-00000\.parquet \(foursquare\): 1 place, 2 left out .*, 2 wrong rows\nfoursquare\.places: 1 place; /,
    'overture.parquet': /^overture\.parquet \(overture\): 2 places, 2 left out /,
  };

  test('has an example of each format', () => {
    assert.deepEqual(commands.map((command) => command.split(' ')[3]).sort(), Object.keys(expected).sort());
  });
  for (const command of commands) {
    test(command, async () => {
      const { code, output, errors } = await inFolder(command);
      assert.equal(code, 0, errors);
      assert.match(output, expected[command.split(' ')[3] ?? ''] as RegExp);
    });
  }

  test('near and about answer from what was imported', async () => {
    await inFolder('places import liechtenstein.osm.pbf -o li.places');
    const near = await inFolder('places near 47.14,9.52 --places file:li.places --keyword KUNSTMUSEUM');
    assert.equal(near.output, '0.17 km  Kunstmuseum Liechtenstein  museum  Städtle 32, Vaduz\n');
    const about = await inFolder('places about --places file:li.places');
    assert.match(about.output, /OpenStreetMap\n {2}places {7}280\n.*file of .*\n {2}licence {6}ODbL-1\.0/);
  });
});

test('near asks whom the environment names, or else the configuration; the flag beats both', async () => {
  writeFileSync(
    path.join(folder, 'herd.json'),
    JSON.stringify({
      herd: 'x',
      servers: { A: { host: '127.0.0.1', clientPort: 17345 } },
      links: [],
      places: { provider: 'file:li.places' },
    }),
  );
  await inFolder('places import liechtenstein.osm.pbf -o li.places');
  const first = async (variables: string, flag = ''): Promise<string> => {
    const words = `places near 47.14,9.52 --limit 1 --type museum ${flag}`;
    return (await inFolder(words, variables)).output;
  };
  for (const variables of ['DROVER_PLACES=file:li.places', 'DROVER_CONFIG=herd.json']) {
    assert.match(await first(variables), /Kunstmuseum|museum/);
    assert.match(await first(variables, '--places embedded'), /^No places \(ZERO_RESULTS\)/);
  }
  assert.match(await first('DROVER_CONFIG=herd.json DROVER_PLACES=embedded'), /^No places/);
});

test('a tab between columns can be written', async () => {
  writeFileSync(path.join(folder, 'tabs.csv'), 'name\tlat\tlon\nHere\t1\t2\n');
  assert.match((await inFolder("places import tabs.csv --delimiter '\\t'")).output, /^tabs\.csv \(csv\): 1 place\n/);
});

describe('an import that fails', () => {
  test('says why in one line, with exit code 1, and leaves what was there', async () => {
    writeFileSync(path.join(folder, 'page.csv'), '<!doctype html>\n<title>404</title>\n');
    await inFolder('places import cities500.txt -o kept.places');
    const kept = readFileSync(path.join(folder, 'kept.places'));
    const { code, output, errors } = await inFolder('places import page.csv -o kept.places');
    assert.deepEqual([code, output], [1, '']);
    assert.equal(
      errors,
      'drover: page.csv cannot be imported: it has no column "name"; its first line has "<!doctype html>"\n',
    );
    assert.deepEqual(readFileSync(path.join(folder, 'kept.places')), kept);
  });

  test('wrong rows are told, each with its line, and the number of the others', async () => {
    writeFileSync(path.join(folder, 'rows.csv'), `name,lat,lon\nHere,1,2\n${'There,91,2\n'.repeat(12)}`);
    const { code, output, errors } = await inFolder('places import rows.csv');
    assert.equal(code, 0);
    assert.match(output, /^rows\.csv \(csv\): 1 place, 12 wrong rows\n/);
    assert.match(
      errors,
      /^rows\.csv: line 3: latitude 91 is not within -90 and 90\n(.*\n){9}rows\.csv: and 2 more wrong rows\n$/,
    );
  });

  test('stopped while it writes, it leaves nothing half done', async () => {
    const target = path.join(folder, 'stopped');
    mkdirSync(target);
    const rows = Array.from({ length: 60_000 }, (_, row) => `Place ${row},${(row % 170) - 85},${(row % 350) - 175}\n`);
    writeFileSync(path.join(folder, 'long.csv'), `name,lat,lon\n${rows.join('')}`);
    const words = [MAIN, 'places', 'import', path.join(folder, 'long.csv'), '-o', path.join(target, 'long.places')];
    const child = spawn(process.execPath, words, { stdio: 'ignore' });
    const watcher = watch(target, () => child.kill('SIGINT'));
    await once(child, 'exit');
    watcher.close();
    assert.deepEqual(readdirSync(target), ['long.places']);
    assert.equal(placesFileFault(path.join(target, 'long.places')), undefined);
  });

  for (const [words, code, message] of [
    ['places import', 2, /missing required argument 'file'/],
    ['places import x.csv --format xls', 2, /Allowed choices are osm, geonames/],
    ['places import x.csv --url ftp://x', 2, /'ftp:\/\/x' is invalid\. It must be an http:\/\/ or https:\/\/ address/],
    ["places import x.csv --delimiter ''", 2, /It must have at least one character/],
    ['places import x.csv', 1, /^drover: x\.csv cannot be imported: ENOENT/],
    ['places near 1,2 --places file:cafes.csv', 1, /cafes\.csv cannot be used: it is not a \.places file/],
    ['places near 1,2 --places bing', 2, /--places: there is no provider "bing"/],
    [
      'up --places file:gone.places',
      1,
      /in the command line:\n {2}--places: the places in .*gone\.places cannot be used: there is no such file/,
    ],
  ] as const) {
    test(words, async () => {
      const result = await inFolder(words);
      assert.equal(result.code, code);
      assert.match(result.errors, message);
    });
  }
});

test('a herd answers WHATSAT from an imported file', async () => {
  const file = path.join(folder, 'herd.places');
  assert.equal((await drover(['places', 'import', path.join(folder, 'liechtenstein.osm.pbf'), '-o', file])).code, 0);
  const herd = await Herd.start(['Goloman'], { DROVER_PLACES: `file:${file}` });
  try {
    const reply = await exchange(
      herd.port('Goloman'),
      'IAMAT kiwi +47.14+009.52 1520023934.918963997\nWHATSAT kiwi 1 3\n',
    );
    const answer = reply.slice(reply.indexOf('{'));
    const { status, results, html_attributions } = JSON.parse(Buffer.from(answer, 'latin1').toString()) as {
      status: string;
      results: { name: string }[];
      html_attributions: string[];
    };
    assert.equal(status, 'OK');
    assert.deepEqual(
      results.map((place) => place.name),
      ['Coop', 'Vaduz VP Bank', 'Lett'],
    );
    assert.match(html_attributions.join(), /OpenStreetMap contributors/);
  } finally {
    await herd.stop();
  }
});
