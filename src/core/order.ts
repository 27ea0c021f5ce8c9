// Which report wins. The whole rule, and nothing else: every server must come to the same record whatever arrived first.
import { compareInstants, copyInstant, type Instant } from '../wire/instant.ts';
import { ORDER_LEAD_SECONDS } from '../wire/limits.ts';
import type { StoredRecord } from '../wire/record.ts';

/** Above zero when `left` wins over `right`: later order, then greater origin, later life of it, later sequence number. */
export function compareRecords(left: StoredRecord, right: StoredRecord): number {
  return (
    compareInstants(left.order, right.order) ||
    compareNames(left.origin.name, right.origin.name) ||
    left.origin.epoch - right.origin.epoch ||
    left.sequence - right.sequence
  );
}

/** Names are ASCII, so comparing code units is comparing bytes. */
function compareNames(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1;
}

/**
 * The time a report is ordered by, fixed once by the server that accepts it: the client's own stamp, but at most 5 s ahead
 * of the moment it was received, so that a fast clock cannot pin a position.
 */
export function orderTime(stamp: Instant, received: Instant, into: Instant): void {
  const isAhead = stamp.seconds - received.seconds - ORDER_LEAD_SECONDS || stamp.nanoseconds - received.nanoseconds;
  copyInstant(isAhead > 0 ? received : stamp, into);
  if (isAhead > 0) into.seconds += ORDER_LEAD_SECONDS;
}

/** Whether an honest server could have given a record this order: judged by its own numbers, not by this server's clock. */
export function isOrderPossible({ order, stamp, received, forgotten }: StoredRecord): boolean {
  if (forgotten) return true;
  orderTime(stamp, received, honestOrder);
  return compareInstants(order, honestOrder) === 0;
}

const honestOrder: Instant = { seconds: 0, nanoseconds: 0 };
