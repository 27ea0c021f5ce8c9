// What this server's clients are told of their reports: when each was received, in an `AT` line. The lines of reports that are read ahead are
// printed together, before the first of them is served.
import { type ByteWriter, LF, SPACE } from '../wire/bytes.ts';
import type { Command } from '../wire/command.ts';
import type { Instant } from '../wire/instant.ts';
import { type Kernel, NO_SCAN } from '../wire/kernel.ts';
import type { NewRecord } from '../wire/record.ts';
import { noteReportText, writeAtStart, writeReportText } from '../wire/reply.ts';
import { ReceiveClock } from './receive-clock.ts';

const NOTHING = new Uint8Array(0);

export class Answers {
  readonly clock: ReceiveClock = new ReceiveClock();
  private readonly kernel: Kernel;
  private readonly name: Uint8Array;
  /** When the first report that is answered ahead was received, if it is served next. */
  private readonly first: Instant = { seconds: 0, nanoseconds: 0 };
  /** Which scan's lines are printed, `count` of them, and of which report the next is. */
  private scan = NO_SCAN;
  private count = 0;
  private next = 0;
  /** Where: from `start` on, and the next of them from `at` on. */
  private bytes: Uint8Array = NOTHING;
  private start = 0;
  private at = 0;

  /** `kernel` is that which reads reports ahead, `name` the server's. */
  constructor(kernel: Kernel, name: Uint8Array) {
    this.kernel = kernel;
    this.name = name;
    kernel.answerWith(Uint8Array.of(0x41, 0x54, SPACE, ...name, SPACE));
  }

  /** The first `count` reports of the last scan are served next, into `out`: prints their lines behind what is in it, which holds if nothing else comes first. */
  ahead(count: number, now: Instant, out: ByteWriter): void {
    this.clock.peek(now, this.first);
    this.count = this.kernel.answer(count, this.first, out);
    this.next = 0;
    this.scan = this.kernel.scan;
    this.bytes = out.bytes;
    this.start = out.length;
    this.at = out.length;
  }

  /** From which row on the lines of reports are not printed behind what is in `out`; `row` if its own is not, or is not true at `now`. */
  printedTo(row: number, now: Instant, out: ByteWriter): number {
    this.clock.peek(now, this.first);
    return this.isNext(row, this.kernel.scan, this.first, out) ? this.count : row;
  }

  /** The reports up to row `end` are answered with what was printed. */
  took(end: number, out: ByteWriter): void {
    this.kernel.receivedAt(end - 1, this.clock.last);
    this.next = end;
    this.at = this.start + this.kernel.replyEnd(end - 1);
    out.length = this.at;
  }

  /** What was printed ahead may be overwritten. */
  drop(): void {
    this.count = 0;
    this.next = 0;
    this.bytes = NOTHING;
  }

  /** Prints the line of a report that came when the clock showed `now`, and notes in `into` when that was, and its text. */
  write(line: Uint8Array, command: Command, now: Instant, into: NewRecord, out: ByteWriter): void {
    this.clock.next(now, into.received);
    if (this.isPrinted(command, into.received, out)) {
      out.length = this.at;
      return noteReportText(line, command, into);
    }
    writeAtStart(out, this.name, into.received, command.stamp);
    writeReportText(out, line, command, into);
    out.byte(LF);
  }

  /** Whether the report's line stands behind what is in `out`; moves on to the next. */
  private isPrinted({ scan, row }: Command, received: Instant, out: ByteWriter): boolean {
    if (!this.isNext(row, scan, received, out)) return false;
    this.next += 1;
    this.at = this.start + this.kernel.replyEnd(row);
    return true;
  }

  private isNext(row: number, scan: number, received: Instant, out: ByteWriter): boolean {
    const { kernel } = this;
    if (this.next === this.count || row !== this.next || scan !== this.scan || scan !== kernel.scan) return false;
    return out.bytes === this.bytes && out.length === this.at && kernel.isReceived(row, received);
  }
}
