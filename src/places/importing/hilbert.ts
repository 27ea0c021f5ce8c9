// Puts positions in a line so that those near one another mostly stand near one another: the Hilbert curve over a square of 65,536 by
// 65,536 cells, 600 by 300 m at the equator. Knows numbers only.

const CELLS = 65_536;
const LATITUDE_UNITS_A_CELL: number = 1_800_000_001 / CELLS;
const LONGITUDE_UNITS_A_CELL: number = 3_600_000_001 / CELLS;

/** From 0 to 2^32 - 1; equal for equal positions. In units of 1e-7 degree. */
export function hilbertNumber(longitudeUnits: number, latitudeUnits: number): number {
  let x = Math.floor((longitudeUnits + 1_800_000_000) / LONGITUDE_UNITS_A_CELL);
  let y = Math.floor((latitudeUnits + 900_000_000) / LATITUDE_UNITS_A_CELL);
  let number = 0;
  for (let side = CELLS >> 1; side > 0; side >>= 1) {
    const right = (x & side) === 0 ? 0 : 1;
    const upper = (y & side) === 0 ? 0 : 1;
    number = number * 4 + ((3 * right) ^ upper);
    // The quarter's own curve is turned so that it begins where the last one ended.
    if (upper === 0) {
      if (right === 1) {
        x = CELLS - 1 - x;
        y = CELLS - 1 - y;
      }
      const swapped = x;
      x = y;
      y = swapped;
    }
  }
  return number;
}
