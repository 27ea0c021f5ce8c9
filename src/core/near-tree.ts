// The tree under the near index: the plane of latitude and longitude in sixteenths of sixteenths, as deep as clients are dense.
// Keeps which client is in which leaf while they move. Knows slots and whole-number positions; no distance.
//
// A key is a row (north), a column (east) and a slot, of 32 bits each. A node stands where keys first differ and has an entry for
// each value of the next two bits of row and column, those of the slot only after all of them: so clients at the very same spot are
// told apart too, and a leaf never holds more than its capacity, whatever crowd stands where. As long as it has room, a leaf
// serves a block of entries; full, it leaves half of them to another. Positions lie in the leaves and nodes are wide, since
// each step to memory far away costs more than all else.
import { NEAR_TOGETHER_CLIENTS } from '../wire/limits.ts';
import { clearLow, digitOf, levelOf, SLOT_LEVELS } from './near-key.ts';
import { Rows } from './rows.ts';

/** Where a slot's client is: the number of its leaf, then in the lowest bits its place there; 0 when it is nowhere. */
const PLACE_BITS = 5;
const PLACE_MASK: number = (1 << PLACE_BITS) - 1;

/** A leaf's integers: its node, that node's level, its block of entries, how many clients; then of each its slot, column and row. */
const LEAF_PARENT = 0;
const LEAF_LEVEL = 1;
/** The first entry, then in the lowest bits how many: 1, 2, 4, 8 or 16. */
const BLOCK = 2;
const SIZE_BITS = 5;
const SIZE_MASK: number = (1 << SIZE_BITS) - 1;
export const COUNT = 3;
export const FIRST = 4;
export const ENTRY_INTEGERS = 3;
export const COLUMN = 1;
export const ROW = 2;
const CAPACITY: number = 2 ** PLACE_BITS - 1;
/** Two leaves beside each other that hold no more than this become one: enough less than what makes it fall apart again that nobody who goes to and fro does both each time ... */
const JOINED_MOST = 24;
/** ... but that is looked at only when one of them has no more left than this: the other is elsewhere in memory. */
const LEFT_MOST = 12;

/**
 * A node's integers: its entries (a node's number, a leaf's number negated, or 0), the key of a client below it with the bits that
 * its entries tell apart and all lower ones cleared, its level, and its own node.
 */
export const ENTRIES = 16;
export const NODE_COLUMN = 16;
export const NODE_ROW = 17;
export const NODE_SLOT = 18;
/** 15 to 0: two bits of row and column, from the highest; -1 to -8: four of the slot. */
export const LEVEL = 19;
const NODE_PARENT = 20;
const NODE_INTEGERS = 21;
/** Of the leaf that is the whole tree. */
const TOP_LEVEL = 16;

export class NearTree {
  private readonly places = new Rows(1);
  readonly leaves: Rows = new Rows(FIRST + CAPACITY * ENTRY_INTEGERS);
  readonly nodes: Rows = new Rows(NODE_INTEGERS);
  /** As entries have it. */
  root = 0;
  size = 0;
  private readonly expected = new Int32Array(NEAR_TOGETHER_CLIENTS);
  /** Nobody needs it: it keeps the compiler from leaving out what it is made of. */
  seen = 0;

  get bytes(): number {
    return this.places.bytes + this.leaves.bytes + this.nodes.bytes;
  }

  /** Inserts a client or moves it. Column and row are whole numbers from 0 to 2^32 - 1. */
  put(slot: number, column: number, row: number): void {
    this.places.reach(slot);
    const place = this.places.segment(slot)[this.places.offset(slot)] as number;
    if (place === 0) this.size += 1;
    else {
      const leaf = place >>> PLACE_BITS;
      const entries = this.leaves.segment(leaf);
      const begin = this.leaves.offset(leaf);
      const at = begin + FIRST + (place & PLACE_MASK) * ENTRY_INTEGERS;
      const columns = (entries[at + COLUMN] as number) ^ column;
      const rows = (entries[at + ROW] as number) ^ row;
      const differs = levelOf(columns, rows, 0);
      const level = entries[begin + LEAF_LEVEL] as number;
      const size = (entries[begin + BLOCK] as number) & SIZE_MASK;
      if (differs < level || (differs === level && digitOf(level, 0, columns, rows) < size)) {
        entries[at + COLUMN] = column;
        entries[at + ROW] = row;
        return;
      }
      this.takeOut(place);
    }
    this.insert(slot, column, row);
  }

