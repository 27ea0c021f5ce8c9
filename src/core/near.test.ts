// The near index against brute force over the same distance, where it is hard: poles, the antimeridian, crowds at one spot.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chanceOf } from '../wire/chance.ts';
import { distanceKm, haversine, RADIANS_PER_DEGREE } from '../wire/distance.ts';
import { NEAR_TOGETHER_CLIENTS } from '../wire/limits.ts';
import { UNITS_PER_DEGREE } from '../wire/units.ts';
import { Moves, NOWHERE } from './moves.ts';
import { keptPosition, NearIndex } from './near.ts';
import { Nearest } from './nearest.ts';

interface Place {
  readonly latitude: number;
  readonly longitude: number;
}

/** Few spots, so that clients share them; poles, borders of cells and both names of the antimeridian among them. */
const spots = fc.oneof(
  fc.record({
    latitude: fc.constantFrom(-90, -89.9999999, -45, 0, 1e-7, 34.06893, 89.9999, 90),
    longitude: fc.constantFrom(-180, -179.9999999, -118.445127, 0, 1e-7, 90, 179.99, 180),
  }),
  fc.record({ latitude: fc.integer({ min: -90, max: 90 }), longitude: fc.integer({ min: -180, max: 180 }) }),
  fc.record({
    latitude: fc.double({ min: -90, max: 90, noNaN: true }),
    longitude: fc.double({ min: -180, max: 180, noNaN: true }),
  }),
  // A city, some centimetres of it, and some metres around a pole.
  fc.record({
    latitude: fc.double({ min: 34, max: 34.5, noNaN: true }),
    longitude: fc.double({ min: -118.5, max: -118, noNaN: true }),
  }),
  fc.record({
    latitude: fc.double({ min: 34, max: 34.0000005, noNaN: true }),
    longitude: fc.double({ min: 180 - 1e-6, max: 180, noNaN: true }),
  }),
  fc.record({
    latitude: fc.double({ min: 89.9999, max: 90, noNaN: true }),
    longitude: fc.double({ min: -180, max: 180, noNaN: true }),
  }),
);
const radii = fc.oneof(
  fc.constantFrom(0, 0.00002, 0.001, 10, 111.19492664455873, 1000, 10_007.543398010286, 20_015.086796020572, 50_000),
  fc.double({ min: 0, max: 20_100, noNaN: true }),
);
/** Mostly small, so that moves and removals meet who is there. */
const slots = fc.oneof(fc.nat(60), fc.nat(600), fc.constantFrom(65_535, 65_536, 262_143, 262_144));

/** What an index must do, by looking at everybody. */
class Everybody {
  readonly places = new Map<number, Place>();

  put(slot: number, { latitude, longitude }: Place): void {
    this.places.set(slot, keptPosition(latitude, longitude));
  }

  /** In the order of answers. Haversines order as distances do, but not by less than a double can say of a distance. */
  within(centre: Place, radiusKm: number): Found[] {
    const { latitude, longitude } = keptPosition(centre.latitude, centre.longitude);
    const cosine = Math.cos(latitude * RADIANS_PER_DEGREE);
    return [...this.places]
      .map(([slot, place]) => ({
        slot,
        km: distanceKm(latitude, longitude, place.latitude, place.longitude),
        order: haversine(cosine, latitude, longitude, place.latitude, place.longitude),
      }))
      .filter(({ km }) => km <= radiusKm)
      .sort((left, right) => left.order - right.order || left.slot - right.slot)
      .map(({ slot, km }) => ({ slot, km }));
  }
}

interface Found {
  readonly slot: number;
  readonly km: number;
}

function compare(index: NearIndex, everybody: Everybody, centre: Place, radiusKm: number, most: number): void {
  const { latitude, longitude } = centre;
  const expected = everybody.within(centre, radiusKm);
  const within: Found[] = [];
  index.within(latitude, longitude, radiusKm, (slot, km) => within.push({ slot, km }));
  const bySlot = (left: Found, right: Found): number => left.slot - right.slot;
  assert.deepEqual(within.sort(bySlot), [...expected].sort(bySlot));
  for (const admits of [undefined, (slot: number): boolean => slot % 3 > 0]) {
    const nearest = new Nearest(most);
    index.nearest(latitude, longitude, radiusKm, nearest, admits);
    assert.deepEqual(foundBy(nearest), expected.filter(({ slot }) => admits?.(slot) ?? true).slice(0, most));
  }
}

function foundBy(nearest: Nearest): Found[] {
  return Array.from({ length: nearest.count }, (_, at) => ({
    slot: nearest.slots[at] as number,
    km: nearest.distanceKm(at),
  }));
}

interface Move {
  readonly slot: number;
  readonly place: Place | undefined;
}

