// Opens a .places file and reads its chunks: places by region, each chunk whole in itself and checked when it is read. Opening
// reads the head only, so it takes the same millisecond for a town and for a continent. Knows bytes and tables; nothing of
// searching, printing or writing (importing/places-writer.ts).
//
// Format, version 2. Numbers are little-endian; degrees are in units of 1e-7.
//   bytes[8]     "DROVERPL"
//   u32          version
//   u32          bytes of the header
//   u32          number of chunks
//   u32          CRC-32 of the head (all above, header, directory) without this number
//   f64          bytes of the file
//   header       JSON, padded with spaces to a multiple of 8 bytes: places, sources, kinds
//   directory    for each chunk: i32[4] west, south, east, north of its places; u32 places (n), u32 vicinities (m), u32 bytes, u32 CRC-32
//   chunks       one behind the other
// A chunk:
//   i32[2n]      longitude and latitude of each place, in the order of a kd-tree (kdbush's, its ids being 0, 1, 2...)
//   u32[n+1]     where each name begins in the names
//   u32[m+1]     where each vicinity begins in the vicinities
//   u16[n]       number of the place's vicinity; 0 is the empty one, for a place without
//   u16[n]       number of the place's kind: its types, and the source that it comes from
//   names        UTF-8
//   vicinities   UTF-8
import { close, closeSync, fstatSync, openSync, read, readSync, statSync } from 'node:fs';
import { endianness } from 'node:os';
import { crc32 } from 'node:zlib';
import { CHUNK_BYTES, HEAD_BYTES } from './limits.ts';
import { type Attribution, PlacesError } from './provider.ts';

export const MAGIC = 'DROVERPL';
export const VERSION = 2;
export const PREAMBLE_BYTES = 32;
export const CHECKSUM_AT = 20;
export const ENTRY_BYTES = 32;
export const UNITS_PER_DEGREE = 1e7;

export interface PlacesSource extends Attribution {
  /** Hashed into the place_id of each of its places. */
  readonly key: string;
  /** What `html_attributions` says for it; nothing when empty. */
  readonly html: string;
}

export interface PlacesKind {
  /** Number of the source in `sources`. */
  readonly source: number;
  readonly types: readonly string[];
}

export interface Header {
  readonly places: number;
  readonly sources: readonly PlacesSource[];
  readonly kinds: readonly PlacesKind[];
}

export interface Chunk {
  readonly file: PlacesFile;
  readonly places: number;
  /** Longitude and latitude by turns, in units of 1e-7 degree. */
  readonly coordinates: Int32Array;
  readonly nameOffsets: Uint32Array;
  readonly names: Uint8Array;
  readonly vicinityNumbers: Uint16Array;
  readonly vicinityOffsets: Uint32Array;
  readonly vicinities: Uint8Array;
  readonly kindNumbers: Uint16Array;
}

export class PlacesFile {
  readonly path: string;
  readonly header: Header;
  readonly chunks: number;
  /** Eight numbers for each chunk, as the directory has them. */
  readonly #directory: Int32Array;
  /** Where each chunk begins. */
  readonly #offsets: Float64Array;
  readonly #descriptor: number;
  #reading = 0;
  #closed = false;

  /** @throws {PlacesError} when the file is missing, no .places file of this version, or not whole */
  static open(path: string): PlacesFile {
    try {
      // Whoever opens a pipe waits for its other end, and so would a server.
      if (!statSync(path).isFile()) throw new PlacesError('it is a folder, a pipe or the like');
      const descriptor = openSync(path, 'r');
      try {
        return new PlacesFile(path, descriptor);
      } catch (error) {
        closeSync(descriptor);
        throw error;
      }
    } catch (error) {
      throw unusable(path, error);
    }
  }

  private constructor(path: string, descriptor: number) {
    this.path = path;
    this.#descriptor = descriptor;
    const { head, headerBytes, fileBytes } = readHead(descriptor);
    this.header = JSON.parse(Buffer.from(head, PREAMBLE_BYTES, headerBytes).toString()) as Header;
    this.#directory = new Int32Array(head, PREAMBLE_BYTES + headerBytes);
    this.chunks = this.#directory.length / 8;
    this.#offsets = new Float64Array(this.chunks);
    let offset = head.byteLength;
    for (let chunk = 0; chunk < this.chunks; chunk += 1) {
      this.#offsets[chunk] = offset;
      offset += this.bytesOf(chunk);
    }
    if (offset !== fileBytes) throw new PlacesError('its chunks do not fill it');
  }

