// What tests of providers ask, and how they look at what went wrong.
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { PlacesError, type PlacesProvider, type PlacesQuery } from './provider.ts';
import { NearbyStandIn } from './stand-in.ts';
import type { SuiteSubject } from './suite.ts';

export const KEY = 'AIza/secret+key&with=signs';

export const QUERY: PlacesQuery = {
  latitude: 34.06893,
  longitude: -118.445127,
  latitudeLongitude: '34.068930,-118.445127',
  radiusKm: 10,
  limit: 20,
};

/** The 20 nearest within 10 km of a position, unless said otherwise. */
export const queryAt = (latitude: number, longitude: number, query: Partial<PlacesQuery> = {}): PlacesQuery => ({
  latitude,
  longitude,
  latitudeLongitude: `${latitude},${longitude}`,
  radiusKm: 10,
  limit: 20,
  ...query,
});

/** The error of a lookup, with proof that it does not hold the key in any form. */
export async function failure(answer: Promise<unknown>): Promise<PlacesError> {
  const error = await answer.then(
    () => assert.fail('it was answered'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof PlacesError);
  const everything = inspect(error, { depth: 10, showHidden: true });
  for (const form of [KEY, encodeURIComponent(KEY), 'secret']) assert.ok(!everything.includes(form));
  return error;
}

/** Checked again after each turn of the event loop; the test runner's own limit ends a wait in vain. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** For the suite: a provider that asks a stand-in for Google, which has places near `QUERY`, and none within 0 km. */
export async function googleSubject(make: (url: string) => PlacesProvider): Promise<SuiteSubject> {
  const standIn = await NearbyStandIn.start();
  const provider = make(standIn.url);
  return {
    provider: {
      name: provider.name,
      near: (query, signal) => {
        standIn.behaviour = query.radiusKm === 0 ? 'zero-results' : 'places';
        return provider.near(query, signal);
      },
      about: () => provider.about(),
      close: () => provider.close(),
    },
    busy: QUERY,
    empty: { ...QUERY, radiusKm: 0 },
    stop: () => standIn.close(),
  };
}
