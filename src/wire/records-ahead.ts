// The records of a batch, some of them read before the first is taken in, so that what all of them will need of the memory can be asked for
// together. Knows no table.
import type { ByteReader } from './bytes.ts';
import { REPORTS_AHEAD } from './limits.ts';
import type { Origin } from './messages.ts';
import { NewRecord, readRecord } from './record.ts';

export class RecordsAhead {
  /** Where the records were read: as long as they wait. */
  bytes: Uint8Array = new Uint8Array(0);
  /** The records, `count` of them. */
  readonly sought: readonly NewRecord[] = Array.from({ length: REPORTS_AHEAD }, () => new NewRecord());
  count = 0;

  /**
   * Reads the next of `left` records.
   * @throws {MalformedFrame} if one of them is not a report that a server could have accepted
   */
  read(reader: ByteReader, origins: readonly Origin[], left: number): void {
    this.bytes = reader.bytes;
    this.count = Math.min(left, REPORTS_AHEAD);
    for (let index = 0; index < this.count; index += 1) readRecord(reader, origins, this.sought[index] as NewRecord);
  }
}
