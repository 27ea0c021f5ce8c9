// Records, and marks of what is covered, on their way into one frame. Knows the form of a batch; no neighbour and no limit but that of its
// origins.
import { ByteWriter } from '../wire/bytes.ts';
import { beginFrame, endFrame } from '../wire/frame.ts';
import { BATCH_ORIGINS } from '../wire/limits.ts';
import { type Origin, writeOrigins } from '../wire/messages.ts';
import { type StoredRecord, writeRecord } from '../wire/record.ts';

export type Mark = readonly [Origin, number];

export class Batch {
  /** Records that are in it. */
  count = 0;
  private readonly origins: Origin[] = [];
  private readonly records = new ByteWriter();

  /** What the records take. */
  get bytes(): number {
    return this.records.length;
  }

  /** Whether it may name this origin. */
  hasRoomFor(origin: Origin): boolean {
    return this.origins.length < BATCH_ORIGINS || this.origins.includes(origin);
  }

  add(record: StoredRecord): void {
    writeRecord(this.records, record, this.indexOf(record.origin));
    this.count += 1;
  }

  /** Writes the frame, and is empty again. */
  write(out: ByteWriter, version: number, marks: readonly Mark[]): void {
    const markOrigins = marks.map(([origin]) => this.indexOf(origin));
    const begin = beginFrame(out, 'records', version);
    writeOrigins(out, this.origins);
    out.varint(this.count);
    out.copy(this.records.bytes, 0, this.records.length);
    out.varint(marks.length);
    for (const [index, [, height]] of marks.entries()) {
      out.varint(markOrigins[index] as number);
      out.varint(height);
    }
    endFrame(out, begin);
    this.count = 0;
    this.origins.length = 0;
    this.records.reset();
  }

  private indexOf(origin: Origin): number {
    const index = this.origins.indexOf(origin);
    return index < 0 ? this.origins.push(origin) - 1 : index;
  }
}
