// The plain reports that stand one after the other in a chunk, read before the first of them is served, so that what all of them will
// need of the memory can be asked for together. Knows no table.
import { Command } from './command.ts';
import {
  CLIENT_END,
  CLIENT_START,
  type Kernel,
  LOCATION_END,
  NANOSECONDS,
  NO_SCAN,
  ORDER_NANOSECONDS,
  ORDER_SECONDS,
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
import type { NewRecord } from './record.ts';

const NOTHING = new Uint8Array(0);

/** One serves all connections, one after the other: what is not served is read again. */
export class ReportsAhead {
  /** How many they are. */
  count = 0;
  /** Which scan found them. */
  scan: number = NO_SCAN;
  /** Where they are: as long as they wait. */
  private bytes: Uint8Array = NOTHING;
  private readonly reports: readonly Command[] = Array.from({ length: REPORTS_AHEAD }, () => new Command());
  private readonly kernel: Kernel;
  /** Of which the next of them is, and where it begins. */
  private at = 0;
  private nextStart = 0;
  /** Where in `bytes` what has arrived ends, if that is not their own end. */
  end: number = Number.POSITIVE_INFINITY;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  /** The row of the next, in what the scan found. */
  get row(): number {
    return this.at;
  }

  /** Reads those that come next, from `start` on; none if the next line is no plain report of at most `mostBytes`. */
  read(bytes: Uint8Array, start: number, mostBytes: number): void {
    const { kernel } = this;
    this.bytes = bytes;
    this.at = 0;
    this.nextStart = start;
    const found = kernel.reports(bytes, start, Math.min(this.end, bytes.length), REPORTS_AHEAD);
    let count = 0;
    for (let at = start; count < found; count += 1) {
      const end = this.endOf(count);
      if (end - at > mostBytes) break;
      at = end + 1;
    }
    this.count = count;
    this.scan = kernel.scan;
  }

  /** Whether the next of them is the line that begins there. */
  isAt(bytes: Uint8Array, start: number): boolean {
    return this.at < this.count && this.nextStart === start && this.bytes === bytes && this.scan === this.kernel.scan;
  }

  /** How many of those that wait, of which there is one, end before `end`. */
  before(end: number): number {
    // All of them are one connection's, or each is another's.
    if (this.endOf(this.count - 1) < end) return this.count - this.at;
    let row = this.at;
    while (this.endOf(row) < end) row += 1;
    return row - this.at;
  }

  /** The next, if it is the line that begins there and it ends before `end`. */
  next(bytes: Uint8Array, start: number, end: number): Command | undefined {
    if (!this.isAt(bytes, start) || this.endOf(this.at) >= end) return undefined;
    const report = this.report(this.at);
    this.pass(1);
    return report;
  }

  /** So many are served; returns where the next line begins. */
  pass(count: number): number {
    this.at += count;
    this.nextStart = this.endOf(this.at - 1) + 1;
    return this.nextStart;
  }

  /** One of them, as long as nothing else is scanned. */
  report(row: number): Command {
    const report = this.reports[row] as Command;
    fill(report, this.kernel, row);
    return report;
  }

  /**
   * Fills in what is to be known of one that the kernel took in, but its origin: its slot is where it is expected. False if it came too late, and
   * nothing is.
   */
  taken(row: number, into: NewRecord): boolean {
    const { base, doubles, integers, scan } = this.kernel;
    const integer = row * ROW_INTEGERS;
    const double = row * ROW_DOUBLES;
    into.sequence = doubles[double + SEQUENCE] as number;
    if (into.sequence === 0) return false;
    into.received.seconds = doubles[double + RECEIVED_SECONDS] as number;
    into.received.nanoseconds = integers[integer + RECEIVED_NANOSECONDS] as number;
    into.order.seconds = doubles[double + ORDER_SECONDS] as number;
    into.order.nanoseconds = integers[integer + ORDER_NANOSECONDS] as number;
    into.stamp.seconds = doubles[double + SECONDS] as number;
    into.stamp.nanoseconds = integers[integer + NANOSECONDS] as number;
    const clientStart = integers[integer + CLIENT_START] as number;
    const clientEnd = integers[integer + CLIENT_END] as number;
    into.text = this.bytes;
    into.textStart = base + clientStart;
    into.textLength = (integers[integer + STAMP_END] as number) - clientStart;
    into.clientLength = clientEnd - clientStart;
    into.locationLength = (integers[integer + LOCATION_END] as number) - clientEnd - 1;
    into.forgotten = false;
    into.scan = scan;
    into.row = row;
    into.expectedAt = integers[integer + SLOT] as number;
    return true;
  }

  /** Those that are left are not served from here. */
  drop(): void {
    this.count = 0;
    this.at = 0;
    this.bytes = NOTHING;
  }

  /** Nobody keeps that: who serves one looks for it in what the scan found. */
  noteSlots(): void {}

  /** Where in `bytes` one of them ends. */
  private endOf(row: number): number {
    const { base, integers } = this.kernel;
    return base + (integers[row * ROW_INTEGERS + STAMP_END] as number);
  }
}

/** Fills a report with a row of the last scan. */
function fill(report: Command, { integers, doubles, scan, base }: Kernel, row: number): void {
  const integer = row * ROW_INTEGERS;
  report.clientStart = base + (integers[integer + CLIENT_START] as number);
  report.clientEnd = base + (integers[integer + CLIENT_END] as number);
  report.locationStart = report.clientEnd + 1;
  report.locationEnd = base + (integers[integer + LOCATION_END] as number);
  report.stampStart = report.locationEnd + 1;
  report.stampEnd = base + (integers[integer + STAMP_END] as number);
  report.stamp.seconds = doubles[row * ROW_DOUBLES + SECONDS] as number;
  report.stamp.nanoseconds = integers[integer + NANOSECONDS] as number;
  report.scan = scan;
  report.row = row;
  report.expectedAt = integers[integer + SLOT] as number;
}
