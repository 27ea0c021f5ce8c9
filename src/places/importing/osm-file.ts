// The frame of an OSM PBF file: blocks, one behind the other, each compressed by itself. Knows lengths and compression; not what a
// block says (osm-block.ts).
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { PbfReader } from 'pbf';
import { OSM_BLOCK_BYTES, OSM_BLOCK_HEADER_BYTES } from '../limits.ts';
import { PlacesError } from '../provider.ts';

/** What a reader must know to understand a file; more would mean that places are read wrong. */
const UNDERSTOOD = ['OsmSchema-V0.6', 'DenseNodes'];

const inflateAsync = promisify(inflate);

interface BlockPlace {
  readonly type: string;
  readonly position: number;
  readonly bytes: number;
}

export class OsmFile {
  readonly size: number;
  readonly #handle: FileHandle;
  readonly #blocks: readonly BlockPlace[];

  private constructor(handle: FileHandle, size: number, blocks: readonly BlockPlace[]) {
    this.#handle = handle;
    this.size = size;
    this.#blocks = blocks;
  }

  /** @throws {PlacesError} when it is no OSM PBF file, cut short, or needs what we do not understand */
  static async open(path: string): Promise<OsmFile> {
    const handle = await open(path);
    try {
      const { size } = await handle.stat();
      const [first, ...blocks] = await findBlocks(handle, size);
      if (first?.type !== 'OSMHeader') throw new PlacesError('it is no OSM PBF file');
      checkFeatures(await readBlock(handle, first));
      return new OsmFile(
        handle,
        size,
        blocks.filter(({ type }) => type === 'OSMData'),
      );
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  get blocks(): number {
    return this.#blocks.length;
  }

  /** Uncompressed, for the numbers that are wanted, in the order of the file. While one is looked at the next is uncompressed. */
  async *read(numbers: readonly number[]): AsyncGenerator<{ readonly number: number; readonly bytes: Uint8Array }> {
    const start = (at: number): Promise<Uint8Array> | undefined => {
      const block = this.#blocks[numbers[at] ?? -1];
      const reading = block && readBlock(this.#handle, block);
      // Whoever stops early does not wait for it; whoever goes on gets the error.
      reading?.catch(() => {});
      return reading;
    };
    let next = start(0);
    for (const [at, number] of numbers.entries()) {
      const current = next;
      next = start(at + 1);
      yield { number, bytes: (await current) as Uint8Array };
    }
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

async function findBlocks(handle: FileHandle, size: number): Promise<BlockPlace[]> {
  const blocks: BlockPlace[] = [];
  for (let position = 0; position < size; ) {
    const headerBytes = (await readBytes(handle, position, 4)).readUInt32BE();
    if (headerBytes > OSM_BLOCK_HEADER_BYTES) throw new PlacesError(notABlock(position));
    const header = await readBytes(handle, position + 4, headerBytes);
    const { type, bytes } = new PbfReader(header).readFields(readBlockHeader, { type: '', bytes: -1 });
    if (type === '' || bytes < 0 || bytes > OSM_BLOCK_BYTES) throw new PlacesError(notABlock(position));
    position += 4 + headerBytes;
    if (position + bytes > size) throw new PlacesError('it is cut short');
    blocks.push({ type, position, bytes });
    position += bytes;
  }
  return blocks;
}

function notABlock(position: number): string {
  return position === 0 ? 'it is no OSM PBF file' : `what stands at byte ${position} is no block: it is damaged`;
}

function readBlockHeader(tag: number, header: { type: string; bytes: number }, pbf: PbfReader): void {
  if (tag === 1) header.type = pbf.readString();
  else if (tag === 3) header.bytes = pbf.readVarint();
}

interface Blob {
  raw?: Uint8Array;
  zlib?: Uint8Array;
  /** Number of the field of a compression that we do not know. */
  other?: number;
}

function readBlob(tag: number, blob: Blob, pbf: PbfReader): void {
  if (tag === 1) blob.raw = pbf.readBytes();
  else if (tag === 3) blob.zlib = pbf.readBytes();
  else if (tag !== 2) blob.other = tag;
}

async function readBlock(handle: FileHandle, { position, bytes }: BlockPlace): Promise<Uint8Array> {
  const compressed = await readBytes(handle, position, bytes);
  const { raw, zlib, other } = new PbfReader(compressed).readFields(readBlob, {} as Blob);
  if (raw !== undefined) return raw;
  if (zlib === undefined) throw new PlacesError(`its blocks are compressed in a way (${other}) that is not known here`);
  try {
    return await inflateAsync(zlib, { maxOutputLength: OSM_BLOCK_BYTES });
  } catch (error) {
    throw new PlacesError(`the block at byte ${position} is damaged: ${(error as Error).message}`);
  }
}

async function readBytes(handle: FileHandle, position: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(bytes);
  const { bytesRead } = await handle.read(buffer, 0, bytes, position);
  if (bytesRead < bytes) throw new PlacesError('it is cut short');
  return buffer;
}

function checkFeatures(header: Uint8Array): void {
  const features: string[] = [];
  new PbfReader(header).readFields((tag, found: string[], pbf) => {
    if (tag === 4) found.push(pbf.readString());
  }, features);
  const strange = features.filter((feature) => !UNDERSTOOD.includes(feature));
  if (strange.length > 0) throw new PlacesError(`it needs a reader that knows ${strange.join(', ')}`);
}
