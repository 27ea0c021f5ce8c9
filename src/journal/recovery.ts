// Reads back what earlier lives left in a directory, takes what is whole, and says what it did. Changes no file: a damaged end
// stays as evidence until a snapshot makes it superfluous. Knows no table, only where to hand things.
//
// The promise is that the vector never claims what the table lacks. A record of a log claims its own number only, and is handed
// over before anything that claims more. A snapshot's vector is handed over once all of its records were; they claim nothing. A mark claims everything
// that the log's writer had until then, so after anything is missing marks are left out: that costs a neighbour some copies.
import { MalformedFrame } from '../wire/bytes.ts';
import type { Origin } from '../wire/messages.ts';
import type { NewRecord } from '../wire/record.ts';
import type { VectorEntry } from '../wire/vector.ts';
import type { Directory } from './directory.ts';
import type { EntrySink, Kind, Start } from './entries.ts';
import { type FileEnd, readEntries } from './file-reader.ts';
import type { LogPosition } from './log-file.ts';

/** Who takes back what was stored. A `Replica` of the core is one. */
export interface Recovering {
  /** One object for each name and epoch. */
  origin(name: string, epoch: number): Origin;
  /** A record, which may be older than what is there. Its number counts as known from now on, unless `claims` is false. */
  restore(record: NewRecord, claims?: boolean): void;
  /** The records that this entry covers have all been handed over. */
  restoreVector(entry: VectorEntry): void;
}

export interface Recovery {
  /** What was done, a line each, for a person. */
  readonly lines: string[];
  /** What was lost or doubtful: to be said loudly. */
  readonly warnings: string[];
  records: number;
  marks: number;
  filesRead: number;
  bytesRead: number;
  bytesDropped: number;
  snapshotsRejected: number;
}

/** What the store needs to go on from. */
export interface Recovered {
  readonly recovery: Recovery;
  /** The newest whole snapshot's number, 0 if there is none. */
  readonly snapshot: number;
  readonly snapshotBytes: number;
  /** Bytes and numbers of the log files since then, without an empty last one. */
  readonly logBytes: number;
  readonly logs: readonly number[];
  readonly last: LogPosition;
  /** The number for the next file: that of a last log with nothing in it, which may be written over, or a new one. */
  readonly next: number;
}

/** No more than a log's first bytes. */
const EMPTY_LOG_BYTES = 64;

/** @throws {UnknownFormat} if a newer Drover wrote it */
export function recover(directory: Directory, into: Recovering): Recovered {
  const replay = new Replay(directory, into);
  const snapshots = directory.numbers('snap').reverse();
  let snapshot = 0;
  let snapshotBytes = 0;
  for (const number of snapshots) {
    const end = replay.snapshot(number);
    if (end === undefined) continue;
    snapshot = number;
    snapshotBytes = end.sizeBytes;
    break;
  }
  const logs = directory.numbers('wal').filter((number) => number >= snapshot);
  let last: LogPosition = { number: snapshot, wholeBytes: 0 };
  let logBytes = 0;
  const kept: number[] = [];
  const { recovery } = replay;
  let next = Math.max(snapshots[0] ?? 0, logs.at(-1) ?? 0) + 1;
  for (const number of logs) {
    const entriesBefore = recovery.records + recovery.marks;
    const end = replay.log(number, last, number === logs.at(-1));
    const isEmpty = end.sizeBytes <= EMPTY_LOG_BYTES && recovery.records + recovery.marks === entriesBefore;
    if (isEmpty && end.isOpened && number === next - 1) {
      next = number;
      continue;
    }
    last = { number, wholeBytes: end.wholeBytes };
    logBytes += end.wholeBytes;
    kept.push(number);
  }
  if (recovery.filesRead === 0) recovery.lines.push('nothing stored yet');
  return { recovery, snapshot, snapshotBytes, logBytes, logs: kept, last, next };
}

class Replay {
  readonly recovery: Recovery = {
    lines: [],
    warnings: [],
    records: 0,
    marks: 0,
    filesRead: 0,
    bytesRead: 0,
    bytesDropped: 0,
    snapshotsRejected: 0,
  };
  private readonly directory: Directory;
  private readonly into: Recovering;
  /** Everything that the log's writers had has been handed over so far, so marks are true. */
  private complete = true;

