// The disk itself under one simulated server, as the journal asks for it: keeps what was made durable, and of the rest, when
// the power fails, what it likes; refuses, and forgets what it failed to make durable. Also keeps a second account, from what it was
// told and not from what it can read: which records it must give back. Knows no log.
import type { Directory, ReadableFile, Synced, WritableFile } from '../journal/directory.ts';
import type { Kind } from '../journal/entries.ts';
import type { StoredRecord } from '../wire/record.ts';
import type { Chance } from './chance.ts';
import type { Timeline } from './timeline.ts';

/**
 * What it does not take: anything more (`space`), anything at all (`writes`), more in a file that is there (`size`), or it takes
 * all and makes nothing durable (`syncs`).
 */
export type Refusal = 'space' | 'writes' | 'size' | 'syncs';

/** A process over the disk: what it waits for comes while it lives and runs. */
export interface Process {
  later(delayMs: number, action: () => void): void;
}

/** Where a record stands. */
interface Place {
  readonly record: StoredRecord;
  readonly file: PlatterFile;
  /** The file holds it when it is whole up to here. */
  readonly endBytes: number;
  acknowledgedMs: number | undefined;
}

class PlatterFile {
  readonly kind: Kind;
  readonly number: number;
  bytes: Uint8Array = new Uint8Array(0);
  durableBytes = 0;
  /** Its name is durable too. */
  named = false;
  /** A sync failed: the system has forgotten what was to be written, and no later sync knows of it. */
  broken = false;
  /** Nothing from here on can be believed. */
  damagedFrom = Number.POSITIVE_INFINITY;
  places: Place[] = [];

  private room = new Uint8Array(0);

  constructor(kind: Kind, number: number) {
    this.kind = kind;
    this.number = number;
  }

  put(bytes: Uint8Array, position: number): void {
    const sizeBytes = Math.max(this.bytes.length, position + bytes.length);
    if (sizeBytes > this.room.length || this.bytes.buffer !== this.room.buffer) {
      this.room = new Uint8Array(2 * sizeBytes);
      this.room.set(this.bytes);
    }
    this.room.set(bytes, position);
    this.bytes = this.room.subarray(0, sizeBytes);
  }
}

const CODES = { space: 'ENOSPC', writes: 'EIO', size: 'EFBIG', syncs: 'EIO' } as const;

function refusal(kind: Refusal): Error {
  return Object.assign(new Error(`${CODES[kind]}: refused by the simulated disk`), { code: CODES[kind] });
}

export class Platter implements Directory {
  readonly path = 'simulated';
  refuses: Refusal | undefined;
  /** Who uses it now. */
  process: Process | undefined;
  private files: PlatterFile[] = [];
  /** Records that the next write will hold. */
  private toCome: StoredRecord[] = [];
  private readonly places = new Map<StoredRecord, Place>();
  private power = 0;
  private readonly timeline: Timeline;
  private readonly chance: Chance;
  private readonly slowestMs: number;

  constructor(timeline: Timeline, chance: Chance, slowestMs: number) {
    this.timeline = timeline;
    this.chance = chance;
    this.slowestMs = slowestMs;
  }

  numbers(kind: Kind): number[] {
    const numbers = this.files.filter((file) => file.kind === kind).map(({ number }) => number);
    return numbers.sort((left, right) => left - right);
  }

  open(kind: Kind, number: number): ReadableFile {
    const { bytes } = this.files.find((file) => file.kind === kind && file.number === number) as PlatterFile;
    return {
      sizeBytes: bytes.length,
      read: (into, start, position) => {
        const piece = bytes.subarray(position, position + into.length - start);
        into.set(piece, start);
        return piece.length;
      },
      close: () => {},
    };
  }

  create(number: number): WritableFile {
    if (this.refuses === 'writes') throw refusal(this.refuses);
    const file = new PlatterFile('wal', number);
    this.remove('wal', (other) => other === number);
    this.files.push(file);
    // What waited for the file before this one will not be written any more.
    this.toCome = [];
    return {
      write: (bytes, length, position) => this.write(file, bytes.subarray(0, length), position),
      truncate: (sizeBytes) => {
        if (this.refuses === 'writes') throw refusal(this.refuses);
        file.bytes = file.bytes.slice(0, sizeBytes);
        file.durableBytes = Math.min(file.durableBytes, sizeBytes);
      },
      sync: (done) => this.sync(file, done),
      close: () => {},
      discard: () => this.remove('wal', (other) => other === number),
    };
  }

  syncFile(number: number, done: Synced): void {
    const file = this.files.find((one) => one.kind === 'wal' && one.number === number);
    if (file === undefined) throw new Error(`there is no wal-${number}`);
    this.sync(file, done);
  }

  syncNames(done: Synced): void {
    const files = [...this.files];
    this.takeTime(() => {
      const isRefused = this.refuses === 'syncs';
      for (const file of files) {
        if (isRefused && !file.named) file.broken = true;
        if (!isRefused && !file.broken) file.named = true;
      }
      return isRefused ? refusal('syncs') : undefined;
    }, done);
  }

