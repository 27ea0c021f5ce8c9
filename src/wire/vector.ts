// Vectors and marks on the wire: what a server has of each origin. Knows no table.
import { asciiBytes, type ByteReader, ByteWriter, MalformedFrame } from './bytes.ts';
import { RANGES_PER_ORIGIN, VECTOR_BYTES, VECTOR_ENTRIES } from './limits.ts';
import { readName } from './messages.ts';

/** An origin's name and life, the height up to which all is covered, and closed ranges above it: first, last, ... */
export interface VectorEntry {
  readonly name: string;
  readonly epoch: number;
  readonly height: number;
  readonly above: readonly number[];
}

/**
 * Writes as much as fits in a frame. Saying less than is so is always allowed: it costs a copy, never a loss.
 */
export function writeVector(out: ByteWriter, entries: readonly VectorEntry[]): void {
  const body = new ByteWriter();
  let count = 0;
  for (const entry of entries) {
    if (count === VECTOR_ENTRIES || body.length >= VECTOR_BYTES) break;
    writeEntry(body, entry);
    count += 1;
  }
  out.varint(count);
  out.copy(body.bytes, 0, body.length);
}

function writeEntry(out: ByteWriter, { name, epoch, height, above }: VectorEntry): void {
  out.field(asciiBytes(name));
  out.varint(epoch);
  out.varint(height);
  const numbers = Math.min(above.length, 2 * RANGES_PER_ORIGIN);
  out.varint(numbers / 2);
  let last = height;
  for (let index = 0; index < numbers; index += 1) {
    out.varint((above[index] as number) - last);
    last = above[index] as number;
  }
}

/** @throws {MalformedFrame} if it is longer than its bytes or the limits allow */
export function readVector(reader: ByteReader): VectorEntry[] {
  const count = reader.varint();
  if (count > VECTOR_ENTRIES || count > reader.remaining) throw new MalformedFrame(`vector of ${count} entries`);
  const entries: VectorEntry[] = [];
  for (let index = 0; index < count; index += 1) entries.push(readEntry(reader));
  return entries;
}

function readEntry(reader: ByteReader): VectorEntry {
  const name = readName(reader);
  const epoch = reader.varint();
  const height = reader.varint();
  const ranges = reader.varint();
  if (ranges > RANGES_PER_ORIGIN || ranges > reader.remaining)
    throw new MalformedFrame(`${ranges} ranges of one origin`);
  const above: number[] = [];
  let last = height;
  for (let index = 0; index < 2 * ranges; index += 1) {
    last += reader.varint();
    if (last > Number.MAX_SAFE_INTEGER) throw new MalformedFrame('sequence number too large');
    above.push(last);
  }
  return { name, epoch, height, above };
}
