// What one neighbour has still to be sent: one place in line for each client, however often it reports. A newer record takes
// its client's place and never goes back to the end of the line, so nothing starves, and "all that stood in line at this
// moment is gone" can be known: the barrier. Knows slots, no bytes.
import type { Slot } from './table.ts';

export class Outbox {
  /** In line, oldest first, by position. */
  private readonly ready = new Map<Slot, number>();
  /** Held back for a while because the neighbour probably gets them from another; oldest first. */
  private readonly held = new Map<Slot, Held>();
  private position = 0;
  private barrier = 0;
  /** How many in line or held stood there when the barrier was set. */
  private beforeBarrier = 0;

  get size(): number {
    return this.ready.size + this.held.size;
  }

  get readySize(): number {
    return this.ready.size;
  }

  /** A client has a newer record. `releaseAtMs` holds it back; nothing sends it in turn. */
  put(slot: Slot, releaseAtMs: number | undefined): void {
    if (this.ready.has(slot)) return;
    const held = this.held.get(slot);
    if (held !== undefined) {
      // Keeps its place, and is never held longer than the first of its records would have been.
      if (releaseAtMs === undefined) this.toReady(slot, held);
      return;
    }
    this.position += 1;
    if (releaseAtMs === undefined) this.ready.set(slot, this.position);
    else this.held.set(slot, { position: this.position, releaseAtMs });
  }

  /** The neighbour has this client's record, or better. */
  drop(slot: Slot): void {
    const position = this.ready.get(slot) ?? this.held.get(slot)?.position;
    if (position === undefined) return;
    this.ready.delete(slot);
    this.held.delete(slot);
    if (position <= this.barrier) this.beforeBarrier -= 1;
  }

  /** Puts in line what was held back until now. */
  release(nowMs: number): void {
    for (const [slot, held] of this.held) {
      if (held.releaseAtMs > nowMs) return;
      this.toReady(slot, held);
    }
  }

  /** What is in line, oldest first. The caller drops what it has taken. */
  inLine(): IterableIterator<Slot> {
    return this.ready.keys();
  }

  /** When the next held one is due, or undefined. */
  nextReleaseMs(): number | undefined {
    for (const held of this.held.values()) return held.releaseAtMs;
    return undefined;
  }

  /** Draws a line behind everything that stands here now. */
  setBarrier(): void {
    this.barrier = this.position;
    this.beforeBarrier = this.size;
  }

  /** All that stood here when the barrier was set is sent, or covered. */
  get barrierPassed(): boolean {
    return this.beforeBarrier === 0;
  }

  clear(): void {
    this.ready.clear();
    this.held.clear();
    this.beforeBarrier = 0;
  }

  private toReady(slot: Slot, held: Held): void {
    this.held.delete(slot);
    this.ready.set(slot, held.position);
  }
}

interface Held {
  readonly position: number;
  readonly releaseAtMs: number;
}
