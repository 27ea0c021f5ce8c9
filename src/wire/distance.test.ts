import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distanceKm } from './distance.ts';

test('known distances, also over a pole, across the antimeridian and to the antipode', () => {
  const degreeKm = (6371 * Math.PI) / 180;
  const isClose = (actual: number, expected: number): void =>
    assert.ok(Math.abs(actual - expected) < 1e-6, `${actual}`);
  isClose(distanceKm(0, 0, 1, 0), degreeKm);
  isClose(distanceKm(0, 179.5, 0, -179.5), degreeKm);
  isClose(distanceKm(89.5, 20, 89.5, -160), degreeKm);
  isClose(distanceKm(90, 20, 90, -160), 0);
  // The arcsine is blunt here, by some centimetres of 20,000 km.
  assert.ok(Math.abs(distanceKm(12.345, 67.891, -12.345, -112.109) - 180 * degreeKm) < 0.001);
});
