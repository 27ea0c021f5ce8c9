// Who is near: positions of moving clients, and the questions about them. Knows slot numbers and positions, nothing else of a
// client. How it compares with a fixed grid is in docs/decisions/0009-near-index.md.
import { haversine, haversineToKm, kmToHaversine, RADIANS_PER_DEGREE } from '../wire/distance.ts';
import { UNITS_PER_DEGREE } from '../wire/units.ts';
import { type Moves, NOWHERE } from './moves.ts';
import { interleave } from './near-key.ts';
import {
  COLUMN,
  COUNT,
  ENTRIES,
  ENTRY_INTEGERS,
  FIRST,
  LEVEL,
  NearTree,
  NODE_COLUMN,
  NODE_ROW,
  NODE_SLOT,
  ROW,
} from './near-tree.ts';
import type { Nearest } from './nearest.ts';

const UNITS_PER_RADIAN: number = UNITS_PER_DEGREE / RADIANS_PER_DEGREE;
/** Columns count from longitude -180, rows from latitude -90. */
const COLUMN_0: number = 180 * UNITS_PER_DEGREE;
const ROW_0: number = 90 * UNITS_PER_DEGREE;
const COLUMNS_AROUND: number = 360 * UNITS_PER_DEGREE;
const HALF_AROUND: number = COLUMNS_AROUND / 2;
const LAST_ROW: number = 180 * UNITS_PER_DEGREE;
/** More than rounding costs in any calculation here, in units. */
const MARGIN = 2;
/** Haversines that differ by less than this, relatively, may be the same distance. */
const ROUNDING = 1e-9;
/** Of a cell in which so many low bits of column and row differ. */
const SIDES: Float64Array = Float64Array.from({ length: 32 }, (_, bits) => 2 ** bits);

/** The position that is kept for one, in degrees: rounded to 1e-7, longitude -180 to just below 180, and 0 at a pole. */
export function keptPosition(latitude: number, longitude: number): { latitude: number; longitude: number } {
  const row = rowOf(latitude);
  return { latitude: latitudeOf(row), longitude: longitudeOf(columnOf(longitude, row)) };
}

function rowOf(latitude: number): number {
  return Math.round(latitude * UNITS_PER_DEGREE) + ROW_0;
}

function columnOf(longitude: number, row: number): number {
  return columnAt(Math.round(longitude * UNITS_PER_DEGREE), row);
}

/** The same of a longitude in units. */
function columnAt(east: number, row: number): number {
  if (row === 0 || row === LAST_ROW) return COLUMN_0;
  const column = east + COLUMN_0;
  return column === COLUMNS_AROUND ? 0 : column;
}

function latitudeOf(row: number): number {
  return (row - ROW_0) / UNITS_PER_DEGREE;
}

function longitudeOf(column: number): number {
  return (column - COLUMN_0) / UNITS_PER_DEGREE;
}

/** A walk over the tree, nearest parts first, that leaves out what lies outside of a window; the window may shrink meanwhile. */
abstract class Walk {
  protected readonly tree: NearTree;
  /** The centre, in degrees and in units. When the window crosses the antimeridian, the column is one turn beside it. */
  protected latitude = 0;
  protected longitude = 0;
  protected cosine = 1;
  private column = 0;
  private row = 0;
  private west = 0;
  private east = 0;
  private south = 0;
  private north = 0;
  private halfWidth = 0;

  constructor(tree: NearTree) {
    this.tree = tree;
  }

  /** A client in the window. */
  protected abstract found(slot: number, latitude: number, longitude: number): void;
  /** Whether clients at one spot, numbered from `least` up, can be left out. */
  protected abstract skips(least: number, latitude: number, longitude: number): boolean;

  /** Walks over everything within this haversine of a centre. */
  protected walk(latitude: number, longitude: number, most: number): void {
    this.row = rowOf(latitude);
    const column = columnOf(longitude, this.row);
    this.latitude = latitudeOf(this.row);
    this.longitude = longitudeOf(column);
    this.cosine = Math.cos(this.latitude * RADIANS_PER_DEGREE);
    this.column = column;
    this.narrow(most);
    this.visit(this.tree.root);
    this.walkFrom(column - COLUMNS_AROUND);
    this.walkFrom(column + COLUMNS_AROUND);
  }

