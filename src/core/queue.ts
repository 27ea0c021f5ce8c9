// First in, first out, in typed arrays: slots with a time and a position that only grows. Who is no longer at the place that the
// queue stands for is passed over. Knows no meaning of place or time.
import { NO_SLOT, type Slot } from './table.ts';

const LEAST_CAPACITY = 64;
/** As many that left may stand among those who stay before the queue is tidied. */
const LEAST_TO_TIDY = 64;
const SEEN = 0x80;

export class Queue {
  private slots = new Int32Array(LEAST_CAPACITY);
  private times = new Float64Array(LEAST_CAPACITY);
  private positions = new Float64Array(LEAST_CAPACITY);
  private start = 0;
  private length = 0;
  /** The position of whoever came last. */
  lastPosition = 0;

  /** Memory taken. */
  get bytes(): number {
    return this.slots.length * 20;
  }

  push(slot: Slot, time: number): void {
    if (this.length === this.slots.length) this.resize(this.length * 2);
    const index = (this.start + this.length) & (this.slots.length - 1);
    this.lastPosition += 1;
    this.slots[index] = slot;
    this.times[index] = time;
    this.positions[index] = this.lastPosition;
    this.length += 1;
  }

  /** The first who is still at this place, or NO_SLOT; whoever stood before it and is not is gone. */
  first(places: Uint8Array, place: number): Slot {
    while (this.length > 0) {
      const slot = this.slots[this.start] as Slot;
      if (places[slot] === place) return slot;
      this.shift();
    }
    return NO_SLOT;
  }

  get firstTime(): number {
    return this.times[this.start] as number;
  }

  get firstPosition(): number {
    return this.positions[this.start] as number;
  }

  shift(): void {
    this.start = (this.start + 1) & (this.slots.length - 1);
    this.length -= 1;
    // A neighbour that was away for long leaves no memory behind.
    if (this.length * 8 < this.slots.length && this.slots.length > LEAST_CAPACITY) this.resize(this.slots.length / 2);
  }

  /** Drops who has left, and whoever came again behind its first place, when these are more than the `staying`. */
  tidy(staying: number, places: Uint8Array, place: number): void {
    if (this.length <= 2 * staying + LEAST_TO_TIDY) return;
    const mask = this.slots.length - 1;
    let kept = 0;
    for (let index = 0; index < this.length; index += 1) {
      const from = (this.start + index) & mask;
      const slot = this.slots[from] as Slot;
      if (places[slot] !== place) continue;
      places[slot] = place | SEEN;
      const to = (this.start + kept) & mask;
      this.slots[to] = slot;
      this.times[to] = this.times[from] as number;
      this.positions[to] = this.positions[from] as number;
      kept += 1;
    }
    this.length = kept;
    for (let index = 0; index < kept; index += 1) places[this.slots[(this.start + index) & mask] as Slot] = place;
  }

  private resize(capacity: number): void {
    const mask = this.slots.length - 1;
    const slots = new Int32Array(capacity);
    const times = new Float64Array(capacity);
    const positions = new Float64Array(capacity);
    for (let index = 0; index < this.length; index += 1) {
      const from = (this.start + index) & mask;
      slots[index] = this.slots[from] as number;
      times[index] = this.times[from] as number;
      positions[index] = this.positions[from] as number;
    }
    this.slots = slots;
    this.times = times;
    this.positions = positions;
    this.start = 0;
  }
}
