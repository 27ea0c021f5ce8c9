// Records and a table for tests of the store: made up, but such as a server could have accepted, and the promise between
// table and vector that everything stored must keep. Knows no file.
import { type Got, gotOf, type Vector } from '../core/got.ts';
import { compareRecords } from '../core/order.ts';
import { asciiBytes, asciiText } from '../wire/bytes.ts';
import { makeOrigin, type Origin } from '../wire/messages.ts';
import { clientBytes, copyRecord, type StoredRecord } from '../wire/record.ts';
import type { VectorEntry } from '../wire/vector.ts';
import type { Recovering } from './recovery.ts';

const FIRST_SECONDS = 1_700_000_000;

/** `time` decides which of a client's records wins. */
export function madeRecord(origin: Origin, sequence: number, client: string, time: number): StoredRecord {
  const seconds = FIRST_SECONDS + time;
  const [location, stamp] = ['+34.068930-118.445127', `${seconds}.5`];
  const stampInstant = { seconds, nanoseconds: 500_000_000 };
  return {
    origin,
    sequence,
    received: { seconds: seconds + 1, nanoseconds: 7 },
    order: { ...stampInstant },
    stamp: stampInstant,
    text: asciiBytes(`${client} ${location} ${stamp}`),
    textStart: 0,
    textLength: client.length + location.length + stamp.length + 2,
    clientLength: client.length,
    locationLength: location.length,
    forgotten: false,
  };
}

export function clientOf(record: StoredRecord): string {
  return asciiText(clientBytes(record));
}

/** A table and a vector, as plain as can be. */
export class Holding implements Recovering {
  readonly table: Map<string, StoredRecord> = new Map();
  readonly got: Vector<Origin> = new Map();
  private readonly origins = new Map<string, Origin>();

  origin(name: string, epoch: number): Origin {
    const key = `${name} ${epoch}`;
    let origin = this.origins.get(key);
    if (origin === undefined) {
      origin = makeOrigin(name, epoch);
      this.origins.set(key, origin);
    }
    return origin;
  }

  restore(record: StoredRecord, claims = true): void {
    const client = clientOf(record);
    const known = this.table.get(client);
    if (known === undefined || compareRecords(record, known) > 0) this.table.set(client, copyRecord(record));
    if (claims) gotOf(this.got, record.origin).add(record.sequence);
  }

  restoreVector(entry: VectorEntry): void {
    const got = gotOf(this.got, this.origin(entry.name, entry.epoch));
    got.raise(entry.height);
    for (let index = 0; index < entry.above.length; index += 2) {
      got.addRange(entry.above[index] ?? 0, entry.above[index + 1] ?? 0);
    }
  }

  records(): Iterable<StoredRecord> {
    return this.table.values();
  }

  vector(): VectorEntry[] {
    return [...this.got].map(([{ name, epoch }, got]) => ({
      name,
      epoch,
      height: got.height,
      above: [...got.above()],
    }));
  }

  /** `client sequence@origin.epoch`, sorted: what two holdings can be compared by. */
  lines(): string[] {
    return [...this.table]
      .map(([client, { origin, sequence }]) => `${client} ${sequence}@${origin.name}.${origin.epoch}`)
      .sort();
  }

  /** Updates that the vector claims although the table has nothing as new: must be none, whatever happened. */
  falseClaims(made: Iterable<StoredRecord>): string[] {
    const claims: string[] = [];
    for (const record of made) {
      const got: Got | undefined = this.got.get(this.origin(record.origin.name, record.origin.epoch));
      if (got?.has(record.sequence) !== true) continue;
      const known = this.table.get(clientOf(record));
      if (known === undefined || compareRecords(known, record) < 0) {
        claims.push(`${clientOf(record)} ${record.sequence}@${record.origin.name}.${record.origin.epoch}`);
      }
    }
    return claims;
  }
}
