// The tree under the near index: the plane of latitude and longitude in halves of halves, as deep as clients are dense. Keeps
// which client is in which leaf while they move. Knows slots and whole-number positions; no distance.
//
// A key is a row (north), a column (east) and a slot, of 32 bits each; of its bits the highest of row and column come first, by
// turns, and those of the slot last. A node stands where keys first differ, and has a child for each value of that bit. So no
// node has a single child, and clients at the very same spot are told apart too: a leaf never holds more than its
// capacity, whatever crowd stands where. Positions lie in the leaves, since memory far away is what costs time.
import { Rows } from './rows.ts';

/** Where a slot's client is: the number of its leaf, then in the lowest bits its place there; 0 when it is nowhere. */
const PLACE_BITS = 5;
const PLACE_MASK: number = (1 << PLACE_BITS) - 1;

/** A leaf's integers: its node, that node's level, how many clients; then of each its slot, column and row. */
const LEAF_PARENT = 0;
const LEAF_LEVEL = 1;
export const COUNT = 2;
export const FIRST = 3;
export const ENTRY_INTEGERS = 3;
export const COLUMN = 1;
export const ROW = 2;
const CAPACITY: number = 2 ** PLACE_BITS - 1;
/** Two leaves of one node that hold no more than this become one: so much less than what makes it fall apart again that nobody who goes to and fro does both each time ... */
const JOINED_MOST = 20;
/** ... but that is looked at only when one of them has no more left than this: the other is elsewhere in memory. */
const LEFT_MOST = 8;

/**
 * A node's integers: two children (a node's number, a leaf's number negated, or 0), the key of a client below it with the bits
 * from its level down cleared, that level, and its node.
 */
const CHILDREN = 2;
export const NODE_COLUMN = 2;
export const NODE_ROW = 3;
export const NODE_SLOT = 4;
/** 63 to 0: the bits of row and column by turns, row first; -1 to -32: those of the slot. */
export const LEVEL = 5;
const NODE_PARENT = 6;
const NODE_INTEGERS = 7;
/** Of the leaf that is the whole tree. */
const TOP_LEVEL = 64;

