import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { haversine, RADIANS_PER_DEGREE } from '../wire/distance.ts';
import { boxHaversine } from './box-distance.ts';

test('property: no point of a box is nearer than that, and one is just as near', () => {
  const latitudes = fc.double({ min: -90, max: 90, noNaN: true });
  const longitudes = fc.double({ min: -180, max: 180, noNaN: true });
  const steps = 200;
  fc.assert(
    fc.property(
      latitudes,
      longitudes,
      fc.tuple(latitudes, latitudes),
      fc.tuple(longitudes, longitudes),
      (lat, lon, ns, ew) => {
        const [south = 0, north = 0] = [...ns].sort((one, other) => one - other);
        const [west = 0, east = 0] = [...ew].sort((one, other) => one - other);
        const cosine = Math.cos(lat * RADIANS_PER_DEGREE);
        const bound = boxHaversine(cosine, lat, lon, west, south, east, north);
        let nearest = Infinity;
        for (let row = 0; row <= steps; row += 1) {
          const y = south + ((north - south) * row) / steps;
          // The edges, and straight above or below the position.
          for (const x of [west, east, Math.max(west, Math.min(east, lon))]) {
            nearest = Math.min(nearest, haversine(cosine, lat, lon, y, x));
          }
        }
        assert.ok(bound <= nearest + 1e-12, `${bound} > ${nearest}`);
        // As near as points that far apart can show.
        const spacing = ((north - south) / steps) * RADIANS_PER_DEGREE;
        assert.ok(Math.sqrt(nearest) - Math.sqrt(Math.max(0, bound)) <= spacing + 1e-9, `${bound} < ${nearest}`);
      },
    ),
    { numRuns: 1000 },
  );
});