  /** Fetches what `put` needs for these clients: the processor waits for all of them together, not for each. Changes nothing. */
  expect(slots: Int32Array, count: number): void {
    const { places, leaves, expected } = this;
    for (let index = 0; index < count; index += 1) {
      const slot = slots[index] as number;
      places.reach(slot);
      expected[index] = places.segment(slot)[places.offset(slot)] as number;
    }
    let seen = 0;
    for (let index = 0; index < count; index += 1) {
      const place = expected[index] as number;
      if (place === 0) continue;
      const entries = leaves.segment(place >>> PLACE_BITS);
      const begin = leaves.offset(place >>> PLACE_BITS);
      const at = begin + FIRST + (place & PLACE_MASK) * ENTRY_INTEGERS;
      seen ^= (entries[begin] as number) ^ (entries[at + ROW] as number);
    }
    this.seen = seen;
  }

  /** False if the client was not there. */
  remove(slot: number): boolean {
    this.places.reach(slot);
    const places = this.places.segment(slot);
    const at = this.places.offset(slot);
    const place = places[at] as number;
    if (place === 0) return false;
    this.takeOut(place);
    places[at] = 0;
    this.size -= 1;
    return true;
  }

  private insert(slot: number, column: number, row: number): void {
    let parent = 0;
    let child = this.root;
    while (child !== 0) {
      if (child < 0) {
        if (this.countOf(-child) < CAPACITY) return this.append(-child, slot, column, row);
        this.split(-child, slot, column, row);
        child = parent === 0 ? this.root : this.entryFor(parent, slot, column, row);
        continue;
      }
      const node = this.nodes.segment(child);
      const at = this.nodes.offset(child);
      const level = node[at + LEVEL] as number;
      const otherColumn = node[at + NODE_COLUMN] as number;
      const otherRow = node[at + NODE_ROW] as number;
      const differs = levelOf(column ^ otherColumn, row ^ otherRow, slot ^ (node[at + NODE_SLOT] as number));
      if (differs > level) {
        // It does not belong below this node: both get a node above them.
        child = this.putAbove(child, differs, slot, column, row);
      } else {
        parent = child;
        child = node[at + digitOf(level, slot, column, row)] as number;
      }
    }
    this.append(this.addLeafFor(parent, slot, column, row), slot, column, row);
  }

  /** Empties a place in a leaf. */
  private takeOut(place: number): void {
    const leaf = place >>> PLACE_BITS;
    if (this.fill(leaf, place & PLACE_MASK) <= LEFT_MOST) this.shrink(leaf);
  }

  /** Joins a leaf that is nearly empty with what is beside it; if then nothing else is in its node, it takes the node's place. */
  private shrink(leaf: number): void {
    const header = this.leaves.segment(leaf);
    const begin = this.leaves.offset(leaf);
    for (;;) {
      const parent = header[begin + LEAF_PARENT] as number;
      const size = (header[begin + BLOCK] as number) & SIZE_MASK;
      const start = (header[begin + BLOCK] as number) >>> SIZE_BITS;
      if (header[begin + COUNT] === 0) {
        this.setBlock(parent, start, size, 0);
        this.leaves.giveBack(leaf);
        if (parent !== 0) this.collapse(parent);
        return;
      }
      if (parent === 0) return;
      if (size === ENTRIES) this.raise(parent, leaf);
      else {
        if (!this.takeBlock(leaf, parent, start ^ size, size)) return;
        this.place(leaf, parent, start & ~size, 2 * size);
      }
    }
  }

  /** Empties a block of entries into a leaf; false if there is more than goes into it. */
  private takeBlock(into: number, parent: number, start: number, size: number): boolean {
    const node = this.nodes.segment(parent);
    const at = this.nodes.offset(parent) + start;
    const other = node[at] as number;
    for (let index = 1; index < size; index += 1) if (node[at + index] !== other) return false;
    if (other === 0) return true;
    if (other > 0 || this.countOf(into) + this.countOf(-other) > JOINED_MOST) return false;
    const entries = this.leaves.segment(-other);
    const first = this.leaves.offset(-other) + FIRST;
    const end = first + this.countOf(-other) * ENTRY_INTEGERS;
    for (let entry = first; entry < end; entry += ENTRY_INTEGERS) {
      this.append(into, entries[entry] as number, entries[entry + COLUMN] as number, entries[entry + ROW] as number);
    }
    this.leaves.giveBack(-other);
    return true;
  }

