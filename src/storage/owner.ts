// Which process holds a lock, and whether it still lives. Process numbers are used again, so the start time counts too.
// Knows no files but those of /proc.
import { readFileSync, readlinkSync } from 'node:fs';
import os from 'node:os';
import { codeOf } from '../journal/directory.ts';

/** What is empty could not be found out on this system. */
export interface Owner {
  readonly pid: number;
  /** When the process started, in the kernel's ticks since the machine did. */
  readonly started: string;
  /** Which start of the machine. */
  readonly boot: string;
  /** The namespace that the process number counts in: a container's. */
  readonly namespace: string;
  readonly host: string;
}

export function thisProcess(): Owner {
  return {
    pid: process.pid,
    started: processState(process.pid)?.started ?? '',
    boot: fromProc(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()),
    namespace: fromProc(() => readlinkSync('/proc/self/ns/pid')),
    host: os.hostname(),
  };
}

/** `unknown`: it is, or was, on another machine or in another container, where this process cannot look. */
export type Life = 'alive' | 'dead' | 'unknown';

export function lifeOf(owner: Owner, self: Owner): Life {
  if (owner.boot !== self.boot) return owner.host === self.host ? 'dead' : 'unknown';
  if (owner.namespace !== self.namespace || (owner.boot === '' && owner.host !== self.host)) return 'unknown';
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // Anything but "no such process" means that there is one.
    if (codeOf(error) === 'ESRCH') return 'dead';
  }
  const state = processState(owner.pid);
  if (state === undefined) return 'alive';
  // A zombie has ended; only its parent has not noticed.
  if (state.letter === 'Z' || state.letter === 'X') return 'dead';
  return owner.started === '' || state.started === owner.started ? 'alive' : 'dead';
}

/** What a lock file says; nothing if that is not an owner. */
export function parseOwner(text: string): Owner | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, started, boot, namespace, host } = value as Record<string, unknown>;
    if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0 || pid > 2 ** 31) return undefined;
    const word = (one: unknown): string => (typeof one === 'string' ? one.slice(0, 256) : '');
    return { pid, started: word(started), boot: word(boot), namespace: word(namespace), host: word(host) };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function processState(pid: number): { letter: string; started: string } | undefined {
  const text = fromProc(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  // The second field is the program's name in brackets, which may hold anything, brackets and spaces too.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [letter, started] = [fields[0], fields[19]];
  return letter === undefined || started === undefined ? undefined : { letter, started };
}

/** Where there is no /proc, or it is closed to us, nothing is known. */
function fromProc(read: () => string): string {
  try {
    return read();
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return '';
  }
}
