// What stands in the files of the store, to bytes and back: `docs/storage.md` has the formats. Everything read is checked as
// if a stranger had written it. Knows bytes, not files.
import { crc32 } from 'node:zlib';
import { ByteReader, ByteWriter, MalformedFrame } from '../wire/bytes.ts';
import { Kernel } from '../wire/kernel.ts';
import { STORED_BLOCK_BYTES, VECTOR_ENTRIES } from '../wire/limits.ts';
import { type Origin, readName } from '../wire/messages.ts';
import { type NewRecord, type StoredRecord, writeRecord } from '../wire/record.ts';
import { RecordsAhead } from '../wire/records-ahead.ts';
import { readVector, type VectorEntry, writeVector } from '../wire/vector.ts';

export const FORMAT_VERSION = 1;

/** Magic, version, checksum of both: enough to tell damage from a format of the future. */
export const PREAMBLE_BYTES = 16;

/** Checksum and length of a block. */
export const BLOCK_HEAD_BYTES = 8;

export type Kind = 'wal' | 'snap';
const MAGIC: Readonly<Record<Kind, string>> = { wal: 'DROVERWL', snap: 'DROVERSN' };

const ENTRY = { start: 0, origin: 1, record: 2, mark: 3, vector: 4, end: 5 } as const;

/** A file's first entry: its own number, and how far the log file before it was whole when this one was begun. */
export interface Start {
  readonly number: number;
  readonly previousNumber: number;
  readonly previousLength: number;
}

/** Entries into blocks, each block's checksum going on from the one before, so that none can be lost between two others. */
export class EntryWriter {
  readonly out: ByteWriter = new ByteWriter(STORED_BLOCK_BYTES);
  private readonly origins = new Map<Origin, number>();
  /** The one that was named last, nearly always the next too. */
  private last: Origin | undefined;
  private lastIndex = 0;
  private checksum: number;
  /** Where the open block begins; below zero when none is open. */
  private blockStart = -1;

  constructor(kind: Kind, start: Start) {
    const { out } = this;
    out.ascii(MAGIC[kind]);
    out.uint32(FORMAT_VERSION);
    out.uint32(0);
    this.checksum = crc32(out.bytes.subarray(0, PREAMBLE_BYTES - 4));
    out.setUint32(PREAMBLE_BYTES - 4, this.checksum);
    this.begin(ENTRY.start);
    for (const number of [start.number, start.previousNumber, start.previousLength]) out.varint(number);
    this.endBlock();
  }

  /** Bytes that were not taken yet, unfinished block included. */
  get length(): number {
    return this.out.length;
  }

  record(record: StoredRecord): void {
    const index = this.originIndex(record.origin);
    this.begin(ENTRY.record);
    writeRecord(this.out, record, index);
    this.finish();
  }

  mark(origin: Origin, height: number): void {
    const index = this.originIndex(origin);
    this.begin(ENTRY.mark);
    this.out.varint(index);
    this.out.varint(height);
    this.finish();
  }

  vector(entry: VectorEntry): void {
    this.begin(ENTRY.vector);
    writeVector(this.out, [entry]);
    this.finish();
  }

  end(records: number): void {
    this.begin(ENTRY.end);
    this.out.varint(records);
    this.endBlock();
  }

  endBlock(): void {
    if (this.blockStart < 0) return;
    const { out, blockStart } = this;
    out.setUint32(blockStart + 4, out.length - blockStart - BLOCK_HEAD_BYTES);
    this.checksum = crc32(out.bytes.subarray(blockStart + 4, out.length), this.checksum);
    out.setUint32(blockStart, this.checksum);
    this.blockStart = -1;
  }

  private begin(entry: number): void {
    if (this.blockStart < 0) {
      this.blockStart = this.out.length;
      this.out.uint32(0);
      this.out.uint32(0);
    }
    this.out.byte(entry);
  }

  private finish(): void {
    if (this.out.length - this.blockStart >= STORED_BLOCK_BYTES) this.endBlock();
  }

  private originIndex(origin: Origin): number {
    if (origin === this.last) return this.lastIndex;
    let index = this.origins.get(origin);
    if (index === undefined) {
      index = this.origins.size;
      this.origins.set(origin, index);
      this.begin(ENTRY.origin);
      this.out.field(origin.nameBytes);
      this.out.varint(origin.epoch);
    }
    this.last = origin;
    this.lastIndex = index;
    return index;
  }
}

/** What a reader of entries does with them. */
export interface EntrySink {
  origin(name: string, epoch: number): Origin;
  start(start: Start): void;
  /** The record is only true until the next call. */
  record(record: NewRecord): void;
  mark(origin: Origin, height: number): void;
  vector(entry: VectorEntry): void;
  end(records: number): void;
}

/** The preamble's checksum, with which the first block's goes on. A version of the future is told from damage. */
export function readPreamble(bytes: Uint8Array, kind: Kind): { checksum: number; version: number } {
  if (bytes.length < PREAMBLE_BYTES) throw new MalformedFrame('ends within its first bytes');
  const checksum = uint32(bytes, PREAMBLE_BYTES - 4);
  if (crc32(bytes.subarray(0, PREAMBLE_BYTES - 4)) !== checksum) throw new MalformedFrame('damaged in its first bytes');
  for (let index = 0; index < 8; index += 1) {
    if (bytes[index] !== MAGIC[kind].charCodeAt(index)) throw new MalformedFrame('not a file of this kind');
  }
  return { checksum, version: uint32(bytes, 8) };
}

export function uint32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
}

/** One serves all files, one entry after the other. Made for the first: where there are addresses for one kernel only, the table's has them. */
let kernel: Kernel | undefined;

/** The entries of one file's blocks, in order. */
export class EntryReader {
  private readonly origins: Origin[] = [];
  private readonly sink: EntrySink;
  private started = false;
  private readonly records: RecordsAhead;

  constructor(sink: EntrySink) {
    this.sink = sink;
    kernel ??= new Kernel();
    this.records = new RecordsAhead(kernel);
  }

  /**
   * The entries of one block, whose checksum was right.
   * @throws {MalformedFrame} at the first that is none
   */
  block(payload: Uint8Array): void {
    const reader = new ByteReader(payload);
    while (reader.remaining > 0) this.entry(reader);
  }

  private record(reader: ByteReader): void {
    this.records.read(reader, this.origins, 1);
    this.sink.record(this.records.sought[0] as NewRecord);
  }

  private entry(reader: ByteReader): void {
    const entry = reader.byte();
    if (this.started === (entry === ENTRY.start)) throw new MalformedFrame('does not begin as such a file does');
    if (entry === ENTRY.start) {
      this.started = true;
      const [number, previousNumber] = [reader.varint(), reader.varint()];
      this.sink.start({ number, previousNumber, previousLength: reader.varint() });
    } else if (entry === ENTRY.origin) {
      if (this.origins.length >= VECTOR_ENTRIES) throw new MalformedFrame('more origins than any herd has');
      const name = readName(reader);
      this.origins.push(this.sink.origin(name, reader.varint()));
    } else if (entry === ENTRY.record) this.record(reader);
    else if (entry === ENTRY.mark) {
      const origin = this.origins[reader.varint()];
      if (origin === undefined) throw new MalformedFrame('mark of an origin that the file does not name');
      this.sink.mark(origin, reader.varint());
    } else if (entry === ENTRY.vector) for (const one of readVector(reader)) this.sink.vector(one);
    else if (entry === ENTRY.end) this.sink.end(reader.varint());
    else throw new MalformedFrame(`entry of unknown kind ${entry}`);
  }
}
