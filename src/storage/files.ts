// What the store asks of the file system: whole writes, replacement that survives a power failure, numbered files. Knows no
// format.
import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { codeOf } from '../journal/directory.ts';

export const FILE_MODE = 0o600;
export const DIRECTORY_MODE = 0o700;

/** Writes the first `length` of `bytes` at `position`, however little the system takes at a time. */
export function writeWhole(file: number, bytes: Uint8Array, length: number, position: number): void {
  let written = 0;
  while (written < length) written += writeSync(file, bytes, written, length - written, position + written);
}

/** Reads until `bytes` is full or the file ends; how many were read. */
export function readUpTo(file: number, bytes: Uint8Array, start: number, position: number): number {
  let at = start;
  while (at < bytes.length) {
    const count = readSync(file, bytes, at, bytes.length - at, position + at - start);
    if (count === 0) break;
    at += count;
  }
  return at - start;
}

/** A small file's bytes, each as one character; nothing if there is no such file. */
export function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return '';
    throw error;
  }
}

/** Makes names in a directory durable. Where a directory cannot be opened (Windows), the system does without. */
export function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return;
  const file = openSync(directory, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** After a crash at any moment the file has its old content or the new, and after the return the new. */
export function replaceFile(file: string, content: string): void {
  const temporary = `${file}.tmp`;
  writeFileSync(temporary, content, { mode: FILE_MODE, flush: true });
  renameSync(temporary, file);
  syncDirectory(path.dirname(file));
}

/** The numbers of the files `prefix-<n>`, ascending. */
export function numbersOf(directory: string, prefix: string): number[] {
  const numbers: number[] = [];
  for (const name of readdirSync(directory)) {
    if (!name.startsWith(`${prefix}-`)) continue;
    const digits = name.slice(prefix.length + 1);
    const number = Number(digits);
    if (Number.isSafeInteger(number) && number > 0 && String(number) === digits) numbers.push(number);
  }
  return numbers.sort((left, right) => left - right);
}

export function numbered(directory: string, prefix: string, number: number): string {
  return path.join(directory, `${prefix}-${number}`);
}

/** Files that a crash left half-written, under names that nothing reads. */
export function removeTemporaries(directory: string): void {
  for (const name of readdirSync(directory)) {
    if (name.endsWith('.tmp')) rmSync(path.join(directory, name), { force: true });
  }
}