  /** A node that has lost a leaf: when it has one child only, that takes its place. */
  private collapse(node: number): void {
    const entries = this.nodes.segment(node);
    const at = this.nodes.offset(node);
    let only = 0;
    for (let index = 0; index < ENTRIES; index += 1) {
      const child = entries[at + index] as number;
      if (child === 0 || child === only) continue;
      if (only !== 0) return;
      only = child;
    }
    if (only < 0) {
      this.raise(node, -only);
      if (this.countOf(-only) <= LEFT_MOST) this.shrink(-only);
      return;
    }
    const parent = entries[at + NODE_PARENT] as number;
    this.setBlock(parent, this.entryOf(parent, node), 1, only);
    this.nodes.segment(only)[this.nodes.offset(only) + NODE_PARENT] = parent;
    this.nodes.giveBack(node);
  }

  /** Puts a leaf in the place of its node, in which there is nothing else. */
  private raise(node: number, leaf: number): void {
    const parent = this.nodes.segment(node)[this.nodes.offset(node) + NODE_PARENT] as number;
    this.place(leaf, parent, this.entryOf(parent, node), 1);
    this.nodes.giveBack(node);
  }

  /** Makes room for one more key in a full leaf: halves its block, or puts a node in its place if it has but one entry. */
  private split(leaf: number, slot: number, column: number, row: number): void {
    const entries = this.leaves.segment(leaf);
    const begin = this.leaves.offset(leaf);
    const parent = entries[begin + LEAF_PARENT] as number;
    const start = (entries[begin + BLOCK] as number) >>> SIZE_BITS;
    const half = ((entries[begin + BLOCK] as number) & SIZE_MASK) >> 1;
    const first = begin + FIRST;
    const last = first + (CAPACITY - 1) * ENTRY_INTEGERS;
    if (parent !== 0 && half > 0) return this.halve(leaf, parent, start, half);
    let slots = 0;
    let columns = 0;
    let rows = 0;
    for (let at = first; at <= last; at += ENTRY_INTEGERS) {
      slots |= (entries[at] as number) ^ slot;
      columns |= (entries[at + COLUMN] as number) ^ column;
      rows |= (entries[at + ROW] as number) ^ row;
    }
    const node = this.addNode(parent, levelOf(columns, rows, slots), slot, column, row);
    this.setBlock(parent, start, 1, node);
    this.place(leaf, node, 0, ENTRIES);
  }

  /** Takes half of its block, with the clients there, from a full leaf: the half that its first client is not in. */
  private halve(leaf: number, parent: number, start: number, half: number): void {
    const entries = this.leaves.segment(leaf);
    const begin = this.leaves.offset(leaf);
    const first = begin + FIRST;
    const level = entries[begin + LEAF_LEVEL] as number;
    const halfOf = (at: number): number =>
      digitOf(level, entries[at] as number, entries[at + COLUMN] as number, entries[at + ROW] as number) & half;
    const kept = halfOf(first);
    const left = start + half - kept;
    this.setBlock(parent, left, half, 0);
    this.place(leaf, parent, start + kept, half);
    let other = 0;
    // From the end, so that what fills a hole was looked at.
    for (let at = first + (CAPACITY - 1) * ENTRY_INTEGERS; at > first; at -= ENTRY_INTEGERS) {
      if (halfOf(at) === kept) continue;
      if (other === 0) other = this.addLeaf(parent, left, half);
      this.append(other, entries[at] as number, entries[at + COLUMN] as number, entries[at + ROW] as number);
      this.fill(leaf, (at - first) / ENTRY_INTEGERS);
    }
  }

  /** Puts a node in the place of one whose keys differ from this one at a higher level, and that one below it. */
  private putAbove(child: number, level: number, slot: number, column: number, row: number): number {
    const below = this.nodes.segment(child);
    const at = this.nodes.offset(child);
    const parent = below[at + NODE_PARENT] as number;
    const node = this.addNode(parent, level, slot, column, row);
    this.setBlock(parent, this.entryOf(parent, child), 1, node);
    below[at + NODE_PARENT] = node;
    const [belowColumn, belowRow] = [below[at + NODE_COLUMN] as number, below[at + NODE_ROW] as number];
    this.setBlock(node, digitOf(level, below[at + NODE_SLOT] as number, belowColumn, belowRow), 1, child);
    return node;
  }

