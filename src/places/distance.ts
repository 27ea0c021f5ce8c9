// Distance on the sphere, as every provider and every table means it. Knows no place and no index.

/** The radius that the index's search uses as well: both must agree on what is within a radius. */
export const EARTH_RADIUS_KM = 6371;
const RADIANS_PER_DEGREE = Math.PI / 180;

/** Great-circle distance by the haversine, exact enough at the poles and across the antimeridian. */
export function distanceKm(latitude1: number, longitude1: number, latitude2: number, longitude2: number): number {
  const cosines = Math.cos(latitude1 * RADIANS_PER_DEGREE) * Math.cos(latitude2 * RADIANS_PER_DEGREE);
  const chord =
    cosines * squaredSineOfHalf((longitude1 - longitude2) * RADIANS_PER_DEGREE) +
    squaredSineOfHalf((latitude1 - latitude2) * RADIANS_PER_DEGREE);
  // Rounding can lift the chord of two antipodes past 1, where the arcsine is no number.
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.sqrt(Math.min(1, chord)));
}

function squaredSineOfHalf(angle: number): number {
  const sine = Math.sin(angle / 2);
  return sine * sine;
}
