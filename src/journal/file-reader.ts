// Reads one file of the store, block by block, up to its end or its first damage. Knows what a block is, not what it means.
import { crc32 } from 'node:zlib';
import { MalformedFrame } from '../wire/bytes.ts';
import { STORED_BLOCK_MOST_BYTES, STORED_CHUNK_BYTES } from '../wire/limits.ts';
import { codeOf, type Directory, type ReadableFile, reasonOf } from './directory.ts';
import {
  BLOCK_HEAD_BYTES,
  EntryReader,
  type EntrySink,
  FORMAT_VERSION,
  type Kind,
  PREAMBLE_BYTES,
  readPreamble,
  uint32,
} from './entries.ts';

/** Written by a Drover of the future: it must not be repaired, since nothing is wrong with it. */
export class UnknownFormat extends Error {
  override readonly name = 'UnknownFormat';
}

export interface FileEnd {
  /** What is in a file that could not be opened is not known: it may be all of a log. */
  readonly isOpened: boolean;
  /** Bytes up to which all is whole. */
  readonly wholeBytes: number;
  readonly sizeBytes: number;
  /** Why reading stopped before the file's end. */
  readonly fault: string | undefined;
}

/**
 * Hands the entries of every whole block to `sink`; what it throws as `MalformedFrame` counts as damage.
 * @throws {UnknownFormat}
 */
export function readEntries(directory: Directory, kind: Kind, number: number, sink: EntrySink): FileEnd {
  let file: ReadableFile;
  try {
    file = directory.open(kind, number);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return { isOpened: false, wholeBytes: 0, sizeBytes: 0, fault: reasonOf(error) };
  }
  const cursor = new FileCursor(file);
  let wholeBytes = 0;
  let fault: string | undefined;
  try {
    let { checksum, version } = readPreamble(cursor.take(PREAMBLE_BYTES), kind);
    if (version !== FORMAT_VERSION) throw unknownFormat(`${directory.path}/${kind}-${number}`, version);
    const entries = new EntryReader(sink);
    for (wholeBytes = cursor.position; cursor.more(); wholeBytes = cursor.position) {
      const head = cursor.take(BLOCK_HEAD_BYTES);
      const expected = uint32(head, 0);
      const length = uint32(head, 4);
      if (length === 0 || length > STORED_BLOCK_MOST_BYTES) throw new MalformedFrame(`block of ${length} bytes`);
      const block = cursor.take(length, 4);
      checksum = crc32(block, checksum);
      if (checksum !== expected) throw new MalformedFrame('block with a wrong checksum');
      entries.block(block.subarray(4));
    }
  } catch (error) {
    // A disk that cannot be read (EIO) is damage like any other.
    if (!(error instanceof MalformedFrame) && codeOf(error) === undefined) throw error;
    fault = reasonOf(error);
  } finally {
    file.close();
  }
  return { isOpened: true, wholeBytes, sizeBytes: file.sizeBytes, fault };
}

function unknownFormat(name: string, version: number): UnknownFormat {
  return new UnknownFormat(
    `${name} has format ${version}, and this Drover knows ${FORMAT_VERSION}: start the newer Drover that wrote it, ` +
      'or move its directory away and let the neighbours fill a new one',
  );
}

/** Pieces of a file through one buffer. A piece is valid until the next is taken. */
class FileCursor {
  private readonly file: ReadableFile;
  private readonly buffer = new Uint8Array(STORED_CHUNK_BYTES + STORED_BLOCK_MOST_BYTES + BLOCK_HEAD_BYTES);
  private at = 0;
  private end = 0;
  private read = 0;

  constructor(file: ReadableFile) {
    this.file = file;
  }

  get position(): number {
    return this.read - (this.end - this.at);
  }

  more(): boolean {
    return this.position < this.file.sizeBytes;
  }

  /** The next `length` bytes, with `before` bytes that were taken just before them. */
  take(length: number, before = 0): Uint8Array {
    if (this.at + length > this.end) this.fill(before);
    if (this.at + length > this.end) throw new MalformedFrame('ends within a block');
    this.at += length;
    return this.buffer.subarray(this.at - length - before, this.at);
  }

  private fill(before: number): void {
    this.buffer.copyWithin(0, this.at - before, this.end);
    this.end -= this.at - before;
    this.at = before;
    const count = this.file.read(this.buffer, this.end, this.read);
    this.end += count;
    this.read += count;
  }
}
