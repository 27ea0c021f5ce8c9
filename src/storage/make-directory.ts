// Makes a directory and what is missing above it. Knows no store.
import { existsSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { codeOf } from '../journal/directory.ts';
import { DIRECTORY_MODE } from './files.ts';

/**
 * One level at a time: Node's own way to make several never ends where the system says that something above is missing although
 * it is there, as in /proc.
 * @throws {NodeJS.ErrnoException}
 */
export function makeDirectory(directory: string): void {
  const above = path.dirname(directory);
  if (above !== directory && !existsSync(above)) makeDirectory(above);
  try {
    mkdirSync(directory, { mode: DIRECTORY_MODE });
  } catch (error) {
    // Another process may make it too.
    if (codeOf(error) !== 'EEXIST' || !statSync(directory).isDirectory()) throw error;
  }
}
