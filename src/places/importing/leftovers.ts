// The file that an import writes before it takes its name, and what is left of it when the import is killed. Knows names and processes;
// nothing of what is in the file.
import { readdirSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { IMPORT_SILENCE_MS } from '../limits.ts';

/** Process numbers mean something on one machine only, and in one container. */
const HOST: string = crc32(hostname()).toString(16);

/** Where this process writes what is to become `target`: beside it, and under no other import's name. */
export function unfinishedFile(target: string): string {
  return path.join(path.dirname(target), `${prefixOf(target)}${HOST}.${process.pid}.tmp`);
}

/** Removes what killed imports of the same target have left behind, and nothing that another one may still be writing. */
export function removeLeftovers(target: string): void {
  const folder = path.dirname(target);
  const prefix = prefixOf(target);
  for (const name of readdirSync(folder)) {
    const [, host, pid] =
      /^([\da-f]{1,8})\.(\d{1,10})\.tmp$/.exec(name.startsWith(prefix) ? name.slice(prefix.length) : '') ?? [];
    if (pid === undefined) continue;
    const file = path.join(folder, name);
    if ((host === HOST && hasEnded(Number(pid))) || isSilent(file)) remove(file);
  }
}

function remove(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch (error) {
    // In a folder like /tmp it may be another user's: it takes room, and is in nobody's way.
    if (!/^(EPERM|EACCES)$/.test((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

function prefixOf(target: string): string {
  return `.${path.basename(target)}.`;
}

/** A number that was given to another program meanwhile counts as running: then silence tells. */
function hasEnded(pid: number): boolean {
  // What has our own number is of a process before us: we have not begun.
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

function isSilent(file: string): boolean {
  const touchedMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  return touchedMs !== undefined && Date.now() - touchedMs > IMPORT_SILENCE_MS;
}
