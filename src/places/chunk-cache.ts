// Chunks of an opened file that are in memory. What was not used for longest gives way when there are too
// many. Knows files and chunks; nothing of lookups.
import { KEPT_BYTES } from './limits.ts';
import type { Chunk, PlacesFile } from './places-file.ts';

interface Kept {
  readonly chunk: Chunk;
  usedAt: number;
}

/** The chunks of one file. */
export class ChunkCache {
  readonly file: PlacesFile;
  readonly #keptBytes: number;
  readonly #kept: (Kept | undefined)[];
  readonly #loading = new Map<number, Promise<void>>();
  #bytes = 0;
  #uses = 0;

  constructor(file: PlacesFile, keptBytes: number = KEPT_BYTES) {
    this.file = file;
    this.#keptBytes = keptBytes;
    this.#kept = new Array(file.chunks).fill(undefined);
  }

  /** undefined when it must be loaded first. */
  get(chunk: number): Chunk | undefined {
    const kept = this.#kept[chunk];
    if (kept === undefined) return undefined;
    this.#uses += 1;
    kept.usedAt = this.#uses;
    return kept.chunk;
  }

  /** Whoever needs the same chunk waits for the same reading. @throws {PlacesError} when it is damaged; asked again, it is read again */
  load(chunk: number): Promise<void> {
    let loading = this.#loading.get(chunk);
    if (loading === undefined) {
      loading = this.#load(chunk).finally(() => this.#loading.delete(chunk));
      this.#loading.set(chunk, loading);
    }
    return loading;
  }

  async #load(chunk: number): Promise<void> {
    const read = await this.file.readChunk(chunk);
    this.#uses += 1;
    this.#kept[chunk] = { chunk: read, usedAt: this.#uses };
    this.#bytes += this.file.bytesOf(chunk);
    while (this.#bytes > this.#keptBytes && this.#giveUpOldest(chunk));
  }

  #giveUpOldest(except: number): boolean {
    let oldest: number | undefined;
    let usedAt = Number.POSITIVE_INFINITY;
    for (const [chunk, kept] of this.#kept.entries()) {
      if (kept === undefined || chunk === except || kept.usedAt >= usedAt) continue;
      oldest = chunk;
      usedAt = kept.usedAt;
    }
    if (oldest === undefined) return false;
    this.#bytes -= this.file.bytesOf(oldest);
    this.#kept[oldest] = undefined;
    return true;
  }
}
