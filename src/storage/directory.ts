// A server's directory on the real disk, as the journal asks for it. Knows names and calls, no format.
import {
  close as closeSoon,
  closeSync,
  fdatasync,
  fstatSync,
  fsync,
  ftruncateSync,
  open as openSoon,
  openSync,
  rmSync,
} from 'node:fs';
import type { Directory, ReadableFile, Synced, WritableFile } from '../journal/directory.ts';
import type { Kind } from '../journal/entries.ts';
import { FILE_MODE, numbered, numbersOf, readUpTo, writeWhole } from './files.ts';

export class RealDirectory implements Directory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  numbers(kind: Kind): number[] {
    return numbersOf(this.path, kind);
  }

  open(kind: Kind, number: number): ReadableFile {
    return openToRead(numbered(this.path, kind, number));
  }

  create(number: number): WritableFile {
    const path = numbered(this.path, 'wal', number);
    const file = openSync(path, 'w', FILE_MODE);
    return {
      write: (bytes, length, position) => writeWhole(file, bytes, length, position),
      truncate: (sizeBytes) => ftruncateSync(file, sizeBytes),
      sync: (done) => fdatasync(file, done),
      // In the background: the last close of a large file that was removed takes milliseconds.
      close: () => closeSoon(file),
      discard: () => {
        closeSync(file);
        rmSync(path, { force: true });
      },
    };
  }

  syncNames(done: Synced): void {
    // Where a directory cannot be opened (Windows), the system does without.
    if (process.platform === 'win32') setImmediate(done, undefined);
    else syncPath(this.path, 'r', done);
  }

  syncFile(number: number, done: Synced): void {
    syncPath(numbered(this.path, 'wal', number), 'r+', done);
  }
}

function syncPath(path: string, flags: string, done: Synced): void {
  openSoon(path, flags, (failure, file) => {
    if (failure !== null) return done(failure);
    fsync(file, (error) => closeSoon(file, () => done(error)));
  });
}

function openToRead(path: string): ReadableFile {
  const file = openSync(path, 'r');
  return {
    sizeBytes: fstatSync(file).size,
    read: (into, start, position) => readUpTo(file, into, start, position),
    close: () => closeSync(file),
  };
}