  private addNode(parent: number, level: number, slot: number, column: number, row: number): number {
    const node = this.nodes.take();
    const integers = this.nodes.segment(node);
    const at = this.nodes.offset(node);
    for (let index = 0; index < ENTRIES; index += 1) integers[at + index] = 0;
    integers[at + NODE_COLUMN] = clearLow(column, 2 * (level + 1));
    integers[at + NODE_ROW] = clearLow(row, 2 * (level + 1));
    integers[at + NODE_SLOT] = clearLow(slot, 4 * (level + SLOT_LEVELS + 1));
    integers[at + LEVEL] = level;
    integers[at + NODE_PARENT] = parent;
    return node;
  }

  /** A new leaf for a key where a node has none, in the largest block of empty entries around it. */
  private addLeafFor(parent: number, slot: number, column: number, row: number): number {
    if (parent === 0) return this.addLeaf(0, 0, 1);
    const node = this.nodes.segment(parent);
    const at = this.nodes.offset(parent);
    let start = digitOf(node[at + LEVEL] as number, slot, column, row);
    let size = 1;
    for (; size < ENTRIES; size *= 2) {
      const beside = at + (start ^ size);
      let empty = 0;
      while (empty < size && node[beside + empty] === 0) empty += 1;
      if (empty < size) break;
      start &= ~size;
    }
    return this.addLeaf(parent, start, size);
  }

  private addLeaf(parent: number, start: number, size: number): number {
    const leaf = this.leaves.take();
    this.leaves.segment(leaf)[this.leaves.offset(leaf) + COUNT] = 0;
    this.place(leaf, parent, start, size);
    return leaf;
  }

  /** Gives a leaf this block of a node; without a node, the leaf is the whole tree. */
  private place(leaf: number, parent: number, start: number, size: number): void {
    const header = this.leaves.segment(leaf);
    const begin = this.leaves.offset(leaf);
    header[begin + LEAF_PARENT] = parent;
    header[begin + LEAF_LEVEL] =
      parent === 0 ? TOP_LEVEL : (this.nodes.segment(parent)[this.nodes.offset(parent) + LEVEL] as number);
    header[begin + BLOCK] = (start << SIZE_BITS) | size;
    this.setBlock(parent, start, size, -leaf);
  }

  private setBlock(parent: number, start: number, size: number, child: number): void {
    if (parent === 0) {
      this.root = child;
      return;
    }
    const node = this.nodes.segment(parent);
    const at = this.nodes.offset(parent) + start;
    for (let index = 0; index < size; index += 1) node[at + index] = child;
  }

  /** Which entry of its node a node has. */
  private entryOf(parent: number, child: number): number {
    if (parent === 0) return 0;
    const node = this.nodes.segment(parent);
    const at = this.nodes.offset(parent);
    let entry = 0;
    while (node[at + entry] !== child) entry += 1;
    return entry;
  }

  private entryFor(parent: number, slot: number, column: number, row: number): number {
    const node = this.nodes.segment(parent);
    const at = this.nodes.offset(parent);
    return node[at + digitOf(node[at + LEVEL] as number, slot, column, row)] as number;
  }

  private append(leaf: number, slot: number, column: number, row: number): void {
    const entries = this.leaves.segment(leaf);
    const begin = this.leaves.offset(leaf);
    const count = entries[begin + COUNT] as number;
    const at = begin + FIRST + count * ENTRY_INTEGERS;
    entries[begin + COUNT] = count + 1;
    entries[at] = slot;
    entries[at + COLUMN] = column;
    entries[at + ROW] = row;
    this.places.segment(slot)[this.places.offset(slot)] = (leaf << PLACE_BITS) | count;
  }

  /** Puts the last client of a leaf where one has left. */
  private fill(leaf: number, hole: number): number {
    const entries = this.leaves.segment(leaf);
    const begin = this.leaves.offset(leaf);
    const count = (entries[begin + COUNT] as number) - 1;
    entries[begin + COUNT] = count;
    if (hole === count) return count;
    const to = begin + FIRST + hole * ENTRY_INTEGERS;
    const last = begin + FIRST + count * ENTRY_INTEGERS;
    const moved = entries[last] as number;
    entries[to] = moved;
    entries[to + COLUMN] = entries[last + COLUMN] as number;
    entries[to + ROW] = entries[last + ROW] as number;
    this.places.segment(moved)[this.places.offset(moved)] = (leaf << PLACE_BITS) | hole;
    return count;
  }

  private countOf(leaf: number): number {
    return this.leaves.segment(leaf)[this.leaves.offset(leaf) + COUNT] as number;
  }
}
