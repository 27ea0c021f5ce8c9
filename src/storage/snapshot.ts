// Copies the whole table into a file while the server goes on working. Knows no log.
//
// The copy is fuzzy: it is made in slices, and a record may be replaced between two of them. It is right all the same. Let T be
// the moment when the log went over to a new file and the vector was taken, in one turn. Every update that the vector covers
// was in the table at T, or beaten by what was. A client's record only ever gets newer, so what the copy holds of a client,
// taken at T or later, is at least what the table held at T: copy and vector alone keep the promise that the vector never
// claims what the table lacks. What came after T is in the log from the new file on, so copy and log together hold at least
// the table at any later moment; that some of it is in both is harmless, since replaying a record twice changes nothing.
import { open, rename, rm } from 'node:fs/promises';
import { setTimeout as rest } from 'node:timers/promises';
import { EntryWriter } from '../journal/entries.ts';
import { SNAPSHOT_REST_MS, SNAPSHOT_SLICE_BYTES, SNAPSHOT_SYNC_BYTES } from '../wire/limits.ts';
import type { StoredRecord } from '../wire/record.ts';
import type { VectorEntry } from '../wire/vector.ts';
import { FILE_MODE, numbered } from './files.ts';

/** The live table and vector, as the server has them. */
export interface SnapshotSource {
  /**
   * Every client's record, while the table changes: whoever is in it at the call must come up, with that record or a newer one.
   * Of clients that are added later it does not matter.
   */
  records(): Iterable<StoredRecord>;
  /** What this server has of every origin, at the moment of the call. */
  vector(): Iterable<VectorEntry>;
}

export interface SnapshotWritten {
  readonly number: number;
  readonly records: number;
  readonly bytes: number;
}

/** How it goes on after a slice: `resting`, so that everything else comes first; `hurried`, when nothing else is to be done; or not at all. */
export type Pace = 'resting' | 'hurried' | 'cancelled';

type FileHandle = Awaited<ReturnType<typeof open>>;

/**
 * Writes `snap-<number>`, durable when this resolves. The vector must be of the moment when log file `number` was begun.
 * Nothing is left of it if it fails or `pace`, which is asked after each slice, says that it is cancelled.
 */
export async function writeSnapshot(
  directory: string,
  number: number,
  records: Iterable<StoredRecord>,
  vector: Iterable<VectorEntry>,
  pace: () => Pace,
): Promise<SnapshotWritten | undefined> {
  const file = numbered(directory, 'snap', number);
  const temporary = `${file}.tmp`;
  const handle = await open(temporary, 'w', FILE_MODE);
  let written: SnapshotWritten | undefined;
  try {
    const copy = new Copy(handle, number);
    if (await copy.fill(records, vector, pace)) {
      await handle.sync();
      written = { number, records: copy.records, bytes: copy.bytes };
    }
  } finally {
    await handle.close();
    if (written === undefined) await rm(temporary, { force: true });
  }
  if (written === undefined) return undefined;
  await rename(temporary, file);
  if (process.platform !== 'win32') {
    const names = await open(directory, 'r');
    try {
      await names.sync();
    } finally {
      await names.close();
    }
  }
  return written;
}

class Copy {
  records = 0;
  bytes = 0;
  private syncedBytes = 0;
  private readonly handle: FileHandle;
  private readonly entries: EntryWriter;

  constructor(handle: FileHandle, number: number) {
    this.handle = handle;
    this.entries = new EntryWriter('snap', { number, previousNumber: 0, previousLength: 0 });
  }

  /** False if it was cancelled. */
  async fill(records: Iterable<StoredRecord>, vector: Iterable<VectorEntry>, pace: () => Pace): Promise<boolean> {
    const { entries } = this;
    for (const record of records) {
      entries.record(record);
      this.records += 1;
      if (entries.length < SNAPSHOT_SLICE_BYTES) continue;
      await this.write();
      if (this.bytes - this.syncedBytes >= SNAPSHOT_SYNC_BYTES) {
        await this.handle.datasync();
        this.syncedBytes = this.bytes;
      }
      const next = pace();
      if (next === 'cancelled') return false;
      if (next === 'resting') await rest(SNAPSHOT_REST_MS);
    }
    for (const entry of vector) entries.vector(entry);
    entries.end(this.records);
    await this.write();
    return pace() !== 'cancelled';
  }

  private async write(): Promise<void> {
    const { entries } = this;
    entries.endBlock();
    for (let written = 0; written < entries.length; ) {
      const { bytesWritten } = await this.handle.write(
        entries.out.bytes,
        written,
        entries.length - written,
        this.bytes,
      );
      written += bytesWritten;
      this.bytes += bytesWritten;
    }
    entries.out.reset();
  }
}