  /** The part of the window that is beyond the antimeridian, with the centre seen from there. */
  private walkFrom(column: number): void {
    this.column = column;
    this.setWidth();
    if (this.west < COLUMNS_AROUND && this.east >= 0) this.visit(this.tree.root);
  }

  /** Half a turn to the east is left out, since it is half a turn to the west: so nobody is met twice. */
  private setWidth(): void {
    this.west = this.column - Math.min(this.halfWidth, HALF_AROUND);
    this.east = this.column + Math.min(this.halfWidth, HALF_AROUND - 1);
  }

  /**
   * Makes the window hold just what is within this haversine of the centre, or a little more: the arcsine is bounded from above
   * by a polynomial that is exact for small arguments.
   */
  protected narrow(most: number): void {
    const sine = Math.sqrt(most);
    const angle = 2 * arcsineAtMost(sine);
    const height = angle * UNITS_PER_RADIAN + MARGIN;
    this.south = this.row - height;
    this.north = this.row + height;
    this.halfWidth = HALF_AROUND;
    if (this.south > 0 && this.north < LAST_ROW) {
      // No pole is within: the circle touches the meridians at this angle.
      const ratio = (2 * sine * Math.sqrt(1 - most)) / this.cosine;
      if (ratio < 1) this.halfWidth = arcsineAtMost(ratio) * UNITS_PER_RADIAN + MARGIN;
    }
    this.setWidth();
  }

  private visit(child: number): void {
    if (child < 0) return this.look(-child);
    if (child === 0) return;
    const node = this.tree.nodes.segment(child);
    const at = this.tree.nodes.offset(child);
    const level = node[at + LEVEL] as number;
    const left = (node[at + NODE_COLUMN] as number) >>> 0;
    const bottom = (node[at + NODE_ROW] as number) >>> 0;
    if (level < 0) {
      if (this.skips(node[at + NODE_SLOT] as number, latitudeOf(bottom), longitudeOf(left))) return;
      for (let entry = 0; entry < ENTRIES; entry += 1) {
        const next = node[at + entry] as number;
        if (entry === 0 || next !== node[at + entry - 1]) this.visit(next);
      }
      return;
    }
    const side = SIDES[2 * level] as number;
    const column = Math.min(3, Math.max(0, Math.floor((this.column - left) / side)));
    const row = Math.min(3, Math.max(0, Math.floor((this.row - bottom) / side)));
    const nearest = interleave(column, row);
    for (let step = 0, size = 1; step < ENTRIES; step += size) {
      const entry = nearest ^ step;
      const next = node[at + entry] as number;
      size = 1;
      if (next === 0) continue;
      // A leaf may have a whole block, which this order comes to as one.
      while (size < ENTRIES && node[at + (entry ^ size)] === next) size *= 2;
      const start = entry & -size;
      const west = left + (((start >> 1) & 2) | (start & 1)) * side;
      if (west > this.east || west + (size >= 8 ? 4 : size >= 2 ? 2 : 1) * side < this.west) continue;
      const south = bottom + (((start >> 2) & 2) | ((start >> 1) & 1)) * side;
      if (south > this.north || south + (size === 16 ? 4 : size >= 4 ? 2 : 1) * side < this.south) continue;
      this.visit(next);
    }
  }

  private look(leaf: number): void {
    const entries = this.tree.leaves.segment(leaf);
    const begin = this.tree.leaves.offset(leaf);
    const end = begin + FIRST + (entries[begin + COUNT] as number) * ENTRY_INTEGERS;
    for (let at = begin + FIRST; at < end; at += ENTRY_INTEGERS) {
      const row = (entries[at + ROW] as number) >>> 0;
      if (row > this.north || row < this.south) continue;
      const column = (entries[at + COLUMN] as number) >>> 0;
      if (column > this.east || column < this.west) continue;
      this.found(entries[at] as number, latitudeOf(row), longitudeOf(column));
    }
  }
}

/** Never less than the arcsine of a number from 0 to 1, and exact for small ones. */
function arcsineAtMost(sine: number): number {
  return sine * (1 + 0.571 * sine * sine);
}

/** What is within a radius: by the haversine where that decides, by the distance itself where only that does. */
class Radius {
  readonly most: number;
  private readonly surely: number;
  private readonly km: number;

  constructor(km: number) {
    const exact = kmToHaversine(km);
    this.km = km;
    this.surely = exact * (1 - ROUNDING);
    this.most = Math.min(1, exact * (1 + ROUNDING));
  }

