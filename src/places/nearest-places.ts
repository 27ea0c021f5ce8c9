// The nearest places to one position, out of as many chunks as are searched, exact on the sphere. Knows coordinates; not what is
// wanted, nor what is printed.
import { EARTH_RADIUS_KM, haversine, haversineToKm, kmToHaversine, RADIANS_PER_DEGREE } from '../wire/distance.ts';
import { LEAF_PLACES } from './limits.ts';
import { type Chunk, UNITS_PER_DEGREE } from './places-file.ts';

export interface FoundPlace {
  readonly chunk: Chunk;
  readonly row: number;
  readonly haversine: number;
}

/** In units of 1e-7 degree. */
interface Window {
  west: number;
  south: number;
  east: number;
  north: number;
}

const HALF_ROUND: number = 180 * UNITS_PER_DEGREE;
const UNITS_PER_RADIAN: number = UNITS_PER_DEGREE / RADIANS_PER_DEGREE;
/** In radians, some metres: more than rounding could cost. */
const MARGIN = 1e-6;

export class NearestPlaces {
  /** Nearest first. */
  readonly found: FoundPlace[] = [];
  readonly cosine: number;
  readonly #latitude: number;
  readonly #longitude: number;
  readonly #limit: number;
  #reach: number;
  /** Holds all that is within reach, so that most points are told to be outside without trigonometry. */
  readonly #window: Window = { west: 0, south: 0, east: 0, north: 0 };
  #chunk: Chunk | undefined;
  #coordinates: Int32Array = new Int32Array(0);
  #isWanted: (chunk: Chunk, row: number) => boolean = () => true;
  /** The position's longitude, or what it is called from the other side of the antimeridian. */
  #x = 0;
  readonly #y: number;

  /** Degrees; `limit` is at least 1. */
  constructor(latitude: number, longitude: number, radiusKm: number, limit: number) {
    this.#latitude = latitude;
    this.#longitude = longitude;
    this.#limit = limit;
    this.cosine = Math.cos(latitude * RADIANS_PER_DEGREE);
    this.#reach = kmToHaversine(radiusKm);
    this.#y = latitude * UNITS_PER_DEGREE;
    this.#setWindow(longitude * UNITS_PER_DEGREE);
  }

  /** The haversine of the distance within which a place is of use: the radius, and later the farthest of those found. */
  get reach(): number {
    return this.#reach;
  }

  /** What each of a chunk's places is outside of when no place of the box (in units of 1e-7 degree) is within reach. */
  mayReach(west: number, south: number, east: number, north: number): boolean {
    const window = this.#window;
    if (north < window.south || south > window.north) return false;
    const isAcross = (shift: number): boolean => east >= window.west + shift && west <= window.east + shift;
    return isAcross(0) || isAcross(-2 * HALF_ROUND) || isAcross(2 * HALF_ROUND);
  }

  search(chunk: Chunk, isWanted: (chunk: Chunk, row: number) => boolean): void {
    this.#chunk = chunk;
    this.#coordinates = chunk.coordinates;
    this.#isWanted = isWanted;
    const x = this.#longitude * UNITS_PER_DEGREE;
    this.#setWindow(x);
    this.#searchSpan(0, chunk.places - 1, 0);
    // What lies across the antimeridian has longitudes a whole round away. A window of a whole round has seen it.
    const { west, east } = this.#window;
    if (east - west >= 2 * HALF_ROUND) return;
    if (west < -HALF_ROUND) this.#searchFrom(x + 2 * HALF_ROUND);
    if (east > HALF_ROUND) this.#searchFrom(x - 2 * HALF_ROUND);
  }

  #searchFrom(x: number): void {
    this.#setWindow(x);
    this.#searchSpan(0, this.#coordinates.length / 2 - 1, 0);
    this.#setWindow(this.#longitude * UNITS_PER_DEGREE);
  }

  /** A span of the tree's order: its middle point divides it along one axis, on longitude (0) and latitude (1) by turns. */
  #searchSpan(left: number, right: number, axis: 0 | 1): void {
    if (right - left <= LEAF_PLACES) {
      const reach = this.#reach;
      for (let row = left; row <= right; row += 1) this.#look(row);
      if (this.#reach < reach) this.#setWindow(this.#x);
      return;
    }
    const middle = (left + right) >> 1;
    this.#look(middle);
    const divide = this.#coordinates[2 * middle + axis] as number;
    const isBefore = (axis === 0 ? this.#x : this.#y) <= divide;
    const next = axis === 0 ? 1 : 0;
    // The side that the position is on goes first: what is found there may spare the other.
    for (const before of isBefore ? BEFORE_FIRST : AFTER_FIRST) {
      const { west, south, east, north } = this.#window;
      if (before && (axis === 0 ? west : south) <= divide) this.#searchSpan(left, middle - 1, next);
      if (!before && (axis === 0 ? east : north) >= divide) this.#searchSpan(middle + 1, right, next);
    }
  }

  #look(row: number): void {
    const x = this.#coordinates[2 * row] as number;
    const y = this.#coordinates[2 * row + 1] as number;
    const window = this.#window;
    if (x < window.west || x > window.east || y < window.south || y > window.north) return;
    const latitude = y / UNITS_PER_DEGREE;
    const distance = haversine(this.cosine, this.#latitude, this.#longitude, latitude, x / UNITS_PER_DEGREE);
    if (distance > this.#reach) return;
    const chunk = this.#chunk as Chunk;
    if (this.#isWanted(chunk, row)) this.#insert({ chunk, row, haversine: distance });
  }

  #insert(place: FoundPlace): void {
    const { found } = this;
    if (found.length === this.#limit) found.pop();
    let at = found.length;
    while (at > 0 && (found[at - 1] as FoundPlace).haversine > place.haversine) at -= 1;
    found.splice(at, 0, place);
    if (found.length === this.#limit) this.#reach = (found[this.#limit - 1] as FoundPlace).haversine;
  }

  #setWindow(x: number): void {
    this.#x = x;
    const window = this.#window;
    const angle = haversineToKm(this.#reach) / EARTH_RADIUS_KM + MARGIN;
    window.south = this.#y - angle * UNITS_PER_RADIAN;
    window.north = this.#y + angle * UNITS_PER_RADIAN;
    const sine = Math.sin(angle) / this.cosine;
    const isRoundPole = !(sine < 1) || Math.abs(this.#latitude) + angle / RADIANS_PER_DEGREE >= 90;
    const across = isRoundPole ? 2 * HALF_ROUND : Math.asin(sine) * UNITS_PER_RADIAN;
    window.west = x - across;
    window.east = x + across;
  }
}

const BEFORE_FIRST = [true, false];
const AFTER_FIRST = [false, true];
