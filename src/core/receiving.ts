// The receiving half of a link: what this server has got over it and owes an acknowledgement for, and which origins come
// sooner by another way. Knows no frame and no transport.
import type { ByteReader } from '../wire/bytes.ts';
import { GOT_BYTES, GOT_INTERVAL_MS, PRUNE_AFTER } from '../wire/limits.ts';
import { type Origin, readOrigins } from '../wire/messages.ts';
import type { VectorEntry } from '../wire/vector.ts';
import type { Got, Vector } from './got.ts';

const NOTHING = new Uint8Array(0);

export class Receiving {
  records = 0;
  /** Records that came although this server had them. */
  duplicates = 0;
  /** Records that won although this server's vector covered them: each mends what a bug or rot has lost. */
  repairs = 0;
  /** Batches received since the link began: the neighbour's window counts on it. */
  batches = 0;

  private readonly own: Vector<Origin>;
  /** What the neighbour had at the start of the link, and this server may still lack. */
  private lacking: (readonly [Origin, number])[] = [];
  /** What the neighbour has not been told that we have got. */
  private readonly unsaid = new Set<Origin>();
  /** The last one that was put there. */
  private newest: Origin | undefined;
  private unsaidBatches = 0;
  private unsaidBytes = 0;
  private nextGotMs = Number.NEGATIVE_INFINITY;
  private readonly duplicatesInRow = new Map<Origin, number>();
  /** Origins whose records the neighbour is to hold back, and those of which it knows. */
  private readonly pruned = new Set<Origin>();
  private readonly asked = new Set<Origin>();
  private hasWishes = false;

  /** What the last batch named, and the bytes that said so. */
  origins: readonly Origin[] = [];
  private originsBytes: Uint8Array = NOTHING;

  /** `neighbour` is known once it has proved who it is. */
  neighbour: string | undefined;

  constructor(own: Vector<Origin>) {
    this.own = own;
  }

  batch(bytes: number): void {
    this.batches += 1;
    this.unsaidBatches += 1;
    this.unsaidBytes += bytes;
  }

  /**
   * A record came: `had` it before, or it was news that won. Three in a row of an origin that came sooner by another way, and
   * the neighbour is to hold them back; one that is news after all, and it is to send at once again.
   */
  record(origin: Origin, had: boolean, won: boolean): void {
    this.records += 1;
    if (!had) {
      if (this.duplicatesInRow.size > 0) this.duplicatesInRow.delete(origin);
      if (won && this.pruned.size > 0 && this.pruned.delete(origin)) this.hasWishes = true;
      return;
    }
    this.duplicates += 1;
    const inRow = (this.duplicatesInRow.get(origin) ?? 0) + 1;
    this.duplicatesInRow.set(origin, inRow);
    // A neighbour never holds back what was reported to itself.
    if (inRow < PRUNE_AFTER || origin.name === this.neighbour || this.pruned.has(origin)) return;
    this.duplicatesInRow.delete(origin);
    this.pruned.add(origin);
    this.hasWishes = true;
  }

  /**
   * Says what the neighbour is to hold back from now on, and what to send at once again. Once a turn: where two ways are about as fast, a
   * turn of many records may change its mind with every few of them.
   */
  takeWishes(say: (wish: 'prune' | 'graft', origin: Origin) => void): void {
    if (!this.hasWishes) return;
    this.hasWishes = false;
    for (const origin of this.pruned) {
      if (this.asked.has(origin)) continue;
      this.asked.add(origin);
      say('prune', origin);
    }
    for (const origin of this.asked) {
      if (!this.pruned.has(origin) && this.asked.delete(origin)) say('graft', origin);
    }
  }

  /** This server has got something new of an origin, from wherever. */
  gotMore(origin: Origin): void {
    if (origin === this.newest) return;
    this.newest = origin;
    this.unsaid.add(origin);
  }

  /** The origins that a batch names: mostly those of the batch before, and then they are not read again. */
  originsOf(reader: ByteReader, find: (name: string, epoch: number) => Origin): readonly Origin[] {
    if (this.originsBytes.length > 0 && reader.isAt(this.originsBytes)) {
      reader.pass(this.originsBytes.length);
      return this.origins;
    }
    const start = reader.position;
    this.originsBytes = NOTHING;
    this.origins = readOrigins(reader).map(({ name, epoch }) => find(name, epoch));
    this.originsBytes = reader.bytes.slice(start, reader.position);
    return this.origins;
  }

  /** Whether the neighbour is to be told now. */
  owesNow(nowMs: number): boolean {
    return this.unsaidBytes >= GOT_BYTES || this.dueMs() <= nowMs;
  }

  /** When the neighbour is to be told. */
  dueMs(): number {
    return this.unsaid.size > 0 || this.unsaidBatches > 0 ? this.nextGotMs : Number.POSITIVE_INFINITY;
  }

  /** The link begins, and this is what the neighbour has. */
  expect(peer: Vector<Origin>): void {
    for (const [origin, { height }] of peer) if (height > this.heightOf(origin)) this.lacking.push([origin, height]);
  }

  /** How many updates this server lacks of what the neighbour had when the link began; records may be fewer. */
  get lackingUpdates(): number {
    return this.lacking.reduce((sum, [origin, height]) => sum + Math.max(0, height - this.heightOf(origin)), 0);
  }

  /** Whether this server has all that the neighbour had when the link began. */
  get isFed(): boolean {
    // What it once had counts for ever: that life may be forgotten before it has the rest.
    this.lacking = this.lacking.filter(([origin, height]) => this.heightOf(origin) < height);
    return this.lacking.length === 0;
  }

  private heightOf(origin: Origin): number {
    return this.own.get(origin)?.height ?? 0;
  }

  /** What to tell it. */
  take(nowMs: number): VectorEntry[] {
    const entries: VectorEntry[] = [];
    for (const origin of this.unsaid) {
      const got = this.own.get(origin);
      if (got !== undefined) entries.push(entryOf(origin, got));
    }
    this.unsaid.clear();
    this.newest = undefined;
    this.unsaidBatches = 0;
    this.unsaidBytes = 0;
    this.nextGotMs = nowMs + GOT_INTERVAL_MS;
    return entries;
  }
}

/** Everything a server has, for the start of a link. */
export function entriesOf(vector: Vector<Origin>): VectorEntry[] {
  const entries: VectorEntry[] = [];
  for (const [origin, got] of vector) if (!got.isEmpty) entries.push(entryOf(origin, got));
  return entries;
}

function entryOf(origin: Origin, got: Got): VectorEntry {
  return { name: origin.name, epoch: origin.epoch, height: got.height, above: got.above() };
}
