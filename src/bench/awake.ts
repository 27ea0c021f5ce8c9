// Cores that do not sleep, as on a machine whose power saving is off: waking one takes a virtual machine some 50 microseconds, which a report
// on its way through several servers pays at each. On each core turns a process that runs only when nobody else wants to.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Cores, coresIn, onCores } from './processes.ts';

export interface Awake {
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

const TURN = 'keep-awake';

/** Undefined where nothing is pinned, or there is no `chrt` (util-linux). */
export function keepAwake({ all }: Pick<Cores, 'all'>): Awake | undefined {
  if (all === undefined || spawnSync('chrt', ['--version']).status !== 0) return undefined;
  const turning = coresIn(all).map((core) => turnOn(String(core)));
  return {
    pids: turning.map(({ pid }) => pid as number),
    async stop() {
      const gone = turning.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit'));
      for (const child of turning) child.kill('SIGKILL');
      await Promise.all(gone);
    },
  };
}

/** Makes room at once for anybody else: the scheduler's policy SCHED_IDLE, see sched(7). */
function turnOn(core: string): ChildProcess {
  const node = [process.execPath, fileURLToPath(import.meta.url), TURN, String(process.pid)];
  const [command, args] = onCores(core, 'chrt', ['--idle', '0', ...node]);
  return spawn(command, args, { stdio: 'ignore' });
}

const [, , task, parent] = process.argv;
if (task === TURN) {
  // Asking for its parent brings it into the kernel, where it makes room; and it ends with whoever started it, however that ends.
  while (process.ppid === Number(parent));
}
