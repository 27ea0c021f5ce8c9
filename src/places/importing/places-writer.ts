// Writes places that were taken in as one .places file, beside the old one and then in its place. The format is described where it
// is read: ../places-file.ts. Knows rows and bytes; nothing of where they come from.
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import KDBush from 'kdbush';
import { CHUNK_PLACES, HEAD_BYTES, LEAF_PLACES } from '../limits.ts';
import { CHECKSUM_AT, ENTRY_BYTES, MAGIC, PREAMBLE_BYTES, VERSION } from '../places-file.ts';
import { PlacesError } from '../provider.ts';
import { hilbertNumber } from './hilbert.ts';
import { unfinishedFile } from './leftovers.ts';
import type { PlaceRows } from './place-rows.ts';

export interface Written {
  readonly places: number;
  /** Places that were there already, with the same source, name and position. */
  readonly duplicates: number;
  readonly bytes: number;
}

/** Of a source's name and position a place's id is made: two of them would be one place twice. */
interface Order {
  /** Numbers of the places, in the order of the curve. */
  readonly places: Uint32Array;
  /** Where each chunk ends among them. */
  readonly ends: readonly number[];
  readonly duplicates: number;
}

/**
 * Nothing but the whole new file ever stands at `target`: it is written beside, made durable and then renamed.
 * @throws the system's error when it cannot be written; what stood there is still there
 */
export function writePlacesFile(
  rows: PlaceRows,
  target: string,
  onProgress: (share: number) => void = () => {},
): Written {
  const temporary = unfinishedFile(target);
  // Nobody else's: two that wrote into one would rename a ruin.
  const descriptor = openSync(temporary, 'wx');
  try {
    let written: Written;
    try {
      written = writeAll(rows, descriptor, onProgress);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, target);
    syncFolder(path.dirname(target));
    return written;
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** So that the new name survives a loss of power as well. */
function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function writeAll(rows: PlaceRows, descriptor: number, onProgress: (share: number) => void): Written {
  const { places, ends, duplicates } = inOrder(rows);
  const header = headerBytes(rows, places);
  const chunks = ends.length;
  const headBytes = PREAMBLE_BYTES + header.length + chunks * ENTRY_BYTES;
  if (headBytes > HEAD_BYTES) throw new PlacesError('too many kinds of places for one file');
  const directory = Buffer.alloc(chunks * ENTRY_BYTES);
  let position = headBytes;
  for (let chunk = 0; chunk < chunks; chunk += 1) {
    const bytes = chunkBytes(rows, places.subarray(ends[chunk - 1] ?? 0, ends[chunk]), directory, chunk);
    writeFully(descriptor, bytes, position);
    position += bytes.length;
    onProgress((chunk + 1) / chunks);
  }
  writeFully(descriptor, Buffer.concat([preamble(header, directory, chunks, position), header, directory]), 0);
  return { places: places.length, duplicates, bytes: position };
}

function writeFully(descriptor: number, bytes: Uint8Array, position: number): void {
  let written = 0;
  while (written < bytes.length) {
    written += writeSync(descriptor, bytes, written, bytes.length - written, position + written);
  }
}

/** Along the curve, equal places next to each other and only the first of them kept. */
function inOrder(rows: PlaceRows): Order {
  // The curve's number above, the place's below: sorted as one number, without a function to compare.
  const keys = new Uint32Array(rows.count * 2);
  for (let place = 0; place < rows.count; place += 1) {
    keys[place * 2] = place;
    keys[place * 2 + 1] = hilbertNumber(rows.longitudeUnits(place), rows.latitudeUnits(place));
  }
  new BigUint64Array(keys.buffer).sort();
  const order = new Uint32Array(rows.count);
  const cells = new Uint32Array(rows.count);
  let kept = 0;
  /** Of one cell, by a number that equal positions share: the only place there, or what all of them are. */
  const atPosition = new Map<number, number | Set<string>>();
  for (let at = 0; at < rows.count; at += 1) {
    const place = keys[at * 2] as number;
    const cell = keys[at * 2 + 1] as number;
    const isFirst = at === 0 || keys[at * 2 - 1] !== cell;
    if (isFirst && atPosition.size > 0) atPosition.clear();
    if (!isFirst || keys[at * 2 + 3] === cell) {
      const position = rows.longitudeUnits(place) + rows.latitudeUnits(place) * 4e9;
      const others = atPosition.get(position);
      if (others === undefined) atPosition.set(position, place);
      else {
        const identities = typeof others === 'number' ? new Set([identityOf(rows, others)]) : others;
        const identity = identityOf(rows, place);
        if (identities.has(identity)) continue;
        atPosition.set(position, identities.add(identity));
      }
    }
    order[kept] = place;
    cells[kept] = cell;
    kept += 1;
  }
  const ends: number[] = [];
  cutIntoChunks(cells, 0, kept, 0, 4 ** 16, ends);
  return { places: order.subarray(0, kept), ends, duplicates: rows.count - kept };
}

/**
 * A chunk is a square of the curve with all its places, so that boxes do not overlap: a square with too many is cut into its quarters,
 * and what is in one cell by number.
 */
function cutIntoChunks(
  cells: Uint32Array,
  start: number,
  end: number,
  first: number,
  size: number,
  ends: number[],
): void {
  if (start === end) return;
  if (end - start <= CHUNK_PLACES || size === 1) {
    for (let at = start + CHUNK_PLACES; at < end; at += CHUNK_PLACES) ends.push(at);
    ends.push(end);
    return;
  }
  let from = start;
  for (let quarter = 1; quarter <= 4; quarter += 1) {
    const below = first + (quarter * size) / 4;
    const to = lowerBound(cells, from, end, below);
    cutIntoChunks(cells, from, to, below - size / 4, size / 4, ends);
    from = to;
  }
}

/** The first of a sorted span that is not below a number. */
function lowerBound(sorted: Uint32Array, start: number, end: number, number: number): number {
  let [low, high] = [start, end];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < number) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What a place_id is made of. */
function identityOf(rows: PlaceRows, place: number): string {
  const key = rows.sources[rows.kinds[rows.kind(place)]?.source ?? 0]?.key;
  return `${rows.longitudeUnits(place)} ${rows.latitudeUnits(place)} ${key}\0${rows.name(place).toString()}`;
}

/** Padded with spaces, so that the directory's four-byte numbers behind it are aligned. */
function headerBytes(rows: PlaceRows, places: Uint32Array): Buffer {
  const counts = rows.sources.map(() => 0);
  for (const place of places) {
    const source = rows.kinds[rows.kind(place)]?.source ?? 0;
    counts[source] = (counts[source] ?? 0) + 1;
  }
  const sources = rows.sources.map((source, at) => ({ ...source, places: counts[at] }));
  const text = Buffer.from(JSON.stringify({ places: places.length, sources, kinds: rows.kinds }));
  return Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, ' ')]);
}