/** As many at once as may be. */
function moveTogether(index: NearIndex, made: readonly Move[]): void {
  const moves = new Moves();
  for (const [at, { slot, place }] of made.entries()) {
    moves.norths[moves.count] = place === undefined ? NOWHERE : Math.round(place.latitude * UNITS_PER_DEGREE);
    moves.easts[moves.count] = place === undefined ? 0 : Math.round(place.longitude * UNITS_PER_DEGREE);
    moves.add(slot);
    if (moves.count < NEAR_TOGETHER_CLIENTS && at < made.length - 1) continue;
    index.putAll(moves);
    moves.count = 0;
  }
}

/** Spots whose columns and rows have few bits: parts of the tree that lie just beside each other, at every depth. */
const fewBits: fc.Arbitrary<number> = fc
  .tuple(fc.nat(14), fc.nat(14), fc.constantFrom(-1, 1))
  .map(([high, low, sign]) => (sign * (2 ** high + 2 ** low)) / 1e7);
const crossings = fc.record({ latitude: fewBits, longitude: fewBits });

for (const [kind, places] of [
  ['anywhere', spots],
  ['at the borders of cells', crossings],
] as const) {
  test(`whoever comes, moves and goes ${kind}, it answers as looking at everybody does`, () => {
    const move = fc.record({ slot: slots, place: fc.option(places, { freq: 5, nil: undefined }) });
    const moves = fc.array(move, { maxLength: 400, size: 'max' });
    const question = fc.record({ centre: places, radiusKm: radii, most: fc.integer({ min: 1, max: 30 }) });
    const questions = fc.array(question, { minLength: 5, maxLength: 10 });
    fc.assert(
      fc.property(moves, questions, (made, asked) => {
        const index = new NearIndex();
        const together = new NearIndex();
        moveTogether(together, made);
        const everybody = new Everybody();
        for (const { slot, place } of made) {
          if (place === undefined) assert.equal(index.remove(slot), everybody.places.delete(slot));
          else {
            index.put(slot, place.latitude, place.longitude);
            everybody.put(slot, place);
          }
        }
        assert.equal(index.size, everybody.places.size);
        assert.equal(together.size, everybody.places.size);
        for (const { centre, radiusKm, most } of asked) {
          compare(index, everybody, centre, radiusKm, most);
          compare(together, everybody, centre, radiusKm, most);
        }
      }),
      { numRuns: 200 },
    );
  });
}

test('a city, a street and a crowd at one spot move about, go, and come again into the same memory', () => {
  const random = chanceOf(1);
  const index = new NearIndex();
  const everybody = new Everybody();
  const draws = [
    (): Place => ({ latitude: 34 + random() / 2, longitude: 179.75 + random() / 4 }),
    (): Place => ({ latitude: 34, longitude: 179.999 + random() / 1000 }),
    (): Place => ({ latitude: 34, longitude: -180 }),
    (): Place => ({ latitude: random() * 180 - 90, longitude: random() * 360 - 180 }),
  ];
  let bytes = 0;
  for (const most of [20_000, 20_000]) {
    for (let step = 0; step < 3 * most; step += 1) {
      const slot = Math.floor(random() * most);
      const place = (draws[(slot + (step > most ? 1 : 0)) % draws.length] as () => Place)();
      index.put(slot, place.latitude, place.longitude);
      everybody.put(slot, place);
    }
    for (const [latitude, longitude] of [
      [34.2, -180],
      [34, 180],
      [34, 179.9995],
      [0, 0],
    ] as const) {
      compare(index, everybody, { latitude, longitude }, 30, 50);
    }
    for (let slot = 0; slot < most; slot += 1) {
      assert.equal(index.remove(slot), everybody.places.delete(slot));
      if (slot === most - 100) compare(index, everybody, { latitude: 34, longitude: 180 }, 20_000, 50);
    }
    assert.equal(index.size, 0);
    if (bytes === 0) bytes = index.bytes;
  }
  assert.equal(index.bytes, bytes);
});

test('at a pole all longitudes are one, and so are the two names of the antimeridian', () => {
  for (const [latitude, others] of [
    [90, [-180, -1e-7, 0, 45.5, 180]],
    [-90, [180, 77, -45, 0]],
  ] as const) {
    const index = new NearIndex();
    for (const [at, longitude] of others.entries()) index.put(100 - at, latitude, longitude);
    const nearest = new Nearest(9);
    index.nearest(latitude, 12, 0, nearest);
    assert.deepEqual(
      foundBy(nearest),
      others.map((_, at) => ({ slot: 101 - others.length + at, km: 0 })),
    );
  }
  const index = new NearIndex();
  index.put(1, 10, 180);
  index.put(0, 10, -180);
  const nearest = new Nearest(9);
  for (const longitude of [180, -180]) {
    index.nearest(10, longitude, 0, nearest);
    assert.deepEqual(foundBy(nearest), [
      { slot: 0, km: 0 },
      { slot: 1, km: 0 },
    ]);
  }
});