  /** A whole snapshot under its name, durable. */
  install(number: number, bytes: Uint8Array, records: readonly StoredRecord[]): void {
    this.remove('snap', (other) => other === number);
    const file = new PlatterFile('snap', number);
    file.bytes = bytes;
    file.durableBytes = bytes.length;
    file.named = true;
    for (const record of records) {
      file.places.push({ record, file, endBytes: bytes.length, acknowledgedMs: undefined });
    }
    this.files.push(file);
  }

  remove(kind: Kind, which: (number: number) => boolean): void {
    this.files = this.files.filter((file) => file.kind !== kind || !which(file.number));
  }

  /** The next write will hold it. */
  willHold(record: StoredRecord): void {
    this.toCome.push(record);
  }

  /** Whether the promise to keep a record is true now: that it is written, or that it is durable. */
  holds(record: StoredRecord, durably: boolean): boolean {
    const place = this.places.get(record);
    if (place === undefined) return false;
    place.acknowledgedMs = this.timeline.nowMs;
    return !durably || isDurable(place);
  }

  /** What whoever reads the disk now must find. */
  *mustGiveBack(): Generator<StoredRecord> {
    for (const { places, damagedFrom, bytes } of this.files) {
      for (const { record, endBytes } of places) if (endBytes <= Math.min(damagedFrom, bytes.length)) yield record;
    }
  }

  /** Acknowledged, not durable although the disk never failed, and older than that. */
  *lateSince(ms: number): Generator<StoredRecord> {
    const newest = Math.max(0, ...this.numbers('snap'));
    for (const { places, broken, kind, number } of this.files) {
      if (broken || kind !== 'wal' || number < newest) continue;
      for (const place of places) {
        if (place.acknowledgedMs !== undefined && place.acknowledgedMs < ms && !isDurable(place)) yield place.record;
      }
    }
  }

  wipe(): void {
    this.files = [];
  }

  /** What was not durable is gone, or half of it, or it has become something else. */
  losePower(): void {
    const { chance } = this;
    this.power += 1;
    this.files = this.files.filter(({ named }) => named || chance.happens(0.5));
    for (const file of this.files) {
      const { durableBytes } = file;
      // Of the rest nothing was promised.
      file.places = file.places.filter(({ endBytes }) => endBytes <= durableBytes);
      const rest = file.bytes.length - durableBytes;
      if (rest > 0) {
        const from = durableBytes + chance.below(rest);
        const how = chance.pick(['gone', 'torn', 'zeros', 'bit']);
        file.damagedFrom = Math.min(file.damagedFrom, how === 'gone' ? durableBytes : from);
        if (how === 'zeros') file.bytes = file.bytes.slice().fill(0, from);
        else if (how === 'bit') this.flipAt(file, from);
        else file.bytes = file.bytes.slice(0, how === 'gone' ? durableBytes : from);
      }
      file.durableBytes = file.bytes.length;
      file.named = true;
    }
  }

  /** One bit decays: near the end of the newest log, or anywhere. */
  flip(where: 'tail' | 'middle'): void {
    const { chance } = this;
    const last = Math.max(...this.numbers('wal'));
    const file =
      where === 'middle'
        ? chance.pick(this.files)
        : this.files.find(({ kind, number }) => kind === 'wal' && number === last);
    const size = file?.bytes.length ?? 0;
    if (file === undefined || size === 0) return;
    const from = where === 'middle' ? 0 : Math.max(0, size - 200);
    this.flipAt(file, from + chance.below(size - from));
  }

  private flipAt(file: PlatterFile, at: number): void {
    file.bytes = file.bytes.slice();
    file.bytes[at] = (file.bytes[at] ?? 0) ^ (1 << this.chance.below(8));
    // A snapshot with any damage is none; the log it stood for is there yet, unless it is the only one.
    file.damagedFrom = file.kind === 'snap' ? 0 : Math.min(file.damagedFrom, at);
  }

  private write(file: PlatterFile, bytes: Uint8Array, position: number): void {
    const { refuses } = this;
    const isRefused = refuses === 'space' || refuses === 'writes' || (refuses === 'size' && position > 0);
    const taken = isRefused ? bytes.subarray(0, this.chance.below(bytes.length)) : bytes;
    file.put(taken, position);
    if (isRefused) throw refusal(refuses);
    for (const record of this.toCome) {
      const place = { record, file, endBytes: file.bytes.length, acknowledgedMs: undefined };
      file.places.push(place);
      this.places.set(record, place);
    }
    this.toCome = [];
  }

  private sync(file: PlatterFile, done: Synced): void {
    const sizeBytes = file.bytes.length;
    this.takeTime(() => {
      if (this.refuses === 'syncs') {
        file.broken = true;
        return refusal('syncs');
      }
      if (!file.broken) file.durableBytes = Math.max(file.durableBytes, Math.min(sizeBytes, file.bytes.length));
      return undefined;
    }, done);
  }

  /** The disk finishes whatever becomes of the process that asked; only a power failure stops it. */
  private takeTime(finish: () => Error | undefined, done: Synced): void {
    const { power } = this;
    const delayMs = this.chance.fraction() * this.slowestMs;
    let error: Error | undefined;
    this.timeline.after(delayMs, () => {
      if (this.power === power) error = finish();
    });
    this.process?.later(delayMs, () => done(error));
  }
}

function isDurable({ file, endBytes }: Place): boolean {
  return file.named && file.durableBytes >= endBytes;
}
