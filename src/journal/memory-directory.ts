// A directory in memory, for tests of what is written and read back: files are plain bytes, and a test may do to them what it
// likes. Everything is durable at once.
import type { Directory, ReadableFile, Synced, WritableFile } from './directory.ts';
import type { Kind } from './entries.ts';

export class MemoryDirectory implements Directory {
  readonly path = 'memory';
  /** By name: `wal-3`, `snap-2`. */
  readonly files: Map<string, Uint8Array> = new Map();

  numbers(kind: Kind): number[] {
    const names = [...this.files.keys()].filter((name) => name.startsWith(`${kind}-`));
    return names.map((name) => Number(name.slice(kind.length + 1))).sort((left, right) => left - right);
  }

  open(kind: Kind, number: number): ReadableFile {
    const bytes = this.files.get(`${kind}-${number}`);
    if (bytes === undefined) throw Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT' });
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
    const name = `wal-${number}`;
    this.files.set(name, new Uint8Array());
    const bytesOf = (): Uint8Array => this.files.get(name) ?? new Uint8Array();
    return {
      write: (bytes, length, position) => {
        const whole = new Uint8Array(position + length);
        whole.set(bytesOf().subarray(0, position));
        whole.set(bytes.subarray(0, length), position);
        this.files.set(name, whole);
      },
      truncate: (sizeBytes) => void this.files.set(name, bytesOf().slice(0, sizeBytes)),
      sync: (done) => done(undefined),
      close: () => {},
      discard: () => void this.files.delete(name),
    };
  }

  syncFile(_number: number, done: Synced): void {
    done(undefined);
  }

  syncNames(done: Synced): void {
    done(undefined);
  }
}
