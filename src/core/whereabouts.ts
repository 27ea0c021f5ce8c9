// Where the clients of the table are: keeps the near index in step with it. Knows slots and their records; no rule of which
// record wins, and no clock.
import type { Instant } from '../wire/instant.ts';
import type { StoredRecord } from '../wire/messages.ts';
import type { NearQuestion, NearRecord } from '../wire/near.ts';
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

  /** A slot has another record. */
  stored(slot: Slot): void {
    const { forgotten, position } = slot.record;
    if (forgotten) this.index.remove(slot.index);
    else this.index.put(slot.index, position.latitude, position.longitude);
  }

  /** A slot is about to be removed from the table, whose last one then gets its number. */
  removing(slot: Slot): void {
    this.index.remove(slot.index);
    const last = this.table.at(this.table.size - 1);
    if (last === undefined || last === slot || !this.index.remove(last.index)) return;
    const { latitude, longitude } = last.record.position;
    this.index.put(slot.index, latitude, longitude);
  }

  /** The clients nearest to a position, nearest first; of those that are unknown by now, none. */
  near(question: NearQuestion, now: Instant): NearRecord[] {
    const { latitude, longitude, radiusMetres, most } = question;
    if (most === 0) return [];
    if (this.nearest.most !== most) this.nearest = new Nearest(most);
    const { nearest } = this;
    const recordAt = (slot: number): StoredRecord => (this.table.at(slot) as Slot).record;
    this.index.nearest(
      latitude,
      longitude,
      radiusMetres / METRES_PER_KM,
      nearest,
      (slot) => !this.expiry.hides(recordAt(slot), now),
    );
    return Array.from(nearest.slots.subarray(0, nearest.count), (slot, place) => {
      return { record: recordAt(slot), distanceKm: nearest.distanceKm(place) };
    });
  }
}
