// When a client is forgotten: long after its last report, or on request. Judged by the origin's receive time, which is the same
// at every server; a server's own clock decides only when it looks, never which record wins.
import { asciiBytes } from '../wire/bytes.ts';
import type { Instant } from '../wire/instant.ts';
import { NO_SCAN } from '../wire/kernel.ts';
import { EARLIEST_SECONDS, PURGE_CLIENTS, PURGE_GRACE_SECONDS, TICK_MOST_MS } from '../wire/limits.ts';
import type { NewRecord } from '../wire/record.ts';
import type { Slot, Table } from './table.ts';

export class Expiry {
  private readonly afterSeconds: number;
  /** The slot to look at next, from the end down. */
  private at = -1;
  private lookedMs = Number.NEGATIVE_INFINITY;

  /** 0 is never. */
  constructor(afterSeconds: number) {
    this.afterSeconds = afterSeconds;
  }

  /** Whether a record that its origin received then is too old to be shown. */
  hides(receivedSeconds: number, now: Instant): boolean {
    return this.afterSeconds > 0 && now.seconds - receivedSeconds >= this.afterSeconds;
  }

  /** Clients received before this are hidden, in POSIX seconds. */
  hiddenBeforeSeconds(now: Instant): number {
    return this.afterSeconds > 0 ? now.seconds - this.afterSeconds : EARLIEST_SECONDS;
  }

  /**
   * Looks at some clients, as many as the time since it last did allows, and removes those that have been hidden for a while: by then
   * every server hides them.
   */
  purge(table: Table, now: Instant, nowMs: number, removed: (slot: Slot) => void): void {
    if (this.afterSeconds === 0) return;
    const share = Math.min(1, (nowMs - this.lookedMs) / TICK_MOST_MS);
    this.lookedMs = nowMs;
    for (let looked = 0; looked < share * PURGE_CLIENTS; looked += 1) {
      if (this.at < 0) this.at = table.slots - 1;
      const slot = this.at;
      this.at -= 1;
      if (slot < 0) return;
      if (!table.isUsed(slot) || now.seconds - table.receivedSecondsOf(slot) < this.afterSeconds + PURGE_GRACE_SECONDS)
        continue;
      removed(slot);
      table.remove(slot);
    }
  }
}

/**
 * What stands in the place of a client that was forgotten on request: its name, and nothing of where it was. Origin, sequence
 * number and times are the caller's to fill in.
 */
export function fillForgotten(client: Uint8Array, into: NewRecord): void {
  const { assembled } = into;
  assembled.reset();
  assembled.copy(client);
  assembled.copy(NOWHERE);
  into.text = assembled.bytes;
  into.textStart = 0;
  into.textLength = assembled.length;
  into.clientLength = client.length;
  into.locationLength = 4;
  into.stamp.seconds = 0;
  into.stamp.nanoseconds = 0;
  into.forgotten = true;
  into.scan = NO_SCAN;
}

const NOWHERE = asciiBytes(' +0+0 0');
