// Distance on the sphere, as places, the near index and every table mean it. Knows degrees; no place, no client, no index.

/** The mean radius: all must agree on what is within a radius. */
export const EARTH_RADIUS_KM = 6371;
export const RADIANS_PER_DEGREE: number = Math.PI / 180;

/**
 * Great-circle distance in km by the haversine, exact to less than a millimetre at the poles and across the antimeridian; only
 * near the antipode it is off by centimetres. Positions in degrees.
 */
export function distanceKm(latitude1: number, longitude1: number, latitude2: number, longitude2: number): number {
  const cosine = Math.cos(latitude1 * RADIANS_PER_DEGREE);
  return haversineToKm(haversine(cosine, latitude1, longitude1, latitude2, longitude2));
}

/**
 * The square of half the chord between two positions on a sphere of radius 1: it orders as the distance does, for less work.
 * `cosine1` is that of the first latitude, which whoever compares many positions with one has already. From 0 to 1, but for
 * rounding.
 */
export function haversine(
  cosine1: number,
  latitude1: number,
  longitude1: number,
  latitude2: number,
  longitude2: number,
): number {
  const cosines = cosine1 * Math.cos(latitude2 * RADIANS_PER_DEGREE);
  return (
    cosines * squaredSineOfHalf((longitude1 - longitude2) * RADIANS_PER_DEGREE) +
    squaredSineOfHalf((latitude1 - latitude2) * RADIANS_PER_DEGREE)
  );
}

export function haversineToKm(haversine: number): number {
  // Rounding can lift that of two antipodes past 1, where the arcsine is no number.
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.sqrt(Math.min(1, haversine)));
}

/** The haversine of everything as far away as this; 1 for half the way around the earth and more. */
export function kmToHaversine(km: number): number {
  return squaredSineOfHalf(Math.min(Math.PI, km / EARTH_RADIUS_KM));
}

function squaredSineOfHalf(angle: number): number {
  const sine = Math.sin(angle / 2);
  return sine * sine;
}
