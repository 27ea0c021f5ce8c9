// The records of a batch, some of them read before the first is taken in, so that what all of them will need of the memory can be asked for
// together. Knows no table.
import type { ByteReader } from './bytes.ts';
import { compareInstants, copyInstant } from './instant.ts';
import {
  BODY_START,
  CLIENT_END,
  CLIENT_START,
  type Kernel,
  LOCATION_END,
  NANOSECONDS,
  NO_SCAN,
  ORDER_NANOSECONDS,
  ORDER_SECONDS,
  ORIGIN,
  RECEIVED_NANOSECONDS,
  RECEIVED_SECONDS,
  ROW_DOUBLES,
  ROW_INTEGERS,
  SECONDS,
  SEQUENCE,
  SLOT,
  STAMP_END,
} from './kernel.ts';
import { REPORTS_AHEAD } from './limits.ts';
import type { Origin } from './messages.ts';
import { NewRecord, readRecord } from './record.ts';

export class RecordsAhead {
  /** The records, `count` of them. */
  readonly sought: readonly NewRecord[] = Array.from({ length: REPORTS_AHEAD }, () => new NewRecord());
  count = 0;
  /** Which scan found them; NO_SCAN if none did. */
  scan: number = NO_SCAN;
  private readonly kernel: Kernel;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  /**
   * Reads the next of `left` records: plain ones as many as follow each other, or one of any kind.
   * @throws {MalformedFrame} if the next is not a report that a server could have accepted
   */
  read(reader: ByteReader, origins: readonly Origin[], left: number): void {
    const { bytes, position: start } = reader;
    const { kernel } = this;
    const found = kernel.records(bytes, start, start + reader.remaining, Math.min(left, REPORTS_AHEAD));
    let count = 0;
    while (count < found && fill(this.sought[count] as NewRecord, kernel, count, bytes, origins)) count += 1;
    this.count = count;
    this.scan = kernel.scan;
    if (count > 0) {
      const last = this.sought[count - 1] as NewRecord;
      reader.pass(last.textStart + last.textLength - start);
      return;
    }
    this.count = 1;
    const one = this.sought[0] as NewRecord;
    one.scan = NO_SCAN;
    this.scan = NO_SCAN;
    readRecord(reader, origins, one);
  }

  /** Notes in each of them where the kernel has found its client. */
  noteSlots(): void {
    const { integers } = this.kernel;
    for (let row = 0; row < this.count; row += 1) {
      (this.sought[row] as NewRecord).expectedAt = integers[row * ROW_INTEGERS + SLOT] as number;
    }
  }
}

/**
 * Fills a record with a row of the last scan: its text lies in what was read. False if it is of an origin that the batch does not
 * name, or ordered after its stamp: `readRecord` says so.
 */
function fill(
  into: NewRecord,
  { integers, doubles, scan, base }: Kernel,
  row: number,
  bytes: Uint8Array,
  origins: readonly Origin[],
): boolean {
  const integer = row * ROW_INTEGERS;
  const double = row * ROW_DOUBLES;
  const origin = origins[integers[integer + ORIGIN] as number];
  if (origin === undefined) return false;
  into.origin = origin;
  into.sequence = doubles[double + SEQUENCE] as number;
  into.received.seconds = doubles[double + RECEIVED_SECONDS] as number;
  into.received.nanoseconds = integers[integer + RECEIVED_NANOSECONDS] as number;
  into.stamp.seconds = doubles[double + SECONDS] as number;
  into.stamp.nanoseconds = integers[integer + NANOSECONDS] as number;
  const orderNanoseconds = integers[integer + ORDER_NANOSECONDS] as number;
  if (orderNanoseconds < 0) copyInstant(into.stamp, into.order);
  else {
    into.order.seconds = doubles[double + ORDER_SECONDS] as number;
    into.order.nanoseconds = orderNanoseconds;
    if (compareInstants(into.order, into.stamp) > 0) return false;
  }
  const clientStart = integers[integer + CLIENT_START] as number;
  const clientEnd = integers[integer + CLIENT_END] as number;
  const locationEnd = integers[integer + LOCATION_END] as number;
  into.text = bytes;
  into.textStart = base + clientStart;
  into.textLength = (integers[integer + STAMP_END] as number) - clientStart;
  into.clientLength = clientEnd - clientStart;
  into.locationLength = locationEnd - clientEnd - 1;
  into.forgotten = false;
  into.bodyStart = base + (integers[integer + BODY_START] as number);
  into.clientStart = into.textStart;
  into.clientEnd = base + clientEnd;
  into.scan = scan;
  into.row = row;
  into.expectedAt = -1;
  return true;
}
