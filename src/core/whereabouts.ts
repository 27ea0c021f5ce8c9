// Where the clients of the table are: brings the near index in step with it, when somebody asks or too many wait. A report only
// puts its client in line for that, so a client that reports often between two questions costs the index one move. Knows slots and
// their records; no rule of which record wins, and no clock.
import type { Instant } from '../wire/instant.ts';
import { NEAR_BEHIND_CLIENTS, NEAR_SETTLE_CLIENTS, NEAR_SETTLE_PER_MS, NEAR_TOGETHER_CLIENTS } from '../wire/limits.ts';
import type { NearQuestion, NearRecord } from '../wire/near.ts';
import { copyRecord, RecordView } from '../wire/record.ts';
import type { Expiry } from './expiry.ts';
import { Moves } from './moves.ts';
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
  private readonly moves = new Moves();
  private nearest = new Nearest(1);
  /** When the last tick was, and how many records there were since. */
  private tickMs = 0;
  private news = 0;
  /** How many may be settled before the next tick while nobody asks. */
  private allowed = 0;

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
   * Some time has passed: what a question would have to wait for may be brought within bounds, unless records come faster than that. It
   * would never be done with those, and most of whom it settles would be in line again before anybody asks; so reports go first, and who
   * asks waits.
   */
  tick(nowMs: number): void {
    const most = Math.floor((nowMs - this.tickMs) * NEAR_SETTLE_PER_MS);
    this.allowed = this.news <= most ? most : 0;
    this.news = 0;
    this.tickMs = nowMs;
  }

  /** The end of a turn: settles some, if they may be settled; a few wait until there are more. True when another turn can settle more. */
  catchUp(): boolean {
    const overdue = Math.min(this.allowed, this.unsettled - NEAR_BEHIND_CLIENTS);
    if (overdue < NEAR_TOGETHER_CLIENTS) return false;
    const settled = Math.min(overdue, NEAR_SETTLE_CLIENTS);
    this.settle(settled);
    this.allowed -= settled;
    return overdue - settled >= NEAR_TOGETHER_CLIENTS;
  }

  /** A slot is about to be removed from the table. */
  removing(slot: Slot): void {
    this.moved.drop(slot);
    this.index.remove(slot);
  }

  /** Tells the index where so many of those are who reported first. */
  settle(most: number): void {
    const { moved, moves, table, index } = this;
    for (let left = most; left > 0; left -= moves.count) {
      moves.count = 0;
      for (let slot = moved.first(); slot !== NO_SLOT; slot = moved.first()) {
        moved.drop(slot);
        moves.add(slot);
        if (moves.count === NEAR_TOGETHER_CLIENTS || moves.count === left) break;
      }
      if (moves.count === 0) return;
      moves.locate(table);
      index.putAll(moves);
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
