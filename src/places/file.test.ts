import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { FileProvider } from './file.ts';
import { withFolder, writeMadePlaces } from './made-places.ts';
import { queryAt as at } from './made-queries.ts';
import { PlacesError, type PlacesQuery } from './provider.ts';
import { providerSuite } from './suite.ts';

const signal = new AbortController().signal;

const text = async (provider: FileProvider, query: PlacesQuery): Promise<string> =>
  Buffer.from(await provider.near(query, signal)).toString();

const NAME = 'file:two.places';
providerSuite(NAME, async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'drover-places-'));
  const file = path.join(folder, 'two.places');
  const twice = { name: 'Here', latitude: 1, longitude: 2 };
  writeMadePlaces(file, [twice, { ...twice, types: ['cafe'] }, { name: 'There', latitude: 1, longitude: 2 }]);
  const stop = async (): Promise<void> => rmSync(folder, { recursive: true });
  return { provider: new FileProvider(NAME, [file]), busy: at(1, 2), empty: at(-1, 2), stop };
});

test('prints as Google does', () =>
  withFolder(async (folder) => {
    const file = path.join(folder, 'a.places');
    writeMadePlaces(file, [{ name: 'Say\u2028 "hi"', latitude: -4, longitude: 0.5 }]);
    const provider = new FileProvider('file', [file]);
    assert.equal(
      (await text(provider, at(-4, 0.5))).replaceAll(/drv[0-9a-f]{16}/g, 'ID'),
      `{
   "html_attributions" : [ "<a href=\\"https://example.org/\\">Nobody</a>" ],
   "results" : [
      {
         "geometry" : {
            "location" : {
               "lat" : -4.0,
               "lng" : 0.5
            }
         },
         "name" : "Say\\u2028 \\"hi\\"",
         "place_id" : "ID",
         "reference" : "ID",
         "types" : [ "locality", "political" ]
      }
   ],
   "status" : "OK"
}`,
    );
    provider.close();
  }));

test('a place keeps its id when other places come', () =>
  withFolder(async (folder) => {
    const here = { name: 'Here', latitude: 1, longitude: 2 };
    const others = Array.from({ length: 100 }, (_, each) => ({
      name: `other ${each}`,
      latitude: each / 2,
      longitude: each + 0.5,
    }));
    const ids = await Promise.all(
      [[here], [...others, here]].map(async (places, set) => {
        const file = path.join(folder, `${set}.places`);
        writeMadePlaces(file, places);
        const provider = new FileProvider('file', [file]);
        return /"place_id" : "(drv[0-9a-f]{16})"/.exec(await text(provider, at(1, 2, { limit: 1 })))?.[1];
      }),
    );
    assert.ok(ids[0] !== undefined && ids[0] === ids[1]);
  }));

test('a damaged file is an error, and is tried again by the next lookup', () =>
  withFolder(async (folder) => {
    const file = path.join(folder, 'a.places');
    writeMadePlaces(file, [{ name: 'Here', latitude: 1, longitude: 2 }]);
    const whole = await readFile(file);
    await writeFile(file, whole.subarray(0, -1));
    const provider = new FileProvider('file', [file]);
    await assert.rejects(async () => provider.near(at(1, 2), signal), PlacesError);
    await writeFile(file, whole);
    assert.match(await text(provider, at(1, 2)), /"Here"/);
    provider.close();
  }));

test('a keyword is looked for in names and types, whatever its case', () =>
  withFolder(async (folder) => {
    const file = path.join(folder, 'a.places');
    const places = [
      { name: 'Gasthof Straße', types: ['restaurant'] },
      { name: 'ΟΔΟΣ', types: ['cafe'] },
      { name: 'Kino', types: ['movie_theater'] },
      { name: 'Cafe\u0301 Noir', types: ['bar'] },
      { name: 'Pad', types: ['heliport'] },
    ];
    writeMadePlaces(
      file,
      places.map((place) => ({ ...place, latitude: 1, longitude: 2 })),
    );
    const provider = new FileProvider('file', [file]);
    const names = async (query: Partial<PlacesQuery>): Promise<string[]> =>
      [...(await text(provider, at(1, 2, query))).matchAll(/"name" : "(.*)"/g)].map(([, name = '']) => name);
    assert.deepEqual(await names({ keyword: 'STRASSE' }), ['Gasthof Straße']);
    assert.deepEqual(await names({ keyword: 'οδος' }), ['ΟΔΟΣ']);
    assert.deepEqual(await names({ keyword: 'Movie Theater' }), ['Kino']);
    assert.deepEqual(await names({ keyword: 'movie_t' }), ['Kino']);
    assert.deepEqual(await names({ keyword: 'café' }), ['Cafe\u0301 Noir']);
    assert.deepEqual((await names({ keyword: 'a', type: 'cafe' })).length, 1);
    assert.deepEqual(await names({ keyword: 'pad' }), []);
    assert.deepEqual(await names({ keyword: 'pad', type: 'heliport' }), ['Pad']);
    assert.equal((await names({ keyword: '' })).length, 4);
    provider.close();
  }));
