// Which of two records must win, written down a second time: a simulation that asked the core could not find the core wrong.
import type { StoredRecord } from '../wire/record.ts';

/** Above zero when `left` must win over `right`; zero only when they are the same update. */
export function judge(left: StoredRecord, right: StoredRecord): number {
  if (left.order.seconds !== right.order.seconds) return left.order.seconds - right.order.seconds;
  if (left.order.nanoseconds !== right.order.nanoseconds) return left.order.nanoseconds - right.order.nanoseconds;
  if (left.origin.name !== right.origin.name) return left.origin.name > right.origin.name ? 1 : -1;
  if (left.origin.epoch !== right.origin.epoch) return left.origin.epoch - right.origin.epoch;
  return left.sequence - right.sequence;
}