function preamble(header: Buffer, directory: Buffer, chunks: number, fileBytes: number): Buffer {
  const bytes = Buffer.alloc(PREAMBLE_BYTES);
  bytes.write(MAGIC, 'latin1');
  bytes.writeUInt32LE(VERSION, 8);
  bytes.writeUInt32LE(header.length, 12);
  bytes.writeUInt32LE(chunks, 16);
  bytes.writeDoubleLE(fileBytes, CHECKSUM_AT + 4);
  const parts = [bytes.subarray(0, CHECKSUM_AT), bytes.subarray(CHECKSUM_AT + 4), header, directory];
  bytes.writeUInt32LE(
    parts.reduce((checksum, part) => crc32(part, checksum), 0),
    CHECKSUM_AT,
  );
  return bytes;
}

/** The chunk itself; its entry goes into the directory. */
function chunkBytes(rows: PlaceRows, unordered: Uint32Array, directory: Buffer, chunk: number): Buffer {
  const places = inTreeOrder(rows, unordered);
  const coordinates = new Int32Array(places.length * 2);
  const nameOffsets = new Uint32Array(places.length + 1);
  const vicinityNumbers = new Uint16Array(places.length);
  const kindNumbers = new Uint16Array(places.length);
  const names: Buffer[] = [];
  const vicinities: Buffer[] = [Buffer.alloc(0)];
  const vicinityOffsets = [0, 0];
  const numbers = new Map<number, number>([[0, 0]]);
  for (const [row, place] of places.entries()) {
    coordinates[row * 2] = rows.longitudeUnits(place);
    coordinates[row * 2 + 1] = rows.latitudeUnits(place);
    kindNumbers[row] = rows.kind(place);
    const name = rows.name(place);
    names.push(name);
    nameOffsets[row + 1] = (nameOffsets[row] as number) + name.length;
    const vicinityNumber = rows.vicinityNumber(place);
    let number = numbers.get(vicinityNumber);
    if (number === undefined) {
      const vicinity = rows.vicinity(vicinityNumber);
      number = vicinities.push(vicinity) - 1;
      vicinityOffsets.push((vicinityOffsets.at(-1) as number) + vicinity.length);
      numbers.set(vicinityNumber, number);
    }
    vicinityNumbers[row] = number;
  }
  const tables = [coordinates, nameOffsets, Uint32Array.from(vicinityOffsets), vicinityNumbers, kindNumbers];
  const bytes = Buffer.concat([
    ...tables.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)),
    ...names,
    ...vicinities,
  ]);
  writeEntry(directory, chunk, coordinates, vicinities.length, bytes);
  return bytes;
}

function writeEntry(
  directory: Buffer,
  chunk: number,
  coordinates: Int32Array,
  vicinities: number,
  bytes: Buffer,
): void {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let at = 0; at < coordinates.length; at += 2) {
    west = Math.min(west, coordinates[at] as number);
    east = Math.max(east, coordinates[at] as number);
    south = Math.min(south, coordinates[at + 1] as number);
    north = Math.max(north, coordinates[at + 1] as number);
  }
  let position = chunk * ENTRY_BYTES;
  for (const edge of [west, south, east, north]) position = directory.writeInt32LE(edge, position);
  for (const number of [coordinates.length / 2, vicinities, bytes.length, crc32(bytes)]) {
    position = directory.writeUInt32LE(number, position);
  }
}

function inTreeOrder(rows: PlaceRows, places: Uint32Array): Uint32Array {
  const tree = new KDBush(places.length, LEAF_PLACES, Int32Array);
  for (const place of places) tree.add(rows.longitudeUnits(place), rows.latitudeUnits(place));
  return Uint32Array.from(tree.finish().ids, (at) => places[at] as number);
}
