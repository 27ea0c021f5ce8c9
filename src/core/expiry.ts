// When a client is forgotten: long after its last report, or on request. Judged by the origin's receive time, which is the same
// at every server; a server's own clock decides only when it looks, never which record wins.
import { asciiBytes } from '../wire/bytes.ts';
import type { Instant } from '../wire/instant.ts';
import { EARLIEST_SECONDS, PURGE_CLIENTS, PURGE_GRACE_SECONDS } from '../wire/limits.ts';
import type { Origin, StoredRecord } from '../wire/messages.ts';
import type { Slot, Table } from './table.ts';

export class Expiry {
  private readonly afterSeconds: number;
  /** The slot to look at next, from the end down: what is removed moves only slots that were looked at. */
  private at = -1;

  /** 0 is never. */
  constructor(afterSeconds: number) {
    this.afterSeconds = afterSeconds;
  }

  hides(record: StoredRecord, now: Instant): boolean {
    return this.afterSeconds > 0 && now.seconds - record.received.seconds >= this.afterSeconds;
  }

  /** Clients received before this are hidden, in POSIX seconds. */
  hiddenBeforeSeconds(now: Instant): number {
    return this.afterSeconds > 0 ? now.seconds - this.afterSeconds : EARLIEST_SECONDS;
  }

  /** Looks at some clients and removes those that have been hidden for a while: by then every server hides them. */
  purge(table: Table, now: Instant, removed: (slot: Slot) => void): void {
    if (this.afterSeconds === 0) return;
    for (let looked = 0; looked < PURGE_CLIENTS; looked += 1) {
      if (this.at < 0) this.at = table.size - 1;
      const slot = table.at(this.at);
      this.at -= 1;
      if (slot === undefined) return;
      if (now.seconds - slot.record.received.seconds < this.afterSeconds + PURGE_GRACE_SECONDS) continue;
      removed(slot);
      table.remove(slot);
    }
  }
}

/** What stands in the place of a client that was forgotten on request: its name, and nothing of where it was. */
export function forgottenRecord(
  client: Uint8Array,
  origin: Origin,
  sequence: number,
  received: Instant,
  order: Instant,
): StoredRecord {
  const nowhere = asciiBytes(' +0+0 0');
  const text = new Uint8Array(client.length + nowhere.length);
  text.set(client);
  text.set(nowhere, client.length);
  return {
    origin,
    sequence,
    received,
    order,
    stamp: { seconds: 0, nanoseconds: 0 },
    position: { latitude: 0, longitude: 0 },
    text,
    clientLength: client.length,
    locationLength: 4,
    forgotten: true,
  };
}
