// The keys of the near index's tree, bit by bit: a row, a column and a slot, of 32 bits each. Knows no node.

/** Levels of the slot's bits, which are below those of row and column. */
export const SLOT_LEVELS = 8;

/** The level of the highest bit that is set; below all levels if none is. */
export function levelOf(columns: number, rows: number, slots: number): number {
  const spot = columns | rows;
  return spot === 0 ? ((31 - Math.clz32(slots)) >> 2) - SLOT_LEVELS : (31 - Math.clz32(spot)) >> 1;
}

/** The entry for a key in a node of this level: bits of row and column by turns, so that a block is a rectangle. */
export function digitOf(level: number, slot: number, column: number, row: number): number {
  if (level < 0) return (slot >>> (4 * (level + SLOT_LEVELS))) & 15;
  return interleave((column >>> (2 * level)) & 3, (row >>> (2 * level)) & 3);
}

/** The entry for the lowest two bits of column and row. */
export function interleave(column: number, row: number): number {
  return ((row & 2) << 2) | ((column & 2) << 1) | ((row & 1) << 1) | (column & 1);
}

/** Without its lowest bits. */
export function clearLow(integer: number, bits: number): number {
  if (bits <= 0) return integer;
  return bits >= 32 ? 0 : (integer >>> bits) << bits;
}
