// Where in the table a client's ID is looked for. Knows bytes only.

/** MurmurHash3 (A. Appleby, public domain) of the bytes `[start, end)`, four at a time; 31 bits, so that it stays a small integer. */
export function hashId(bytes: DataView, start: number, end: number, seed: number): number {
  let hash = seed;
  let index = start;
  for (; index + 4 <= end; index += 4) {
    let mixed = Math.imul(bytes.getInt32(index, true), 0xcc9e2d51);
    mixed = Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
    hash ^= mixed;
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (; index < end; index += 1) rest = (rest << 8) | bytes.getUint8(index);
  rest = Math.imul(rest, 0xcc9e2d51);
  hash ^= Math.imul((rest << 15) | (rest >>> 17), 0x1b873593) ^ (end - start);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) & 0x7fffffff;
}
