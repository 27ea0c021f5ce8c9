// Records, and marks of what is covered, on their way into one frame. Knows the form of a batch; no neighbour and no limit but that of its
// origins.
import { ByteWriter } from '../wire/bytes.ts';
import { beginFrame, endFrame } from '../wire/frame.ts';
import { BATCH_ORIGINS } from '../wire/limits.ts';
import { type Origin, writeOrigins } from '../wire/messages.ts';
import { type StoredRecord, writeRecord } from '../wire/record.ts';

export type Mark = readonly [Origin, number];

const NOTHING = new Uint8Array(0);

export class Batch {
  /** Records that are in it. */
  count = 0;
  private origins: Origin[] = [];
  private readonly records = new ByteWriter();
  /** The last records, as they stand one behind the other in what they were read from: they are copied together, by `settle`. */
  private run: Uint8Array = NOTHING;
  private runStart = 0;
  private runEnd = 0;

  /** What the records take. */
  get bytes(): number {
    return this.records.length + this.runEnd - this.runStart;
  }

  /** Whether it may name this origin. */
  hasRoomFor(origin: Origin): boolean {
    return this.origins.length < BATCH_ORIGINS || this.origins.includes(origin);
  }

  /** What lies in the bytes that it was read from (`bodyStart`) must stay there until `settle`. */
  add(record: StoredRecord): void {
    const { text, bodyStart = -1 } = record;
    const index = this.indexOf(record.origin);
    this.count += 1;
    if (bodyStart < 0) {
      this.settle();
      return writeRecord(this.records, record, index);
    }
    const end = record.textStart + record.textLength;
    // Between it and the one before stands its origin's place, and it is the same here.
    const goesOn = text === this.run && bodyStart === this.runEnd + 1 && text[this.runEnd] === index;
    if (!goesOn) {
      this.settle();
      this.records.varint(index);
      this.run = text;
      this.runStart = bodyStart;
    }
    this.runEnd = end;
  }

  /** Nothing is left in the bytes that the records were read from. */
  settle(): void {
    if (this.runEnd === 0) return;
    this.records.copy(this.run, this.runStart, this.runEnd);
    this.run = NOTHING;
    this.runStart = 0;
    this.runEnd = 0;
  }

  /** Writes the frame, and is empty again. */
  write(out: ByteWriter, version: number, marks: readonly Mark[]): void {
    this.settle();
    const markOrigins = marks.map(([origin]) => this.indexOf(origin));
    const begin = beginFrame(out, 'records', version);
    writeOrigins(out, this.origins);
    out.varint(this.count);
    out.append(this.records);
    out.varint(marks.length);
    for (const [index, [, height]] of marks.entries()) {
      out.varint(markOrigins[index] as number);
      out.varint(height);
    }
    endFrame(out, begin);
    this.count = 0;
    this.origins = [];
    this.records.reset();
  }

  private indexOf(origin: Origin): number {
    const index = this.origins.indexOf(origin);
    return index < 0 ? this.origins.push(origin) - 1 : index;
  }
}
