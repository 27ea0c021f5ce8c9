// Where the clients of the table are: brings the near index in step with it, when somebody asks or too many wait. A report only
// puts its client in line for that, so a client that reports often between two questions costs the index one move. Knows slots and
// their records; no rule of which record wins, and no clock.
import type { Instant } from '../wire/instant.ts';
import { NEAR_BEHIND_CLIENTS, NEAR_SETTLE_CLIENTS } from '../wire/limits.ts';
import type { NearQuestion, NearRecord } from '../wire/near.ts';
import { copyRecord, positionOf, RecordView } from '../wire/record.ts';
import type { Expiry } from './expiry.ts';
import { NearIndex } from './near.ts';
import { Nearest } from './nearest.ts';
import { Outbox } from './outbox.ts';
import { NO_SLOT, type Slot, type Table } from './table.ts';

const METRES_PER_KM = 1000;

export class Whereabouts {
  private readonly table: Table;
  private readonly expiry: Expiry;
  private readonly index = new NearIndex();
  /** Who has reported since the index was told where it is. */
  private readonly moved = new Outbox();
  private nearest = new Nearest(1);
  /** Records since the last tick. */
  private news = 0;

  constructor(table: Table, expiry: Expiry) {
    this.table = table;
    this.expiry = expiry;
  }

  /** Memory taken. */
  get bytes(): number {
    return this.index.bytes + this.moved.bytes;
  }

  /** Clients that the index has to look up before it can answer. */
  get unsettled(): number {
    return this.moved.size;
  }

  /** A slot has another record. */
  stored(slot: Slot): void {
    this.news += 1;
    this.moved.put(slot);
  }

  /**
   * Some time has passed: keeps what a question would have to wait for within bounds, unless more records came meanwhile than it settles
   * at a time. It would never be done with those, and most of whom it settles would be in line again before anybody asks; so reports go
   * first, and who asks waits.
   */
  tick(): void {
    if (this.news <= NEAR_SETTLE_CLIENTS) {
      this.settle(Math.min(NEAR_SETTLE_CLIENTS, this.unsettled - NEAR_BEHIND_CLIENTS));
    }
    this.news = 0;
  }

  /** A slot is about to be removed from the table. */
  removing(slot: Slot): void {
    this.moved.drop(slot);
    this.index.remove(slot);
  }

  /** Tells the index where so many of those are who reported first. */
  settle(most: number): void {
    for (let settled = 0; settled < most; settled += 1) {
      const slot = this.moved.first();
      if (slot === NO_SLOT) return;
      this.moved.drop(slot);
      this.table.read(slot, record);
      if (record.forgotten) this.index.remove(slot);
      else {
        const { latitude, longitude } = positionOf(record);
        this.index.put(slot, latitude, longitude);
      }
    }
  }

  /** The clients nearest to a position, nearest first; of those that are unknown by now, none. */
  near(question: NearQuestion, now: Instant): NearRecord[] {
    const { latitude, longitude, radiusMetres, most } = question;
    if (most === 0) return [];
    this.settle(this.unsettled);
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