  holds(haversine: number): boolean {
    return haversine <= this.surely || haversineToKm(haversine) <= this.km;
  }
}

class NearestWalk extends Walk {
  private radius = new Radius(0);
  private into: Nearest | undefined;
  private admits: ((slot: number) => boolean) | undefined;

  search(
    latitude: number,
    longitude: number,
    radiusKm: number,
    into: Nearest,
    admits?: (slot: number) => boolean,
  ): void {
    this.radius = new Radius(radiusKm);
    this.into = into;
    this.admits = admits;
    into.count = 0;
    this.walk(latitude, longitude, this.radius.most);
    into.sort();
  }

  protected override found(slot: number, latitude: number, longitude: number): void {
    const into = this.into as Nearest;
    const away = haversine(this.cosine, this.latitude, this.longitude, latitude, longitude);
    if (!into.beats(slot, away) || !this.radius.holds(away)) return;
    if (this.admits !== undefined && !this.admits(slot)) return;
    into.keep(slot, away);
    if (into.isFull) this.narrow(into.farthest);
  }

  protected override skips(least: number, latitude: number, longitude: number): boolean {
    return !(this.into as Nearest).beats(
      least,
      haversine(this.cosine, this.latitude, this.longitude, latitude, longitude),
    );
  }
}

class WithinWalk extends Walk {
  private radius = new Radius(0);
  private visitor: (slot: number, distanceKm: number) => void = () => {};

  search(
    latitude: number,
    longitude: number,
    radiusKm: number,
    visitor: (slot: number, distanceKm: number) => void,
  ): void {
    this.radius = new Radius(radiusKm);
    this.visitor = visitor;
    this.walk(latitude, longitude, this.radius.most);
  }

  protected override found(slot: number, latitude: number, longitude: number): void {
    const away = haversine(this.cosine, this.latitude, this.longitude, latitude, longitude);
    if (this.radius.holds(away)) this.visitor(slot, haversineToKm(away));
  }

  protected override skips(): boolean {
    return false;
  }
}

/**
 * Positions in degrees (latitude -90 to 90, longitude -180 to 180) are rounded to 1e-7 degree, 11 mm, in clients and in
 * questions alike; distances are exact between those. Longitude 180 is -180, and at a pole it means nothing. Memory: 23 to 30
 * bytes a client, in steps of a megabyte or less; nothing grows by copying.
 */
export class NearIndex {
  private readonly tree = new NearTree();
  private readonly nearestWalk = new NearestWalk(this.tree);
  private readonly withinWalk = new WithinWalk(this.tree);

  /** How many clients are in it. */
  get size(): number {
    return this.tree.size;
  }

  /** Memory that it has taken, in bytes. */
  get bytes(): number {
    return this.tree.bytes;
  }

  /** Inserts a client or moves it. Slots are whole numbers from 0, the smaller the better: memory is taken up to the largest. */
  put(slot: number, latitude: number, longitude: number): void {
    const row = rowOf(latitude);
    this.tree.put(slot, columnOf(longitude, row), row);
  }

  /** As `put` for each of these, and `remove` for those who are nowhere. */
  putAll({ count, slots, norths, easts }: Moves): void {
    this.tree.expect(slots, count);
    for (let index = 0; index < count; index += 1) {
      const slot = slots[index] as number;
      const north = norths[index] as number;
      if (north === NOWHERE) this.tree.remove(slot);
      else this.tree.put(slot, columnAt(easts[index] as number, north + ROW_0), north + ROW_0);
    }
  }

  /** False if the client was not there. */
  remove(slot: number): boolean {
    return this.tree.remove(slot);
  }

  /**
   * Finds the nearest `into.most` clients, none beyond the radius, in ascending order of distance and of equal distances by slot.
   * `admits` may leave out any; it is asked only about clients that would be in the answer, and must not touch the index.
   */
  nearest(
    latitude: number,
    longitude: number,
    radiusKm: number,
    into: Nearest,
    admits?: (slot: number) => boolean,
  ): void {
    this.nearestWalk.search(latitude, longitude, radiusKm, into, admits);
  }

  /** Calls `visitor` with every client within the radius, in no particular order. It must not touch the index. */
  within(
    latitude: number,
    longitude: number,
    radiusKm: number,
    visitor: (slot: number, distanceKm: number) => void,
  ): void {
    this.withinWalk.search(latitude, longitude, radiusKm, visitor);
  }
}
