// The plain reports that stand one after the other in a chunk, read before the first of them is served, so that what all of them will
// need of the memory can be asked for together. Knows no table.
import { Command } from './command.ts';
import {
  CLIENT_END,
  CLIENT_START,
  type Kernel,
  LOCATION_END,
  NANOSECONDS,
  ROW_DOUBLES,
  ROW_INTEGERS,
  SECONDS,
  STAMP_END,
} from './kernel.ts';
import { REPORTS_AHEAD } from './limits.ts';

const NOTHING = new Uint8Array(0);

/** One serves all connections, one after the other: what is not served is read again. */
export class ReportsAhead {
  /** Where the reports are: as long as they wait. */
  bytes: Uint8Array = NOTHING;
  /** The reports, `count` of them. */
  readonly sought: readonly Command[] = Array.from({ length: REPORTS_AHEAD }, () => new Command());
  count = 0;
  private readonly kernel: Kernel;
  private at = 0;
  /** Where in `bytes` what has arrived ends, if that is not their own end. */
  end: number = Number.POSITIVE_INFINITY;
  /** Where the next of them begins. */
  private nextStart = 0;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  /** Reads those that come next, from `start` on; none if the next line is no plain report of at most `mostBytes`. */
  read(bytes: Uint8Array, start: number, mostBytes: number): void {
    this.bytes = bytes;
    this.at = 0;
    this.nextStart = start;
    const found = this.kernel.reports(bytes, start, Math.min(this.end, bytes.length), REPORTS_AHEAD);
    let count = 0;
    let at = start;
    for (; count < found; count += 1) {
      const report = this.sought[count] as Command;
      fill(report, this.kernel, count);
      if (report.stampEnd - at > mostBytes) break;
      at = report.stampEnd + 1;
    }
    this.count = count;
  }

  /** The next, if it is the line that begins there and it ends before `end`. */
  next(bytes: Uint8Array, start: number, end: number): Command | undefined {
    if (this.at === this.count || this.nextStart !== start || this.bytes !== bytes) return undefined;
    const report = this.sought[this.at] as Command;
    if (report.stampEnd >= end) return undefined;
    this.at += 1;
    this.nextStart = report.stampEnd + 1;
    return report;
  }

  /** Those that are left are not served from here. */
  drop(): void {
    this.count = 0;
    this.at = 0;
    this.bytes = NOTHING;
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
  report.expectedAt = -1;
}