  constructor(directory: Directory, into: Recovering) {
    this.directory = directory;
    this.into = into;
  }

  /** Nothing if it is not whole; what was whole of it is taken all the same. */
  snapshot(number: number): FileEnd | undefined {
    const { recovery, into } = this;
    const vector: VectorEntry[] = [];
    const before = recovery.records;
    let counted: number | undefined;
    const end = this.read('snap', number, {
      start: (start) => expectNumber(start, number),
      // The vector claims them all at once: hundreds of thousands of single claims in no order would take longer than the rest.
      record: (record) => this.record(record, false),
      vector: (entry) => {
        into.origin(entry.name, entry.epoch);
        vector.push(entry);
      },
      end: (records) => {
        counted = records;
      },
      mark: () => refuse('mark in a snapshot'),
    });
    const records = recovery.records - before;
    const fault = end.fault ?? (counted === records ? undefined : 'not finished');
    if (fault !== undefined) {
      recovery.snapshotsRejected += 1;
      recovery.bytesDropped += end.sizeBytes - end.wholeBytes;
      this.warn(`snap-${number}: ${fault}; its ${records} whole records are taken, then what is older`);
      return undefined;
    }
    for (const entry of vector) into.restoreVector(entry);
    recovery.lines.push(`snap-${number}: ${records} records`);
    return end;
  }

  log(number: number, previous: LogPosition, isLast: boolean): FileEnd {
    const { recovery, into } = this;
    const [recordsBefore, marksBefore] = [recovery.records, recovery.marks];
    let started = false;
    const end = this.read('wal', number, {
      start: (start) => {
        expectNumber(start, number);
        started = true;
        this.expectAfter(start, previous);
      },
      record: (record) => this.record(record, true),
      mark: ({ name, epoch }, height) => {
        recovery.marks += 1;
        if (this.complete) into.restoreVector({ name, epoch, height, above: [] });
      },
      vector: () => refuse('vector in a log'),
      end: () => refuse('end of a snapshot in a log'),
    });
    recovery.lines.push(
      `wal-${number}: ${recovery.records - recordsBefore} records, ${recovery.marks - marksBefore} marks`,
    );
    const dropped = end.sizeBytes - end.wholeBytes;
    recovery.bytesDropped += dropped;
    // In an older file the one after it tells whether what is missing counted; without that it is taken to have.
    if (!started && !isLast) this.incomplete(`wal-${number}: ${end.fault ?? 'empty'}`);
    else if (end.fault?.startsWith('ends within') === true) {
      recovery.lines.push(`wal-${number}: ends in half a write, ${dropped} bytes dropped`);
    } else if (end.fault !== undefined) {
      this.warn(`wal-${number}: ${end.fault} at byte ${end.wholeBytes}; the ${dropped} bytes from there are lost`);
    }
    return end;
  }

  private read(kind: Kind, number: number, sink: Omit<EntrySink, 'origin'>): FileEnd {
    const end = readEntries(this.directory, kind, number, {
      ...sink,
      origin: (name, epoch) => this.into.origin(name, epoch),
    });
    this.recovery.filesRead += 1;
    this.recovery.bytesRead += end.sizeBytes;
    return end;
  }

  private record(record: NewRecord, claims: boolean): void {
    this.recovery.records += 1;
    this.into.restore(record, claims);
  }

  /** The file was begun when the one before it, or the snapshot, was exactly so far. */
  private expectAfter(start: Start, previous: LogPosition): void {
    const { previousNumber, previousLength } = start;
    // Files that the snapshot replaced may be gone.
    if (previousNumber < previous.number) return;
    if (previousNumber === previous.number && previousLength <= previous.wholeBytes) return;
    const expected = `byte ${previousLength} of wal-${previousNumber}`;
    this.incomplete(`wal-${start.number} continues from ${expected}, which is missing`);
  }

  private incomplete(reason: string): void {
    this.warn(`${reason}; neighbours will send what they have of it`);
    this.complete = false;
  }

  private warn(line: string): void {
    this.recovery.lines.push(line);
    this.recovery.warnings.push(line);
  }
}

function expectNumber(start: Start, number: number): void {
  if (start.number !== number) refuse(`is the file that was numbered ${start.number}`);
}

function refuse(reason: string): never {
  throw new MalformedFrame(reason);
}