export class NearTree {
  private readonly places = new Rows(1);
  readonly leaves: Rows = new Rows(FIRST + CAPACITY * ENTRY_INTEGERS);
  readonly nodes: Rows = new Rows(NODE_INTEGERS);
  /** A child, as nodes have them. */
  root = 0;
  size = 0;

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
      if (levelOf(columns, rows, 0) < (entries[begin + LEAF_LEVEL] as number)) {
        entries[at + COLUMN] = column;
        entries[at + ROW] = row;
        return;
      }
      this.takeOut(place);
    }
    this.insert(slot, column, row);
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
        child = this.split(-child, slot, column, row);
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
        child = node[at + bitOf(level, slot, column, row)] as number;
      }
    }
    this.addLeaf(parent, slot, column, row);
  }

  /** Empties a place in a leaf. A leaf that is nearly empty is joined with its neighbour. */
  private takeOut(place: number): void {
    const leaf = place >>> PLACE_BITS;
    const entries = this.leaves.segment(leaf);
    const begin = this.leaves.offset(leaf);
    const count = (entries[begin + COUNT] as number) - 1;
    const hole = begin + FIRST + (place & PLACE_MASK) * ENTRY_INTEGERS;
    const last = begin + FIRST + count * ENTRY_INTEGERS;
    entries[begin + COUNT] = count;
    if (hole !== last) {
      const moved = entries[last] as number;
      entries[hole] = moved;
      entries[hole + COLUMN] = entries[last + COLUMN] as number;
      entries[hole + ROW] = entries[last + ROW] as number;
      this.places.segment(moved)[this.places.offset(moved)] = place;
    }
    if (count > LEFT_MOST) return;
    const parent = entries[begin + LEAF_PARENT] as number;
    if (count === 0) {
      this.replace(parent, -leaf, 0);
      this.leaves.giveBack(leaf);
    }
    if (parent !== 0) this.tidy(parent);
  }

  /** Makes an end of a node that has one child only, or two leaves with few clients. */
  private tidy(node: number): void {
    const children = this.nodes.segment(node);
    const at = this.nodes.offset(node);
    const first = children[at] as number;
    const second = children[at + 1] as number;
    if (first !== 0 && second !== 0) {
      if (first > 0 || second > 0 || this.countOf(-first) + this.countOf(-second) > JOINED_MOST) return;
      this.join(-first, -second);
    }
    const left = first === 0 ? second : first;
    const parent = children[at + NODE_PARENT] as number;
    this.replace(parent, node, left);
    this.setParent(left, parent);
    this.nodes.giveBack(node);
  }

  private join(into: number, leaf: number): void {
    const entries = this.leaves.segment(leaf);
    const first = this.leaves.offset(leaf) + FIRST;
    const end = first + this.countOf(leaf) * ENTRY_INTEGERS;
    for (let at = first; at < end; at += ENTRY_INTEGERS) {
      this.append(into, entries[at] as number, entries[at + COLUMN] as number, entries[at + ROW] as number);
    }
    this.leaves.giveBack(leaf);
  }

  /** A full leaf becomes a node, below which there is room for one more key. */
  private split(leaf: number, slot: number, column: number, row: number): number {
    const entries = this.leaves.segment(leaf);
    const begin = this.leaves.offset(leaf);
    const first = begin + FIRST;
    const last = first + (CAPACITY - 1) * ENTRY_INTEGERS;
    let slots = 0;
    let columns = 0;
    let rows = 0;
    for (let at = first; at <= last; at += ENTRY_INTEGERS) {
      slots |= (entries[at] as number) ^ slot;
      columns |= (entries[at + COLUMN] as number) ^ column;
      rows |= (entries[at + ROW] as number) ^ row;
    }
    const level = levelOf(columns, rows, slots);
    const parent = entries[begin + LEAF_PARENT] as number;
    const node = this.addNode(parent, level, slot, column, row);
    this.replace(parent, -leaf, node);
    const children = this.nodes.segment(node);
    const nodeAt = this.nodes.offset(node);
    const stays = bitOf(
      level,
      entries[first] as number,
      entries[first + COLUMN] as number,
      entries[first + ROW] as number,
    );
    children[nodeAt + stays] = -leaf;
    this.setParent(-leaf, node);
    // From the end, so that what fills a hole was looked at.
    for (let at = last; at > first; at -= ENTRY_INTEGERS) {
      const other = entries[at] as number;
      const otherColumn = entries[at + COLUMN] as number;
      const otherRow = entries[at + ROW] as number;
      if (bitOf(level, other, otherColumn, otherRow) === stays) continue;
      const count = (entries[begin + COUNT] as number) - 1;
      const end = first + count * ENTRY_INTEGERS;
      entries[begin + COUNT] = count;
      if (end !== at) {
        const moved = entries[end] as number;
        entries[at] = moved;
        entries[at + COLUMN] = entries[end + COLUMN] as number;
        entries[at + ROW] = entries[end + ROW] as number;
        this.places.segment(moved)[this.places.offset(moved)] = (leaf << PLACE_BITS) | ((at - first) / ENTRY_INTEGERS);
      }
      const beside = children[nodeAt + 1 - stays] as number;
      if (beside === 0) this.addLeaf(node, other, otherColumn, otherRow);
      else this.append(-beside, other, otherColumn, otherRow);
    }
    return node;
  }

  /** Puts a node in the place of one whose keys differ from this one at a higher level, and that one below it. */
  private putAbove(child: number, level: number, slot: number, column: number, row: number): number {
    const below = this.nodes.segment(child);
    const at = this.nodes.offset(child);
    const parent = below[at + NODE_PARENT] as number;
    const node = this.addNode(parent, level, slot, column, row);
    this.replace(parent, child, node);
    below[at + NODE_PARENT] = node;
    this.nodes.segment(node)[this.nodes.offset(node) + 1 - bitOf(level, slot, column, row)] = child;
    return node;
  }

  private addNode(parent: number, level: number, slot: number, column: number, row: number): number {
    const node = this.nodes.take();
    const integers = this.nodes.segment(node);
    const at = this.nodes.offset(node);
    for (let index = 0; index < CHILDREN; index += 1) integers[at + index] = 0;
    integers[at + NODE_COLUMN] = clearLow(column, (level >> 1) + 1);
    integers[at + NODE_ROW] = clearLow(row, (level + 1) >> 1);
    integers[at + NODE_SLOT] = clearLow(slot, level + 33);
    integers[at + LEVEL] = level;
    integers[at + NODE_PARENT] = parent;
    return node;
  }

  /** Gives a node a leaf where it has no child, with this client in it. */
  private addLeaf(parent: number, slot: number, column: number, row: number): void {
    const leaf = this.leaves.take();
    this.leaves.segment(leaf)[this.leaves.offset(leaf) + COUNT] = 0;
    this.setParent(-leaf, parent);
    if (parent === 0) this.root = -leaf;
    else {
      const node = this.nodes.segment(parent);
      const at = this.nodes.offset(parent);
      node[at + bitOf(node[at + LEVEL] as number, slot, column, row)] = -leaf;
    }
    this.append(leaf, slot, column, row);
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

  private countOf(leaf: number): number {
    return this.leaves.segment(leaf)[this.leaves.offset(leaf) + COUNT] as number;
  }

  private replace(parent: number, child: number, by: number): void {
    if (parent === 0) {
      this.root = by;
      return;
    }
    const node = this.nodes.segment(parent);
    const at = this.nodes.offset(parent);
    node[node[at] === child ? at : at + 1] = by;
  }

  private setParent(child: number, parent: number): void {
    if (child > 0) {
      this.nodes.segment(child)[this.nodes.offset(child) + NODE_PARENT] = parent;
      return;
    }
    const entries = this.leaves.segment(-child);
    const begin = this.leaves.offset(-child);
    entries[begin + LEAF_PARENT] = parent;
    entries[begin + LEAF_LEVEL] =
      parent === 0 ? TOP_LEVEL : (this.nodes.segment(parent)[this.nodes.offset(parent) + LEVEL] as number);
  }
}

/** The level of the highest bit that is set; below all levels if none is. */
function levelOf(columns: number, rows: number, slots: number): number {
  const column = Math.clz32(columns);
  const row = Math.clz32(rows);
  if (row <= column) return row === 32 ? -1 - Math.clz32(slots) : 63 - 2 * row;
  return 62 - 2 * column;
}

/** The bit of a key at this level. */
function bitOf(level: number, slot: number, column: number, row: number): number {
  if (level < 0) return (slot >>> (level + 32)) & 1;
  return ((level & 1 ? row : column) >>> (level >> 1)) & 1;
}

function clearLow(integer: number, bits: number): number {
  if (bits <= 0) return integer;
  return bits >= 32 ? 0 : (integer >>> bits) << bits;
}
