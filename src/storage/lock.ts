// One writer per directory. Node has no file locks that the kernel would drop with the process, so a lock is a file that
// names its owner, and a dead owner's lock is taken over. Knows nothing of what it guards.
//
// Taking over must not race: of two processes that find the same dead lock, one may win. A lock is therefore never
// replaced; it is `lock-<n>`, made whole by link(2), and the highest number counts. Whoever finds lock-<n> dead makes
// lock-<n+1>, which only one can, and then looks again: if somebody went further meanwhile, the own one is given back. Only a
// holder removes, and only lower numbers, so the highest never disappears. A free lock is a lock with nothing in it.
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  futimesSync,
  linkSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { codeOf, reasonOf } from '../journal/directory.ts';
import { LOCK_SILENCE_MS } from '../wire/limits.ts';
import { FILE_MODE, numbered, numbersOf, readIfThere } from './files.ts';
import { lifeOf, type Owner, parseOwner, thisProcess } from './owner.ts';

/** Another process holds the directory. */
export class Locked extends Error {
  override readonly name = 'Locked';
}

const PREFIX = 'lock';

/** Rounds against others that start at the same moment; each round that is lost was won by somebody. */
const MOST_ROUNDS = 100;

export class Lock {
  readonly number: number;
  private readonly handle: number;

  private constructor(directory: string, number: number) {
    this.number = number;
    this.handle = openSync(numbered(directory, PREFIX, number), 'r+');
  }

  /**
   * @throws {Locked} if another process holds it
   * @throws {NodeJS.ErrnoException} if the directory cannot be written
   */
  static async take(directory: string): Promise<Lock> {
    const self = thisProcess();
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const highest = numbersOf(directory, PREFIX).at(-1) ?? 0;
      if (highest > 0) await expectDead(directory, highest, self);
      if (!make(directory, highest + 1, self)) continue;
      const numbers = numbersOf(directory, PREFIX);
      if (numbers.at(-1) !== highest + 1) {
        rmSync(numbered(directory, PREFIX, highest + 1), { force: true });
        continue;
      }
      for (const number of numbers.slice(0, -1)) rmSync(numbered(directory, PREFIX, number), { force: true });
      return new Lock(directory, highest + 1);
    }
    throw new Locked(`${directory} is being taken by other processes`);
  }

  /** Tells those who cannot see this process that it lives. False if another took the lock: this one was taken for dead. */
  touch(nowMs: number): boolean {
    if (!this.isHeld()) return false;
    futimesSync(this.handle, nowMs / 1000, nowMs / 1000);
    return true;
  }

  isHeld(): boolean {
    return fstatSync(this.handle).nlink > 0;
  }

  release(): void {
    if (this.isHeld()) ftruncateSync(this.handle, 0);
    closeSync(this.handle);
  }
}

async function expectDead(directory: string, number: number, self: Owner): Promise<void> {
  const file = numbered(directory, PREFIX, number);
  const text = readIfThere(file);
  // Empty is free. Anything else that names no owner was never whole: the machine stopped while it was written.
  const owner = parseOwner(text);
  if (owner === undefined) return;
  const life = lifeOf(owner, self);
  if (life === 'dead') return;
  if (life === 'unknown') {
    const touched = touchedMs(file);
    await pause(LOCK_SILENCE_MS);
    // It is the change that counts, not the age: the other machine's clock may be wrong.
    if (touchedMs(file) === touched) return;
  }
  const where = life === 'unknown' ? ` on ${owner.host}, another machine or container,` : '';
  throw new Locked(
    `process ${owner.pid}${where} uses ${directory}: stop it, or give this server another name or --data directory`,
  );
}

/** False if it is there already. */
function make(directory: string, number: number, self: Owner): boolean {
  const temporary = path.join(directory, `${PREFIX}.${self.pid}.${number}.tmp`);
  writeFileSync(temporary, `${JSON.stringify(self)}\n`, { mode: FILE_MODE });
  try {
    linkSync(temporary, numbered(directory, PREFIX, number));
    return true;
  } catch (error) {
    // ENOENT: whoever got the lock has swept the temporary files away.
    if (codeOf(error) === 'EEXIST' || codeOf(error) === 'ENOENT') return false;
    throw new Error(`${directory} must be on a file system with hard links (${reasonOf(error)})`, { cause: error });
  } finally {
    rmSync(temporary, { force: true });
  }
}

function touchedMs(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs;
}
