import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { distanceKm } from '../wire/distance.ts';
import { parseArtefact } from './artefact.ts';
import { alone, type MadePlace, madeArtefact } from './made-places.ts';
import { PlaceIndex } from './place-index.ts';

/** Crowds where it is hard: at both poles, on both sides of the antimeridian, at the equator, and all over the world. */
const CROWDS = [
  { latitude: 90, longitude: 0 },
  { latitude: -90, longitude: 77 },
  { latitude: 10, longitude: 180 },
  { latitude: -60, longitude: -180 },
  { latitude: 0, longitude: 0 },
  { latitude: 51.5, longitude: -0.1 },
];

const TYPES = ['cafe', 'museum', 'heliport'];
const PLACES_EACH = 150;

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
      name: `place ${at}`,
      latitude: Math.max(-90, Math.min(90, latitude + (next() - 0.5) * spread)),
      longitude: east > 180 ? east - 360 : east < -180 ? east + 360 : east,
      types: [TYPES[at % TYPES.length] ?? ''],
    };
  };
  const crowded = CROWDS.flatMap((center) => Array.from({ length: PLACES_EACH }, (_, at) => near(center, 1, at)));
  return [...crowded, ...Array.from({ length: PLACES_EACH }, (_, at) => near({ latitude: 0, longitude: 0 }, 170, at))];
}

const artefact = parseArtefact(alone(await madeArtefact(crowd())));
const index = new PlaceIndex(artefact);
const rows = Array.from({ length: artefact.places }, (_, row) => row);

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

test('property: finds what brute force finds, nearest first', () => {
  fc.assert(
    fc.property(
      positions,
      fc.integer({ min: 1, max: 20 }),
      fc.double({ min: 0, max: 50, noNaN: true }),
      fc.option(fc.constantFrom(...TYPES, 'nothing'), { nil: undefined }),
      ({ latitude, longitude }, limit, radiusKm, type) => {
        const distance = (row: number): number =>
          distanceKm(latitude, longitude, index.latitude(row), index.longitude(row));
        const isWanted = (row: number): boolean => {
          const [own] = artefact.kinds[artefact.kindNumbers[row] ?? 0]?.types ?? [];
          return type === undefined ? own !== 'heliport' : own === type;
        };
        const expected = rows
          .filter((row) => isWanted(row) && distance(row) <= radiusKm)
          .map(distance)
          .sort((one, other) => one - other)
          .slice(0, limit);
        const found = index.nearest(latitude, longitude, limit, radiusKm, type);
        assert.ok(found.every(isWanted));
        assert.equal(found.length, expected.length);
        // Two formulas round differently: a nanometre here decides nothing.
        found.forEach((row, at) => {
          assert.ok(Math.abs(distance(row) - (expected[at] ?? 0)) < 1e-6);
        });
      },
    ),
    { numRuns: 2000 },
  );
});

test('a radius of nothing finds what is just there', () => {
  const row = 17;
  assert.ok(index.nearest(index.latitude(row), index.longitude(row), 5, 0, 'cafe').length <= 1);
  const [own] = artefact.kinds[artefact.kindNumbers[row] ?? 0]?.types ?? [];
  assert.deepEqual(index.nearest(index.latitude(row), index.longitude(row), 5, 0, own), [row]);
});
