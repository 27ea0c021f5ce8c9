// The best of many candidates: keeps the k nearest slots that it is offered, in a heap. Knows no position.
import { haversineToKm } from '../wire/distance.ts';

/** The answer to a nearest query, and its working memory: used again and again, it allocates nothing. */
export class Nearest {
  /** How many are kept at most, at least 1. */
  readonly most: number;
  /** How many there are. */
  count = 0;
  /** Their slots, after `sort` in ascending order of distance, of equal ones by slot. */
  readonly slots: Int32Array;
  private readonly haversines: Float64Array;

  constructor(most: number) {
    this.most = most;
    this.slots = new Int32Array(most);
    this.haversines = new Float64Array(most);
  }

  /** Distance of the `index`-th in km. */
  distanceKm(index: number): number {
    return haversineToKm(this.haversines[index] as number);
  }

  get isFull(): boolean {
    return this.count === this.most;
  }

  /** The haversine of the farthest. */
  get farthest(): number {
    return this.haversines[0] as number;
  }

  /** Whether this one is to be kept, if there is no room for all. */
  beats(slot: number, haversine: number): boolean {
    if (this.count < this.most) return true;
    const farthest = this.haversines[0] as number;
    return haversine < farthest || (haversine === farthest && slot < (this.slots[0] as number));
  }

  /** Keeps one that `beats`, in the place of the farthest when there is no room. */
  keep(slot: number, haversine: number): void {
    if (this.count === this.most) return this.sink(slot, haversine, this.count);
    let place = this.count;
    this.count += 1;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (!this.isFarther(slot, haversine, above)) break;
      this.move(above, place);
      place = above;
    }
    this.slots[place] = slot;
    this.haversines[place] = haversine;
  }

  /** Makes an ascending list of the heap. */
  sort(): void {
    for (let end = this.count - 1; end > 0; end -= 1) {
      const slot = this.slots[end] as number;
      const haversine = this.haversines[end] as number;
      this.move(0, end);
      this.sink(slot, haversine, end);
    }
  }

  /** Puts this one in the place of the farthest of the first `end`. */
  private sink(slot: number, haversine: number, end: number): void {
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= end) break;
      if (
        below + 1 < end &&
        this.isFarther(this.slots[below + 1] as number, this.haversines[below + 1] as number, below)
      ) {
        below += 1;
      }
      if (this.isFarther(slot, haversine, below)) break;
      this.move(below, place);
      place = below;
    }
    this.slots[place] = slot;
    this.haversines[place] = haversine;
  }

  private isFarther(slot: number, haversine: number, place: number): boolean {
    const other = this.haversines[place] as number;
    return haversine > other || (haversine === other && slot > (this.slots[place] as number));
  }

  private move(from: number, to: number): void {
    this.slots[to] = this.slots[from] as number;
    this.haversines[to] = this.haversines[from] as number;
  }
}
