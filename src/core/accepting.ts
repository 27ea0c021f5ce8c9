// What neighbours send: records of a batch, read ahead, looked for together, and put in the table if they win. The kernel does that for as many as
// follow one another, are of one origin and replace a record of the same; the others are taken in one by one. Knows no link: whoever reads them
// tells of each.
import { type ByteReader, MalformedFrame } from '../wire/bytes.ts';
import type { Origin } from '../wire/messages.ts';
import { type NewRecord, RecordView } from '../wire/record.ts';
import { RecordsAhead } from '../wire/records-ahead.ts';
import { compareRecords, isOrderPossible } from './order.ts';
import { NO_SLOT, type Slot, type Table } from './table.ts';

export class Accepting {
  private readonly table: Table;
  private readonly ahead: RecordsAhead;
  private readonly known = new RecordView();
  /** Of those that were read: the kernel was given all before this one, and this one is not to be given to it, if any. */
  private accepted = 0;
  private notAgain = -1;

  constructor(table: Table) {
    this.table = table;
    this.ahead = new RecordsAhead(table.kernel);
  }

  /**
   * Reads the next of `left` records and looks for their clients; returns how many there are now.
   * @throws {MalformedFrame} if the next is not a report that a server could have accepted
   */
  read(reader: ByteReader, origins: readonly Origin[], left: number): number {
    this.ahead.read(reader, origins, left);
    this.table.expect(this.ahead);
    this.accepted = 0;
    this.notAgain = -1;
    return this.ahead.count;
  }

  /** One of those that were read. */
  record(index: number): NewRecord {
    return this.ahead.sought[index] as NewRecord;
  }

  /**
   * Takes in one of them, each after the one before; `batch` is what they were read from. Returns where it is, or NO_SLOT if what is there is as good or
   * better. Later ones may be there, too, by then.
   * @throws {MalformedFrame} if no honest server has ordered it so
   */
  take(index: number, batch: Uint8Array): Slot {
    if (index >= this.accepted && index !== this.notAgain) this.giveToKernel(index);
    if (index >= this.accepted) return this.takeOne(this.record(index), batch);
    if (!this.table.kernel.hasWon(index)) return NO_SLOT;
    this.table.stored += 1;
    return this.record(index).expectedAt;
  }

  /** Whether a record wins over the one in a slot. */
  beats(record: NewRecord, slot: Slot): boolean {
    const order = this.table.compareOrder(record.order, slot);
    if (order !== 0) return order > 0;
    this.table.read(slot, this.known);
    return compareRecords(record, this.known) > 0;
  }

  private giveToKernel(index: number): void {
    const { ahead, table } = this;
    const { origin, scan } = this.record(index);
    const isFor = scan === table.kernel.scan && table.names(origin);
    this.accepted = isFor ? table.kernel.accept(index, ahead.count, table.numberOf(origin), origin.hash) : index;
    // What follows is another origin's, or not for the kernel at all.
    this.notAgain = ahead.sought[this.accepted]?.origin === origin ? this.accepted : -1;
  }

  private takeOne(record: NewRecord, batch: Uint8Array): Slot {
    if (!isOrderPossible(record)) throw new MalformedFrame('a record that is ordered by another time than its own');
    const slot = this.table.findExpected(batch, record);
    return slot === NO_SLOT || this.beats(record, slot) ? this.table.put(slot, record) : NO_SLOT;
  }
}
