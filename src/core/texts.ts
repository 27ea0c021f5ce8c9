// Where the text of each client's record lies: in its row, or in the arena if it is longer than there is room in a row. Knows bytes, no record.
import { setBytes } from '../wire/bytes.ts';
import { Arena } from './arena.ts';
import { ROW_SHIFT, ROW_TEXT, ROW_TEXT_BYTES, SEGMENT_ROWS, SEGMENT_SHIFT, TEXT, TEXT_LENGTH } from './row.ts';
import type { Slot } from './table.ts';

export class Texts {
  /** The table's rows, by segment: as words, as bytes, and as bytes that are copied by the word. */
  private readonly words: readonly Int32Array[];
  private readonly rows: Uint8Array[] = [];
  private readonly views: DataView[] = [];
  private readonly arena: Arena = new Arena();

  constructor(words: readonly Int32Array[]) {
    this.words = words;
  }

  /** Memory taken beside the rows. */
  get bytes(): number {
    return this.arena.bytes;
  }

  /** One segment of rows more. */
  reach(segment: Uint8Array): void {
    this.rows.push(segment);
    this.views.push(new DataView(segment.buffer, segment.byteOffset, segment.length));
  }

  /** The memory in which a client's text lies, from `startOf` on. */
  bytesOf(slot: Slot): Uint8Array {
    if (this.at(slot, TEXT_LENGTH) <= ROW_TEXT_BYTES) return this.rows[slot >>> SEGMENT_SHIFT] as Uint8Array;
    return this.arena.chunkOf(this.at(slot, TEXT));
  }

  /** The same memory, for reading by the word. */
  wordsOf(slot: Slot): DataView {
    if (this.at(slot, TEXT_LENGTH) <= ROW_TEXT_BYTES) return this.views[slot >>> SEGMENT_SHIFT] as DataView;
    return this.arena.viewOf(this.at(slot, TEXT));
  }

  startOf(slot: Slot): number {
    if (this.at(slot, TEXT_LENGTH) <= ROW_TEXT_BYTES) return inRow(slot);
    return this.arena.offsetOf(this.at(slot, TEXT));
  }

  /** Gives a slot that has no text this one. */
  add(slot: Slot, source: Uint8Array, start: number, length: number): void {
    const segment = slot >>> SEGMENT_SHIFT;
    const words = this.words[segment] as Int32Array;
    const row = (slot & (SEGMENT_ROWS - 1)) << ROW_SHIFT;
    words[row + TEXT_LENGTH] = length;
    if (length > ROW_TEXT_BYTES) words[row + TEXT] = this.arena.add(source, start, length);
    else {
      const rows = this.rows[segment] as Uint8Array;
      setBytes(rows, this.views[segment] as DataView, inRow(slot), source, start, length);
    }
  }

  /** Gives back what its text takes. */
  remove(slot: Slot): void {
    const length = this.at(slot, TEXT_LENGTH);
    if (length > ROW_TEXT_BYTES) this.arena.remove(this.at(slot, TEXT), length);
  }

  private at(slot: Slot, field: number): number {
    return (this.words[slot >>> SEGMENT_SHIFT] as Int32Array)[
      ((slot & (SEGMENT_ROWS - 1)) << ROW_SHIFT) + field
    ] as number;
  }
}

/** Where in its segment a slot's row has room for a text, in bytes. */
function inRow(slot: Slot): number {
  return (((slot & (SEGMENT_ROWS - 1)) << ROW_SHIFT) + ROW_TEXT) * Int32Array.BYTES_PER_ELEMENT;
}
