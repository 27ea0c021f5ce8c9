// Where the clients of the table are: keeps the near index in step with it. Knows slots and their records; no rule of which
// record wins, and no clock.
import type { Instant } from '../wire/instant.ts';
import type { Position } from '../wire/location.ts';
import type { NearQuestion, NearRecord } from '../wire/near.ts';
import { copyRecord, RecordView } from '../wire/record.ts';
import type { Expiry } from './expiry.ts';
import { NearIndex } from './near.ts';
import { Nearest } from './nearest.ts';
import type { Slot, Table } from './table.ts';

const METRES_PER_KM = 1000;

export class Whereabouts {
  private readonly table: Table;
  private readonly expiry: Expiry;
  private readonly index = new NearIndex();
  private nearest = new Nearest(1);

  constructor(table: Table, expiry: Expiry) {
    this.table = table;
    this.expiry = expiry;
  }

  /** A slot has another record, which says this position, or that its client was forgotten. */
  stored(slot: Slot, { latitude, longitude }: Position, forgotten: boolean): void {
    if (forgotten) this.index.remove(slot);
    else this.index.put(slot, latitude, longitude);
  }

  /** A slot is about to be removed from the table. */
  removing(slot: Slot): void {
    this.index.remove(slot);
  }

  /** The clients nearest to a position, nearest first; of those that are unknown by now, none. */
  near(question: NearQuestion, now: Instant): NearRecord[] {
    const { latitude, longitude, radiusMetres, most } = question;
    if (most === 0) return [];
    if (this.nearest.most !== most) this.nearest = new Nearest(most);
    const { nearest } = this;
    const isShown = (slot: Slot): boolean => !this.expiry.hides(this.table.receivedSecondsOf(slot), now);
    this.index.nearest(latitude, longitude, radiusMetres / METRES_PER_KM, nearest, isShown);
    return Array.from(nearest.slots.subarray(0, nearest.count), (slot, place) => {
      this.table.read(slot, record);
      return { record: copyRecord(record), distanceKm: nearest.distanceKm(place) };
    });
  }
}

/** One of the table that is looked at. */
const record = new RecordView();
