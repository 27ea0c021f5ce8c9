// Processes as a benchmark sees them: what CPU and memory they use (from /proc, so on Linux only; elsewhere nothing is known),
// and on which cores they run. Knows no server.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';

/** /proc counts CPU time in these, on every Linux that Node runs on (USER_HZ). */
const TICKS_PER_SECOND = 100;

/** CPU seconds, user and system, of all threads of these processes; NaN where it cannot be known. */
export function cpuSecondsOf(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const stat = readOrNothing(`/proc/${pid}/stat`);
    if (stat === undefined) return Number.NaN;
    // The second field is the name in parentheses, and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / TICKS_PER_SECOND;
}

/** Resident bytes of a process; NaN where it cannot be known. */
export function residentBytesOf(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(readOrNothing(`/proc/${pid}/status`) ?? '')?.[1];
  return kibibytes === undefined ? Number.NaN : Number(kibibytes) * 1024;
}

function readOrNothing(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Not Linux, or the process is gone.
    return undefined;
  }
}

/**
 * From now on this thread runs only when nobody else wants its core (Linux's policy SCHED_IDLE, see sched(7)). False where that cannot be said: it takes
 * `chrt` (util-linux). There it takes a low priority at best.
 */
export function makeWayForAll(): boolean {
  const thread = readOrNothing('/proc/thread-self/stat')?.split(' ', 1)[0];
  if (thread === undefined) return false;
  if (spawnSync('chrt', ['--idle', '--pid', '0', thread], { stdio: 'ignore' }).status === 0) return true;
  // Of this thread, on Linux; elsewhere it would be that of the whole process.
  os.setPriority(os.constants.priority.PRIORITY_BELOW_NORMAL);
  return false;
}

/** Which cores the servers get and which the generator. */
export interface Cores {
  /** For `taskset -c`; undefined when nothing is pinned. */
  readonly one: string | undefined;
  readonly all: string | undefined;
  readonly generator: string | undefined;
  /** For people. */
  readonly text: string;
}

/**
 * One core for a server, the others for the generator, which is this process and its threads. Without taskset, or with one core,
 * nothing is pinned.
 */
export function pinCores(): Cores {
  const cores = allowedCores();
  const hasTaskset = spawnSync('taskset', ['--version']).status === 0;
  if (cores.length < 2 || !hasTaskset) {
    const why = cores.length < 2 ? 'there is one core' : 'there is no taskset';
    return { one: undefined, all: undefined, generator: undefined, text: `not pinned: ${why}` };
  }
  const one = String(cores[0]);
  const generator = cores.slice(1).join(',');
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', generator, String(process.pid)], { stdio: 'ignore' });
  return {
    one,
    all: cores.join(','),
    generator,
    text: `a server alone on core ${one}, a herd on all, generator on ${generator}`,
  };
}

function allowedCores(): number[] {
  return coresIn(/^Cpus_allowed_list:\s+(\S+)/m.exec(readOrNothing('/proc/self/status') ?? '')?.[1] ?? '0');
}

/** Of a list such as `0,2-5`. */
function coresIn(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** A command line on these cores. */
export function onCores(cores: string | undefined, command: string, args: readonly string[]): [string, string[]] {
  return cores === undefined ? [command, [...args]] : ['taskset', ['--cpu-list', cores, command, ...args]];
}
