// What a simulated server finds again after its process died: the records and marks it was told of, in order, and the number of its
// last life. Knows the core's words, no file.
import type { Replica } from '../core/replica.ts';
import type { Origin } from '../wire/messages.ts';
import type { StoredRecord } from '../wire/record.ts';

type Entry = StoredRecord | { readonly origin: Origin; readonly height: number };

export class Disk {
  epoch = 0;
  private entries: Entry[] = [];

  accepted(record: StoredRecord): void {
    this.entries.push(record);
  }

  marked(origin: Origin, height: number): void {
    this.entries.push({ origin, height });
  }

  wipe(): void {
    this.entries = [];
  }

  /** Brings back what was known, as a start does before there are links. */
  restore(replica: Replica): void {
    for (const entry of this.entries) {
      const { name, epoch } = entry.origin;
      if ('height' in entry) replica.restoreVector({ name, epoch, height: entry.height, above: [] });
      else replica.restore({ ...entry, origin: replica.origin(name, epoch) });
    }
  }
}
