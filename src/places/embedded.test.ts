import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { EmbeddedProvider } from './embedded.ts';
import { queryAt as at } from './made-queries.ts';
import type { PlacesQuery } from './provider.ts';
import { providerSuite } from './suite.ts';

interface Result {
  readonly name: string;
  readonly place_id: string;
  readonly types: readonly string[];
  readonly vicinity?: string;
}

const signal = new AbortController().signal;

const LOS_ANGELES = at(34.06893, -118.445127);
const MONTEVIDEO = at(-34.9059, -56.1913);
const OCEAN = at(0, -150);

providerSuite('embedded', async () => ({ provider: new EmbeddedProvider(), busy: LOS_ANGELES, empty: OCEAN }));

describe('the places that come with Drover', () => {
  const provider = new EmbeddedProvider();
  after(() => provider.close());
  const text = async (query: PlacesQuery): Promise<string> =>
    Buffer.from(await provider.near(query, signal)).toString();
  const results = async (query: PlacesQuery): Promise<Result[]> =>
    (JSON.parse(await text(query)) as { results: Result[] }).results;
  const names = async (query: PlacesQuery): Promise<string[]> => (await results(query)).map((result) => result.name);

  test('know the neighbourhoods of Los Angeles and its airport, and no helipads', async () => {
    const found = await results(LOS_ANGELES);
    assert.ok(found.length >= 15);
    assert.deepEqual(
      found.slice(0, 2).map((result) => result.name),
      ['Bel Air', 'Westwood'],
    );
    assert.ok(found.some((result) => result.name === 'Santa Monica Municipal Airport'));
    assert.ok(found.every((result) => !result.types.includes('heliport')));
    assert.equal(found[0]?.vicinity, 'Los Angeles County, California, United States');
  });

  test('know the helipads when asked for them', async () => {
    const found = await results({ ...LOS_ANGELES, type: 'heliport' });
    assert.equal(found.length, 20);
    assert.ok(found.every((result) => result.types[0] === 'heliport'));
  });

  test('know cafés and restaurants in the two regions of OpenStreetMap data', async () => {
    for (const type of ['cafe', 'restaurant', 'pharmacy']) {
      assert.equal((await results({ ...MONTEVIDEO, type })).length, 20);
    }
    const astana = await names(at(51.1605, 71.4704, { type: 'cafe' }));
    assert.ok(astana.some((name) => /\p{Script=Cyrillic}/u.test(name)));
  });

  test('a type that nobody has finds nothing', async () => {
    assert.match(await text({ ...LOS_ANGELES, type: 'volcano' }), /"ZERO_RESULTS"/);
  });

  test('nothing within the radius', async () => {
    const nothing = '{\n   "html_attributions" : [],\n   "results" : [],\n   "status" : "ZERO_RESULTS"\n}';
    assert.equal(await text(OCEAN), nothing);
  });

  test('none wanted where there are some: the status still says that there are', async () => {
    const none = '{\n   "html_attributions" : [],\n   "results" : [],\n   "status" : "OK"\n}';
    assert.equal(await text({ ...LOS_ANGELES, limit: 0 }), none);
  });

  test('are credited in the answer just as far as they are in it', async () => {
    const localities = await text({ ...LOS_ANGELES, limit: 1 });
    assert.match(localities, /GeoNames/);
    assert.doesNotMatch(localities, /OurAirports|OpenStreetMap/);
    assert.match(await text({ ...MONTEVIDEO, limit: 1 }), /OpenStreetMap contributors/);
  });

  test('are about 240,000, of two licences', async () => {
    const about = await provider.about();
    const places = about.reduce((sum, source) => sum + source.places, 0);
    assert.ok(places > 235_000 && places < 245_000);
    assert.deepEqual([...new Set(about.map((source) => source.licence))], ['CC-BY-4.0', 'ODbL-1.0']);
  });

  test('are given at once after the first lookup', async () => {
    await provider.near(LOS_ANGELES, signal);
    assert.ok(provider.near(LOS_ANGELES, signal) instanceof Uint8Array);
  });
});
