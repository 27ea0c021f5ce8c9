// What the log and its recovery ask of a directory on disk. The store implements it with the real file system, the simulator
// with one that loses, tears and refuses as disks do.
import type { Kind } from './entries.ts';

export interface Directory {
  /** Where it is, for a person. */
  readonly path: string;
  /** The numbers of the files of this kind, ascending. */
  numbers(kind: Kind): number[];
  /** @throws an error with a system's `code` */
  open(kind: Kind, number: number): ReadableFile;
  /**
   * An empty log file, instead of one of this number that may be there.
   * @throws an error with a system's `code`
   */
  create(number: number): WritableFile;
  /** Makes a log file durable that an earlier life left. */
  syncFile(number: number, done: Synced): void;
  /** Makes names durable: files that were created are there after a power failure. */
  syncNames(done: Synced): void;
}

/** Called once, later: with an error, nobody knows what is durable. */
export type Synced = (error: unknown) => void;

export interface ReadableFile {
  readonly sizeBytes: number;
  /**
   * Reads at `position` until `into` is full from `start` on, or the file ends; how many bytes were read.
   * @throws an error with a system's `code`
   */
  read(into: Uint8Array, start: number, position: number): number;
  close(): void;
}

export interface WritableFile {
  /**
   * The first `length` of `bytes` at `position`. After an error any part of it may have been written.
   * @throws an error with a system's `code`
   */
  write(bytes: Uint8Array, length: number, position: number): void;
  /** @throws an error with a system's `code` */
  truncate(sizeBytes: number): void;
  /** Makes durable what was written so far. */
  sync(done: Synced): void;
  close(): void;
  /** Closes it and removes it. */
  discard(): void;
}

/** What the system calls an error; nothing for an error that is not the system's. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** `ENOSPC: no space left on device, write`: the system's words. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
