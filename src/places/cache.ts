// Keeps what was dear to get: for a time, and within a number of entries and bytes. What was not used for longest goes first.
// Only for what the licence allows to keep. Knows nothing of what it holds; the time comes in.

interface Entry<Value> {
  readonly value: Value;
  readonly bytes: number;
  readonly untilMs: number;
}

export interface CacheBounds {
  readonly entries: number;
  readonly bytes: number;
  /** 0 keeps nothing. */
  readonly keepMs: number;
}

export class BoundedCache<Value> {
  readonly #bounds: CacheBounds;
  readonly #nowMs: () => number;
  /** In the order of use: the first was not used for longest. */
  readonly #entries = new Map<string, Entry<Value>>();
  #bytes = 0;

  constructor(bounds: CacheBounds, nowMs: () => number) {
    this.#bounds = bounds;
    this.#nowMs = nowMs;
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#remove(key, entry);
    if (this.#nowMs() >= entry.untilMs) return undefined;
    this.#add(key, entry);
    return entry.value;
  }

  /** `bytes` is what the value takes in memory; one that alone is over the bound is not kept. */
  set(key: string, value: Value, bytes: number): void {
    const { entries, bytes: mostBytes, keepMs } = this.#bounds;
    const old = this.#entries.get(key);
    if (old !== undefined) this.#remove(key, old);
    if (keepMs === 0 || bytes > mostBytes) return;
    this.#add(key, { value, bytes, untilMs: this.#nowMs() + keepMs });
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= entries && this.#bytes <= mostBytes) return;
      this.#remove(oldest, entry);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  #add(key: string, entry: Entry<Value>): void {
    this.#entries.set(key, entry);
    this.#bytes += entry.bytes;
  }

  #remove(key: string, entry: Entry<Value>): void {
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}
