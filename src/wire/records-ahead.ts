// The records of a batch, some of them read before the first is taken in, so that what all of them will need of the memory can be asked for
// together. Knows no table.
import type { ByteReader } from './bytes.ts';
import { compareInstants, copyInstant } from './instant.ts';
import { REPORTS_AHEAD } from './limits.ts';
import type { Origin } from './messages.ts';
import { NewRecord, readRecord } from './record.ts';
import {
  BODY_START,
  CLIENT_END,
  CLIENT_START,
  LOCATION_END,
  NANOSECONDS,
  ORDER_NANOSECONDS,
  ORDER_SECONDS,
  ORIGIN,
  RECEIVED_NANOSECONDS,
  RECEIVED_SECONDS,
  ROW_DOUBLES,
  ROW_INTEGERS,
  SECONDS,
  SEQUENCE,
  STAMP_END,
  scannedDoubles,
  scannedIntegers,
  scanRecords,
} from './scanner.ts';

export class RecordsAhead {
  /** Where the records were read: as long as they wait. */
  bytes: Uint8Array = new Uint8Array(0);
  /** The records, `count` of them. */
  readonly sought: readonly NewRecord[] = Array.from({ length: REPORTS_AHEAD }, () => new NewRecord());
  count = 0;

  /**
   * Reads the next of `left` records: plain ones as many as follow each other, or one of any kind.
   * @throws {MalformedFrame} if the next is not a report that a server could have accepted
   */
  read(reader: ByteReader, origins: readonly Origin[], left: number): void {
    const { bytes, position: start } = reader;
    this.bytes = bytes;
    const found = scanRecords(bytes, start, start + reader.remaining, Math.min(left, REPORTS_AHEAD));
    let count = 0;
    while (count < found && fill(this.sought[count] as NewRecord, count, bytes, start, origins)) count += 1;
    this.count = count;
    if (count > 0) {
      const last = this.sought[count - 1] as NewRecord;
      reader.pass(last.textStart + last.textLength - start);
      return;
    }
    this.count = 1;
    readRecord(reader, origins, this.sought[0] as NewRecord);
  }
}

/**
 * Fills a record with a row of the scan that began at `start`: its text lies in what was read. False if it is of an origin that the batch does not
 * name, or ordered after its stamp: `readRecord` says so.
 */
function fill(into: NewRecord, row: number, bytes: Uint8Array, start: number, origins: readonly Origin[]): boolean {
  const integer = row * ROW_INTEGERS;
  const double = row * ROW_DOUBLES;
  const origin = origins[scannedIntegers[integer + ORIGIN] as number];
  if (origin === undefined) return false;
  into.origin = origin;
  into.sequence = scannedDoubles[double + SEQUENCE] as number;
  into.received.seconds = scannedDoubles[double + RECEIVED_SECONDS] as number;
  into.received.nanoseconds = scannedIntegers[integer + RECEIVED_NANOSECONDS] as number;
  into.stamp.seconds = scannedDoubles[double + SECONDS] as number;
  into.stamp.nanoseconds = scannedIntegers[integer + NANOSECONDS] as number;
  const orderNanoseconds = scannedIntegers[integer + ORDER_NANOSECONDS] as number;
  if (orderNanoseconds < 0) copyInstant(into.stamp, into.order);
  else {
    into.order.seconds = scannedDoubles[double + ORDER_SECONDS] as number;
    into.order.nanoseconds = orderNanoseconds;
    if (compareInstants(into.order, into.stamp) > 0) return false;
  }
  const clientStart = scannedIntegers[integer + CLIENT_START] as number;
  const clientEnd = scannedIntegers[integer + CLIENT_END] as number;
  const locationEnd = scannedIntegers[integer + LOCATION_END] as number;
  into.text = bytes;
  into.textStart = start + clientStart;
  into.textLength = (scannedIntegers[integer + STAMP_END] as number) - clientStart;
  into.clientLength = clientEnd - clientStart;
  into.locationLength = locationEnd - clientEnd - 1;
  into.forgotten = false;
  into.bodyStart = start + (scannedIntegers[integer + BODY_START] as number);
  into.clientStart = into.textStart;
  into.clientEnd = start + clientEnd;
  return true;
}
