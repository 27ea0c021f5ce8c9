// Where each client stands, by slot: one byte, in segments that are never copied. Knows no meaning of it.
import type { Slot } from './table.ts';

const SEGMENT_SHIFT = 16;
const SEGMENT_SLOTS: number = 1 << SEGMENT_SHIFT;

export class Standings {
  private readonly segments: Uint8Array[] = [];

  /** Memory taken. */
  get bytes(): number {
    return this.segments.length * SEGMENT_SLOTS;
  }

  /** 0 for whoever was never set. */
  get(slot: Slot): number {
    return this.segments[slot >>> SEGMENT_SHIFT]?.[slot & (SEGMENT_SLOTS - 1)] ?? 0;
  }

  set(slot: Slot, standing: number): void {
    while (slot >>> SEGMENT_SHIFT >= this.segments.length) this.segments.push(new Uint8Array(SEGMENT_SLOTS));
    (this.segments[slot >>> SEGMENT_SHIFT] as Uint8Array)[slot & (SEGMENT_SLOTS - 1)] = standing;
  }
}
