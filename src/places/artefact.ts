// Reads a .places file: places of one licence, made by scripts/build-places.mjs. Refuses a file that is not whole.
// Knows bytes and tables; nothing of searching or printing.
//
// Format, version 1. Numbers are little-endian; degrees are in units of 1e-7.
//   bytes[8]     "DROVERPL"
//   u32          version
//   u32          bytes of the header
//   u32          bytes of the file
//   u32          CRC-32 of everything below
//   header       JSON, padded with spaces to a multiple of 8 bytes: nodeSize, places (n), vicinities (m), sources, kinds
//   i32[2n]      longitude and latitude of each place, in the order of a kd-tree (kdbush's, its ids being 0, 1, 2...)
//   u32[n+1]     where each name begins in the names
//   u32[n]       number of the place's vicinity; 0 is the empty one, for a place without
//   u32[m+1]     where each vicinity begins in the vicinities
//   u8[n]        number of the place's kind: its types, and the source that it comes from
//   vicinities   UTF-8
//   names        UTF-8
import { open } from 'node:fs/promises';
import { endianness } from 'node:os';
import { crc32 } from 'node:zlib';
import { type Attribution, PlacesError } from './provider.ts';

const MAGIC = 'DROVERPL';
const VERSION = 1;
const PREAMBLE_BYTES = 24;
/** Far above what is built (10 MB) and far below what would exhaust memory: a wrong file is refused, not read. */
const MOST_BYTES = 512 * 1024 * 1024;

export interface ArtefactSource extends Attribution {
  /** Hashed into the place_id of each of its places. */
  readonly key: string;
  /** What `html_attributions` says for it. */
  readonly html: string;
}

export interface ArtefactKind {
  /** Number of the source in `sources`. */
  readonly source: number;
  readonly types: readonly string[];
}

export interface Artefact {
  readonly sources: readonly ArtefactSource[];
  readonly kinds: readonly ArtefactKind[];
  readonly nodeSize: number;
  readonly places: number;
  /** Longitude and latitude by turns, in units of 1e-7 degree. */
  readonly coordinates: Int32Array;
  readonly nameOffsets: Uint32Array;
  readonly names: Uint8Array;
  readonly vicinityNumbers: Uint32Array;
  readonly vicinityOffsets: Uint32Array;
  readonly vicinities: Uint8Array;
  readonly kindNumbers: Uint8Array;
}

interface Header extends Pick<Artefact, 'sources' | 'kinds' | 'nodeSize' | 'places'> {
  readonly vicinities: number;
}

/** @throws {PlacesError} when the file is missing, cut short or altered */
export async function readArtefact(file: string): Promise<Artefact> {
  try {
    return parseArtefact(await readWhole(file));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new PlacesError(`the embedded places in ${file} cannot be used: ${reason}`);
  }
}

/** One read into a buffer of its own: the tables need to be aligned, and readFile grows its buffer by pieces. */
async function readWhole(file: string): Promise<ArrayBuffer> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    if (size < PREAMBLE_BYTES || size > MOST_BYTES) throw new PlacesError(`${size} bytes cannot be right`);
    const bytes = new Uint8Array(size);
    let filled = 0;
    while (filled < size) {
      const { bytesRead } = await handle.read(bytes, filled, size - filled, filled);
      if (bytesRead === 0) throw new PlacesError('it became shorter while being read');
      filled += bytesRead;
    }
    return bytes.buffer;
  } finally {
    await handle.close();
  }
}

/** @throws {PlacesError} when the bytes are not one whole artefact of this version */
export function parseArtefact(buffer: ArrayBuffer): Artefact {
  const headerBytes = checkPreamble(buffer);
  const header = JSON.parse(Buffer.from(buffer, PREAMBLE_BYTES, headerBytes).toString()) as Header;
  let position = PREAMBLE_BYTES + headerBytes;
  const take = (bytes: number): number => {
    const start = position;
    position += bytes;
    return start;
  };
  const { places, vicinities: vicinityCount } = header;
  const coordinates = new Int32Array(buffer, take(places * 8), places * 2);
  const nameOffsets = new Uint32Array(buffer, take((places + 1) * 4), places + 1);
  const vicinityNumbers = new Uint32Array(buffer, take(places * 4), places);
  const vicinityOffsets = new Uint32Array(buffer, take((vicinityCount + 1) * 4), vicinityCount + 1);
  const kindNumbers = new Uint8Array(buffer, take(places), places);
  const vicinityBytes = vicinityOffsets[vicinityCount] ?? 0;
  const vicinities = new Uint8Array(buffer, take(vicinityBytes), vicinityBytes);
  const nameBytes = nameOffsets[places] ?? 0;
  const names = new Uint8Array(buffer, take(nameBytes), nameBytes);
  if (position !== buffer.byteLength) throw new PlacesError('its tables do not fill it');
  const { sources, kinds, nodeSize } = header;
  const tables = { coordinates, nameOffsets, names, vicinityNumbers, vicinityOffsets, vicinities, kindNumbers };
  return { sources, kinds, nodeSize, places, ...tables };
}

/** After this the content is what the build wrote, so the rest need not be doubted row by row. */
function checkPreamble(buffer: ArrayBuffer): number {
  if (endianness() !== 'LE') throw new PlacesError('this machine is big-endian, the file is not');
  if (buffer.byteLength < PREAMBLE_BYTES) throw new PlacesError('it is cut short');
  const preamble = Buffer.from(buffer, 0, PREAMBLE_BYTES);
  if (preamble.toString('latin1', 0, 8) !== MAGIC) throw new PlacesError('it is not a .places file');
  const version = preamble.readUInt32LE(8);
  if (version !== VERSION) throw new PlacesError(`it is of version ${version}, and version ${VERSION} is needed`);
  if (preamble.readUInt32LE(16) !== buffer.byteLength) throw new PlacesError('it is cut short or has grown');
  const content = Buffer.from(buffer, PREAMBLE_BYTES);
  if (crc32(content) !== preamble.readUInt32LE(20)) throw new PlacesError('its checksum is wrong: it was altered');
  return preamble.readUInt32LE(12);
}
