// Lookups over many chunks, compared with looking at every place.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { distanceKm } from '../wire/distance.ts';
import { FileLookup } from './file-lookup.ts';
import { type MadePlace, withFolder, writeMadePlaces } from './made-places.ts';
import { cutNearbyJson } from './nearby-json.ts';
import { PlacesError, type PlacesQuery } from './provider.ts';

/** Crowds where it is hard: at both poles, on both sides of the antimeridian, at the equator, and all over the world. */
const CROWDS = [
  { latitude: 90, longitude: 0 },
  { latitude: -90, longitude: 77 },
  { latitude: 10, longitude: 180 },
  { latitude: -60, longitude: -180 },
  { latitude: 0, longitude: 0 },
  { latitude: 51.5, longitude: -0.1 },
];

const COLOURS = ['Red', 'Grün', 'ΛΕΥΚΟΣ', 'gelb'];
const TYPES = ['cafe', 'museum', 'heliport'];
/** So many that crowds have several chunks, and a chunk several crowds. */
const PLACES_EACH = 1500;

/** A small linear congruential generator: the same places in each run. */
function* chances(): Generator<number, never> {
  for (let state = 1; ; state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) yield state / 0x80000000;
}

function crowd(): MadePlace[] {
  const chance = chances();
  const next = (): number => chance.next().value;
  const near = (
    { latitude, longitude }: { latitude: number; longitude: number },
    spread: number,
    at: number,
  ): MadePlace => {
    const wide = Math.abs(latitude) === 90 ? 360 : spread;
    const east = longitude + (next() - 0.5) * wide;
    return {
      name: `${COLOURS[at % COLOURS.length]} place ${at}`,
      latitude: Math.max(-90, Math.min(90, latitude + (next() - 0.5) * spread)),
      longitude: east > 180 ? east - 360 : east < -180 ? east + 360 : east,
      types: [TYPES[at % TYPES.length] ?? ''],
    };
  };
  const crowded = CROWDS.flatMap((center) => Array.from({ length: PLACES_EACH }, (_, at) => near(center, 1, at)));
  return [...crowded, ...Array.from({ length: PLACES_EACH }, (_, at) => near({ latitude: 0, longitude: 0 }, 170, at))];
}

const positions = fc.oneof(
  fc.record({
    latitude: fc.double({ min: -90, max: 90, noNaN: true }),
    longitude: fc.double({ min: -180, max: 180, noNaN: true }),
  }),
  fc
    .tuple(
      fc.constantFrom(...CROWDS),
      fc.double({ min: -0.5, max: 0.5, noNaN: true }),
      fc.double({ min: -0.5, max: 0.5, noNaN: true }),
    )
    .map(([{ latitude, longitude }, north, east]) => ({
      latitude: Math.max(-90, Math.min(90, latitude + north)),
      longitude: Math.abs(longitude + east) > 180 ? -longitude + east : longitude + east,
    })),
);

const signal = new AbortController().signal;
const places = crowd();
// A set of two files, as the one that comes with Drover. They stay open when their folder is gone.
const lookup = await withFolder((folder) => openHalves(folder));
after(() => lookup.close());

function openHalves(folder: string, keptBytes?: number): FileLookup {
  const files = ['a.places', 'b.places'].map((name) => path.join(folder, name));
  for (const [half, file] of files.entries()) {
    writeMadePlaces(
      file,
      places.filter((_, at) => at % 2 === half),
    );
  }
  return new FileLookup(files, keptBytes);
}

interface Found {
  readonly name: string;
  readonly types: readonly string[];
  readonly geometry: { readonly location: { readonly lat: number; readonly lng: number } };
}

async function find(query: PlacesQuery, on = lookup): Promise<Found[]> {
  const document = await on.near(query, signal);
  // It need not be cut, nor read for what it says of itself.
  const { json, status } = cutNearbyJson(document, query.limit);
  assert.deepEqual([Buffer.from(json), status], [Buffer.from(document), on.statusOf(document)]);
  return (JSON.parse(Buffer.from(document).toString()) as { results: Found[] }).results;
}

