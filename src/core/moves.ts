// Some clients, and where their records in the table say they are: read together, so that the processor waits for the memory of all of
// them at once, and of a row only what that needs. Knows no index.
import { NEAR_TOGETHER_CLIENTS } from '../wire/limits.ts';
import { readUnits } from '../wire/units.ts';
import { CLIENT_LENGTH, FORGOTTEN, MARKS, ROW_SHIFT, SEGMENT_ROWS, SEGMENT_SHIFT } from './row.ts';
import type { Slot, Table } from './table.ts';

/** The latitude of whoever was forgotten. */
export const NOWHERE = -0x8000_0000;

export class Moves {
  count = 0;
  readonly slots: Int32Array = new Int32Array(NEAR_TOGETHER_CLIENTS);
  /** In units of `wire/units.ts`, north or NOWHERE. */
  readonly norths: Int32Array = new Int32Array(NEAR_TOGETHER_CLIENTS);
  readonly easts: Int32Array = new Int32Array(NEAR_TOGETHER_CLIENTS);
  private readonly clientLengths = new Int32Array(NEAR_TOGETHER_CLIENTS);
  /** Nobody needs it: it keeps the compiler from leaving out what it is made of. */
  seen = 0;

  /** One more, of NEAR_TOGETHER_CLIENTS at most. */
  add(slot: Slot): void {
    this.slots[this.count] = slot;
    this.count += 1;
  }

  /** Reads where they are; all of them have a record. */
  locate({ words, texts }: Table): void {
    const { count, slots, norths, easts, clientLengths } = this;
    for (let index = 0; index < count; index += 1) {
      const slot = slots[index] as number;
      const rows = words[slot >>> SEGMENT_SHIFT] as Int32Array;
      const row = (slot & (SEGMENT_ROWS - 1)) << ROW_SHIFT;
      clientLengths[index] = rows[row + CLIENT_LENGTH] as number;
      norths[index] = ((rows[row + MARKS] as number) & FORGOTTEN) === 0 ? 0 : NOWHERE;
    }
    let seen = 0;
    for (let index = 0; index < count; index += 1) {
      const slot = slots[index] as number;
      seen ^= texts.bytesOf(slot)[texts.startOf(slot) + (clientLengths[index] as number)] as number;
    }
    this.seen = seen;
    for (let index = 0; index < count; index += 1) {
      if (norths[index] === NOWHERE) continue;
      const slot = slots[index] as number;
      const start = texts.startOf(slot) + (clientLengths[index] as number) + 1;
      readUnits(texts.bytesOf(slot), start, norths, easts, index);
    }
  }
}
