// What this server's own clients report: received at a time of its own, ordered, answered and, if it wins, numbered and put in the table. One by
// one; or, of those that were read ahead, all together that have a record of this server's own to replace, which is nearly all of them. (Those
// may be received at a later time than one by one where the clock was just set back by a second or more: the first of them decides.)
import type { ByteWriter } from '../wire/bytes.ts';
import type { Command } from '../wire/command.ts';
import { copyInstant, type Instant } from '../wire/instant.ts';
import type { LineReader } from '../wire/lines.ts';
import { NewRecord } from '../wire/record.ts';
import type { ReportsAhead } from '../wire/reports-ahead.ts';
import { Answers } from './answers.ts';
import { orderTime } from './order.ts';
import type { OwnLife } from './own-life.ts';
import { NO_SLOT, type Slot, type Table } from './table.ts';

/** Is told of each record that is in the table now, in the order of their numbers. */
export type Stored = (slot: Slot, record: NewRecord, nowMs: number) => void;

export class OwnReports {
  readonly answers: Answers;
  private readonly table: Table;
  private readonly life: OwnLife;
  private readonly stored: Stored;
  private readonly incoming = new NewRecord();

  constructor(table: Table, life: OwnLife, stored: Stored) {
    this.answers = new Answers(table.kernel, life.self.nameBytes);
    this.table = table;
    this.life = life;
    this.stored = stored;
  }

  /** Takes in one report and prints its reply. True if it was stored. */
  take(line: Uint8Array, command: Command, now: Instant, nowMs: number, out: ByteWriter): boolean {
    const { incoming, life, table } = this;
    this.answers.write(line, command, now, incoming, out);
    orderTime(command.stamp, incoming.received, incoming.order);
    const slot = table.findExpected(line, command);
    // At one server an equal order is stale, whoever reported: only a later one replaces what was acknowledged here.
    if (slot !== NO_SLOT && table.compareOrder(incoming.order, slot) <= 0) return false;
    incoming.origin = life.self;
    incoming.sequence = life.nextSequence();
    copyInstant(command.stamp, incoming.stamp);
    incoming.clientLength = command.clientEnd - command.clientStart;
    incoming.locationLength = command.locationEnd - command.locationStart;
    incoming.forgotten = false;
    this.stored(table.put(slot, incoming), incoming, nowMs);
    return true;
  }

  /**
   * Reads the plain reports that come next ahead, unless they were, and looks for their clients; their replies are printed behind what is in `out`,
   * for if they are served next.
   */
  readAhead(lines: LineReader, ahead: ReportsAhead, now: Instant, out: ByteWriter | undefined): void {
    if (lines.countAhead(ahead) > 0) return;
    lines.readAhead(ahead);
    this.table.expect(ahead);
    if (ahead.count > 0 && out !== undefined) this.answers.ahead(ahead.count, now, out);
  }

  /** Takes in the reports that were read ahead and come next, and their replies, as far as that can be done together; returns how many. */
  takeAhead(lines: LineReader, ahead: ReportsAhead, now: Instant, nowMs: number, out: ByteWriter): number {
    const { answers, incoming, life, table } = this;
    const { row: first } = ahead;
    const printed = Math.min(answers.printedTo(first, now, out), first + lines.countAhead(ahead));
    if (printed <= first || !table.names(life.self)) return 0;
    const { self, sequence } = life;
    const end = table.kernel.take(first, printed, sequence, table.numberOf(self), self.hash);
    if (end === first) return 0;
    for (let row = first; row < end; row += 1) {
      if (!ahead.taken(row, incoming)) continue;
      incoming.origin = life.self;
      life.nextSequence();
      table.stored += 1;
      this.stored(incoming.expectedAt, incoming, nowMs);
    }
    answers.took(end, out);
    lines.passAhead(ahead, end - first);
    return end - first;
  }
}