type Filter = Pick<PlacesQuery, 'type' | 'keyword'>;

function isWanted({ name, types }: Pick<Found, 'name' | 'types'>, { type, keyword = '' }: Filter): boolean {
  const own = types[0] ?? '';
  if (type === undefined ? own === 'heliport' : own !== type) return false;
  return [name, own].some((text) => text.toUpperCase().includes(keyword.toUpperCase()));
}

async function compareWithBruteForce(query: PlacesQuery): Promise<void> {
  const { latitude, longitude, radiusKm, limit } = query;
  const expected = places
    .filter((place) => isWanted({ types: [], ...place }, query))
    .map((place) => distanceKm(latitude, longitude, asStored(place.latitude), asStored(place.longitude)))
    .filter((distance) => distance <= radiusKm)
    .sort((one, other) => one - other)
    .slice(0, limit);
  const found = await find(query);
  assert.ok(found.every((place) => isWanted(place, query)));
  assert.equal(found.length, expected.length);
  for (const [at, { geometry }] of found.entries()) {
    const distance = distanceKm(latitude, longitude, geometry.location.lat, geometry.location.lng);
    // Two formulas round differently: a nanometre here decides nothing.
    assert.ok(Math.abs(distance - (expected[at] ?? 0)) < 1e-6);
  }
}

const asStored = (degrees: number): number => Math.round(degrees * 1e7) / 1e7;

describe('a lookup', () => {
  test('property: finds what brute force finds, nearest first', async () => {
    const optional = <Value>(...values: Value[]): fc.Arbitrary<Value | undefined> =>
      fc.option(fc.constantFrom(...values), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(
        positions,
        fc.integer({ min: 0, max: 20 }),
        fc.double({ min: 0, max: 50, noNaN: true }),
        optional(...TYPES, 'nothing'),
        optional('red', 'GRÜN', 'λευκοσ', 'place 7', 'cafe', 'nobody'),
        async ({ latitude, longitude }, limit, radiusKm, type, keyword) => {
          const filter = { ...(type && { type }), ...(keyword && { keyword }) };
          await compareWithBruteForce({ latitude, longitude, latitudeLongitude: '', radiusKm, limit, ...filter });
        },
      ),
      { numRuns: 400 },
    );
  });

  test('with little memory gives the same, and keeps little', () =>
    withFolder(async (folder) => {
      const small = openHalves(folder, 300_000);
      for (const { latitude, longitude } of [...CROWDS, ...CROWDS]) {
        const query = { latitude, longitude, latitudeLongitude: '', radiusKm: 50, limit: 20, keyword: 'ELB' };
        assert.deepEqual(await find(query, small), await find(query));
      }
      small.close();
    }));

  test('many at once, all of them with something to wait for', () =>
    withFolder(async (folder) => {
      const cold = openHalves(folder);
      const query = { latitude: 51.5, longitude: -0.1, latitudeLongitude: '', radiusKm: 50, limit: 20 };
      const answers = await Promise.all(Array.from({ length: 20 }, () => find(query, cold)));
      for (const answer of answers) assert.deepEqual(answer, answers[0]);
      assert.ok(cold.near(query, signal) instanceof Uint8Array, 'then nothing is waited for');
      cold.close();
      cold.close();
    }));

  test('ends when the client is gone', () =>
    withFolder(async (folder) => {
      const cold = openHalves(folder);
      const query = { latitude: 51.5, longitude: -0.1, latitudeLongitude: '', radiusKm: 50, limit: 20 };
      await assert.rejects(async () => cold.near(query, AbortSignal.abort()), PlacesError);
      cold.close();
    }));

  test('within a radius of nothing finds what is just there', async () => {
    const { latitude, longitude, name, types } = places[17] ?? assert.fail();
    const there = { latitude: asStored(latitude), longitude: asStored(longitude), latitudeLongitude: '' };
    const found = await find({ ...there, radiusKm: 0, limit: 5, type: types?.[0] ?? '' });
    assert.deepEqual(
      found.map((place) => place.name),
      [name],
    );
  });
});
