// Texts of any length in few large pieces of memory: millions of clients are no millions of objects for the garbage collector.
// What is freed is used again for a text of about the same length. Knows bytes, no record.

import { setBytes } from '../wire/bytes.ts';

/** Texts are kept in chunks of this size, so that growing copies nothing. The longest text must fit in one. */
const CHUNK_BYTES: number = 1024 * 1024;
const UNIT_BYTES = 8;
const UNITS_PER_CHUNK: number = CHUNK_BYTES / UNIT_BYTES;
const CHUNK_SHIFT = 17;
/** Texts up to this length have a class every 8 bytes, longer ones eight classes for each doubling. */
const FINE_BYTES = 512;
const FINE_CLASSES: number = FINE_BYTES / UNIT_BYTES;
/** Enough for a text that fills a chunk. */
const CLASSES = 256;

export class Arena {
  /** Where a text lies: `chunkOf` and `offsetOf` tell from its address. */
  private readonly chunks: Uint8Array[] = [];
  private readonly views: DataView[] = [];
  /** By class, the address of the last freed piece plus one; each holds the one before it. */
  private readonly freed = new Int32Array(CLASSES);
  private used = UNITS_PER_CHUNK;

  /** Memory taken, used or not. */
  get bytes(): number {
    return this.chunks.length * CHUNK_BYTES;
  }

  chunkOf(address: number): Uint8Array {
    return this.chunks[address >>> CHUNK_SHIFT] as Uint8Array;
  }

  /** As `chunkOf`, for reading by the word. */
  viewOf(address: number): DataView {
    return this.views[address >>> CHUNK_SHIFT] as DataView;
  }

  offsetOf(address: number): number {
    return (address & (UNITS_PER_CHUNK - 1)) * UNIT_BYTES;
  }

  /** Keeps a copy of `length` bytes; returns its address. */
  add(source: Uint8Array, start: number, length: number): number {
    const address = this.take(classOf(length));
    this.write(address, source, start, length);
    return address;
  }

  /** Gives a text's place back. */
  remove(address: number, length: number): void {
    this.free(address, classOf(length));
  }

  private take(sizeClass: number): number {
    const freed = this.freed[sizeClass] as number;
    if (freed !== 0) {
      const address = freed - 1;
      this.freed[sizeClass] = this.viewOf(address).getInt32(this.offsetOf(address));
      return address;
    }
    const units = unitsOf(sizeClass);
    if (this.used + units > UNITS_PER_CHUNK) this.grow();
    const address = ((this.chunks.length - 1) << CHUNK_SHIFT) + this.used;
    this.used += units;
    return address;
  }

  private free(address: number, sizeClass: number): void {
    this.viewOf(address).setInt32(this.offsetOf(address), this.freed[sizeClass] as number);
    this.freed[sizeClass] = address + 1;
  }

  private write(address: number, source: Uint8Array, start: number, length: number): void {
    setBytes(this.chunkOf(address), this.viewOf(address), this.offsetOf(address), source, start, length);
  }

  /** What is left of the chunk before is at most one text; it stays unused. */
  private grow(): void {
    const chunk = new Uint8Array(CHUNK_BYTES);
    this.chunks.push(chunk);
    this.views.push(new DataView(chunk.buffer));
    this.used = 0;
  }
}

/** Pieces of one class are all of the same size: `unitsOf` tells. */
function classOf(length: number): number {
  if (length <= FINE_BYTES) return (length + UNIT_BYTES - 1) >>> 3;
  // The eight steps between two powers of two: the exponent, and the three bits below the first.
  const exponent = 31 - Math.clz32(length - 1);
  return FINE_CLASSES + (exponent - 9) * 8 + (((length - 1) >>> (exponent - 3)) & 7) + 1;
}

function unitsOf(sizeClass: number): number {
  if (sizeClass <= FINE_CLASSES) return Math.max(1, sizeClass);
  const step = sizeClass - FINE_CLASSES - 1;
  return ((9 + (step & 7)) << (9 + (step >>> 3) - 3)) >>> 3;
}
