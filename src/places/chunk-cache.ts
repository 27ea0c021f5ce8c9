// Chunks of opened files that are in memory, with the trees over them. What was not used for longest gives way when there are too
// many. Knows files and chunks; nothing of lookups.
import { ChunkIndex } from './chunk-index.ts';
import { KEPT_BYTES } from './limits.ts';
import type { PlacesFile } from './places-file.ts';

/** A chunk's tree (16 bytes a place) and objects, on top of its bytes in the file (16 and text). */
const TIMES_ITS_BYTES = 1.5;

interface Kept {
  readonly index: ChunkIndex;
  readonly bytes: number;
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
  get(chunk: number): ChunkIndex | undefined {
    const kept = this.#kept[chunk];
    if (kept === undefined) return undefined;
    this.#uses += 1;
    kept.usedAt = this.#uses;
    return kept.index;
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
    const index = new ChunkIndex(await this.file.readChunk(chunk));
    const bytes = this.file.bytesOf(chunk) * TIMES_ITS_BYTES;
    this.#uses += 1;
    this.#kept[chunk] = { index, bytes, usedAt: this.#uses };
    this.#bytes += bytes;
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
    this.#bytes -= this.#kept[oldest]?.bytes ?? 0;
    this.#kept[oldest] = undefined;
    return true;
  }
}
