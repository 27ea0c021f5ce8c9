// How far a position is from a box of latitudes and longitudes, at least. Knows the sphere; nothing of what is in the box.
import { haversine, RADIANS_PER_DEGREE } from '../wire/distance.ts';

/**
 * The haversine of the distance from a position to the nearest point of a box, 0 inside; degrees, `west <= east`. It is right at
 * poles and across the antimeridian. `cosine` is that of the position's latitude.
 */
export function boxHaversine(
  cosine: number,
  latitude: number,
  longitude: number,
  west: number,
  south: number,
  east: number,
  north: number,
): number {
  if (longitude >= west && longitude <= east) {
    const nearest = Math.max(south, Math.min(north, latitude));
    return haversine(cosine, latitude, longitude, nearest, longitude);
  }
  return Math.min(
    meridianHaversine(cosine, latitude, longitude, west, south, north),
    meridianHaversine(cosine, latitude, longitude, east, south, north),
  );
}

/** To the nearest point of a meridian between two latitudes. */
function meridianHaversine(
  cosine: number,
  latitude: number,
  longitude: number,
  meridian: number,
  south: number,
  north: number,
): number {
  const ends = Math.min(
    haversine(cosine, latitude, longitude, south, meridian),
    haversine(cosine, latitude, longitude, north, meridian),
  );
  // Where a great circle from the position meets the meridian at a right angle; beyond a quarter of the way around an end is nearest.
  const cosineBetween = Math.cos((longitude - meridian) * RADIANS_PER_DEGREE);
  if (cosineBetween <= 0) return ends;
  const foot = Math.atan(Math.tan(latitude * RADIANS_PER_DEGREE) / cosineBetween) / RADIANS_PER_DEGREE;
  if (foot <= south || foot >= north) return ends;
  return Math.min(ends, haversine(cosine, latitude, longitude, foot, meridian));
}