  /** Of a chunk's box, in units of 1e-7 degree. */
  west(chunk: number): number {
    return this.#directory[chunk * 8] as number;
  }
  south(chunk: number): number {
    return this.#directory[chunk * 8 + 1] as number;
  }
  east(chunk: number): number {
    return this.#directory[chunk * 8 + 2] as number;
  }
  north(chunk: number): number {
    return this.#directory[chunk * 8 + 3] as number;
  }
  bytesOf(chunk: number): number {
    return (this.#directory[chunk * 8 + 6] as number) >>> 0;
  }

  /** Off the event loop's thread. @throws {PlacesError} when the chunk is not as it was written */
  async readChunk(chunk: number): Promise<Chunk> {
    if (this.#closed) throw new PlacesError(`the places in ${this.path} are closed`);
    this.#reading += 1;
    try {
      return this.#parseChunk(chunk, await this.#readBytes(chunk));
    } catch (error) {
      throw unusable(this.path, error);
    } finally {
      this.#reading -= 1;
      if (this.#closed) this.#closeWhenRead();
    }
  }

  /** At once for whoever asks; the file itself when nothing is being read any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#closeWhenRead();
  }

  #closeWhenRead(): void {
    // What was only read loses nothing when closing fails.
    if (this.#reading === 0) close(this.#descriptor, () => {});
  }

  async #readBytes(chunk: number): Promise<ArrayBuffer> {
    const size = this.bytesOf(chunk);
    if (size > CHUNK_BYTES) throw new PlacesError(`a chunk of ${size} bytes cannot be right`);
    // A buffer of its own: the tables need to be aligned.
    const bytes = new Uint8Array(size);
    let filled = 0;
    while (filled < size) {
      const position = (this.#offsets[chunk] as number) + filled;
      const got = await new Promise<number>((resolve, reject) => {
        read(this.#descriptor, bytes, filled, size - filled, position, (error, count) =>
          error ? reject(error) : resolve(count),
        );
      });
      if (got === 0) throw new PlacesError('it became shorter');
      filled += got;
    }
    return bytes.buffer;
  }

  /** After the checksum the content is what was written, so the rest need not be doubted row by row. */
  #parseChunk(chunk: number, buffer: ArrayBuffer): Chunk {
    const [, , , , places = 0, vicinityCount = 0, , checksum = 0] = this.#directory.subarray(chunk * 8, chunk * 8 + 8);
    if (crc32(new Uint8Array(buffer)) !== checksum >>> 0) {
      throw new PlacesError('a checksum is wrong: it was altered, or replaced while it was open');
    }
    let position = 0;
    const take = (bytes: number): number => {
      const start = position;
      position += bytes;
      return start;
    };
    const coordinates = new Int32Array(buffer, take(places * 8), places * 2);
    const nameOffsets = new Uint32Array(buffer, take((places + 1) * 4), places + 1);
    const vicinityOffsets = new Uint32Array(buffer, take((vicinityCount + 1) * 4), vicinityCount + 1);
    const vicinityNumbers = new Uint16Array(buffer, take(places * 2), places);
    const kindNumbers = new Uint16Array(buffer, take(places * 2), places);
    const nameBytes = nameOffsets[places] ?? 0;
    const names = new Uint8Array(buffer, take(nameBytes), nameBytes);
    const vicinities = new Uint8Array(buffer, position, vicinityOffsets[vicinityCount] ?? 0);
    const texts = { nameOffsets, names, vicinityNumbers, vicinityOffsets, vicinities };
    return { file: this, places, coordinates, ...texts, kindNumbers };
  }
}

/** What is wrong with a file that a server is to use, in words for a person; undefined when it can be opened. */
export function placesFileFault(path: string): string | undefined {
  try {
    PlacesFile.open(path).close();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const MISSING = "there is no such file: is the path right? 'drover places import' makes one";

function unusable(path: string, error: unknown): PlacesError {
  const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
  const reason = isMissing ? MISSING : error instanceof Error ? error.message : String(error);
  return new PlacesError(`the places in ${path} cannot be used: ${reason}`);
}

function readHead(descriptor: number): { head: ArrayBuffer; headerBytes: number; fileBytes: number } {
  if (endianness() !== 'LE') throw new PlacesError('this machine is big-endian, the file is not');
  const { size } = fstatSync(descriptor);
  const preamble = Buffer.from(readFully(descriptor, Math.min(size, PREAMBLE_BYTES)));
  if (preamble.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw new PlacesError("it is not a .places file: make one with 'drover places import'");
  }
  if (size < PREAMBLE_BYTES) throw new PlacesError('it is cut short');
  const version = preamble.readUInt32LE(8);
  if (version !== VERSION) {
    throw new PlacesError(`it is of version ${version}, and version ${VERSION} is needed: import it again`);
  }
  const headerBytes = preamble.readUInt32LE(12);
  const headBytes = PREAMBLE_BYTES + headerBytes + preamble.readUInt32LE(16) * ENTRY_BYTES;
  if (headBytes > HEAD_BYTES || headerBytes % 8 !== 0) throw new PlacesError('its head cannot be right');
  if (headBytes > size || preamble.readDoubleLE(24) !== size) throw new PlacesError('it is cut short or has grown');
  const head = readFully(descriptor, headBytes);
  const checksum = crc32(new Uint8Array(head, CHECKSUM_AT + 4), crc32(new Uint8Array(head, 0, CHECKSUM_AT)));
  if (checksum !== preamble.readUInt32LE(CHECKSUM_AT)) throw new PlacesError('its checksum is wrong: it was altered');
  return { head, headerBytes, fileBytes: size };
}

/** The first bytes of the file, in a buffer of their own. */
function readFully(descriptor: number, size: number): ArrayBuffer {
  const bytes = new Uint8Array(size);
  let filled = 0;
  while (filled < size) {
    const got = readSync(descriptor, bytes, filled, size - filled, filled);
    if (got === 0) throw new PlacesError('it became shorter while being read');
    filled += got;
  }
  return bytes.buffer;
}
