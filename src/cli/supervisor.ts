// Keeps a set of servers running, each as its own child process: waits until all are ready, starts again what crashes,
// stops all of them in bounded time. Must not know what a server is: it runs the commands that it is given.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { CommandError } from './failure.ts';
import type { ServerMessage } from './serve.ts';

interface ChildCommand {
  readonly file: string;
  readonly arguments: readonly string[];
}

/** What happens to the servers after the first start. */
export interface SupervisorObserver {
  crashed(name: string, reason: string, delayMs: number): void;
  back(name: string, pid: number): void;
  /** It exited 0 without being asked by us: somebody stopped it on purpose. */
  stoppedAlone(name: string): void;
  /** A line that a server wrote to its standard error. */
  complained(name: string, line: string): void;
}

export interface SupervisorTimes {
  readonly leastBackoffMs: number;
  readonly mostBackoffMs: number;
  /** A server up this long has recovered: its next crash is its first. */
  readonly healthyAfterMs: number;
  /** A Ctrl-C reaches servers and supervisor in any order: an end that looks asked-for is judged only after this. */
  readonly settleMs: number;
  readonly startLimitMs: number;
  readonly killAfterMs: number;
}

const TIMES: SupervisorTimes = {
  leastBackoffMs: 200,
  mostBackoffMs: 10_000,
  healthyAfterMs: 30_000,
  settleMs: 200,
  startLimitMs: 60_000,
  killAfterMs: 3500,
};

export interface SupervisorOptions {
  readonly names: readonly string[];
  readonly command: (name: string) => ChildCommand;
  readonly observer: SupervisorObserver;
  readonly times?: Partial<SupervisorTimes>;
  readonly random?: () => number;
}

export interface ReadyServer {
  readonly pid: number;
  readonly logFile: string;
}

/** Longer lines of a child are shown in pieces: its standard error must not fill our memory. */
const MOST_LINE_CHARACTERS = 8192;

/** Exponential with full jitter: servers that fell together must not come back together, again and again. */
export function backoffMs(crashes: number, times: SupervisorTimes, random: () => number): number {
  const most = Math.min(times.mostBackoffMs, times.leastBackoffMs * 2 ** Math.min(crashes, 30));
  return Math.round(times.leastBackoffMs + random() * (most - times.leastBackoffMs));
}

function eachLine(stream: Readable, show: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) show(line);
    if (rest.length <= MOST_LINE_CHARACTERS) return;
    show(rest);
    rest = '';
  });
  stream.on('end', () => {
    if (rest !== '') show(rest);
  });
}

/** How a child ended, and what it said about it. */
interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly message: string | undefined;
}

/** One run of one server: from its spawn to its end. */
class Run {
  readonly ended: Promise<Ending>;
  /** Rejects with the reason when the run ends, or takes too long, before it is ready. */
  readonly ready: Promise<ReadyServer>;
  private readonly child: ChildProcess;

  constructor(name: string, command: ChildCommand, times: SupervisorTimes, complained: (line: string) => void) {
    this.child = spawn(command.file, command.arguments, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    const { child } = this;
    if (child.stderr !== null) eachLine(child.stderr, complained);
    let message: string | undefined;
    this.ended = new Promise((resolve) => {
      // 'close' comes after the last line of standard error; a child that never started has only 'error'.
      child.once('close', (code, signal) => resolve({ code, signal, message }));
      child.on('error', (error) => {
        message ??= `${name} could not be started: ${error.message}`;
        if (child.pid === undefined) resolve({ code: null, signal: null, message });
      });
    });
    this.ready = new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        message = `${name} was not ready within ${times.startLimitMs / 1000} s`;
        child.kill('SIGKILL');
      }, times.startLimitMs);
      child.on('message', (told: ServerMessage) => {
        if (told.kind === 'failed') {
          message = told.message;
        } else {
          clearTimeout(timer);
          resolve({ pid: child.pid ?? 0, logFile: told.logFile });
        }
      });
      void this.ended.then((ending) => {
        clearTimeout(timer);
        reject(new CommandError(ending.message ?? `${name} did not start (${howItEnded(ending)})`));
      });
    });
    // Whoever needs it waits for it; a run that nobody waits for must not bring the process down.
    this.ready.catch(() => {});
  }

  async stop(killAfterMs: number): Promise<void> {
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), killAfterMs);
    await this.ended;
    clearTimeout(timer);
  }
}

function howItEnded({ code, signal }: Ending): string {
  return signal ?? (code === null ? 'not started' : `exit code ${code}`);
}

function settle(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

export class Supervisor {
  /** Resolves when no server runs and none will be started again. */
  readonly idle: Promise<void>;
  private readonly options: SupervisorOptions;
  private readonly times: SupervisorTimes;
  private readonly random: () => number;
  private readonly runs = new Map<string, Run>();
  private readonly restarts = new Set<NodeJS.Timeout>();
  /** Servers that should run: all but those that somebody stopped on purpose. */
  private readonly wanted: Set<string>;
  private becomeIdle: () => void = () => {};
  private stopping: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    this.options = options;
    this.times = { ...TIMES, ...options.times };
    this.random = options.random ?? Math.random;
    this.wanted = new Set(options.names);
    this.idle = new Promise((resolve) => {
      this.becomeIdle = resolve;
    });
  }

  /**
   * Starts every server and resolves when all are ready. From then on each is looked after.
   * @throws {CommandError} when one cannot start; everything is stopped then
   */
  async start(): Promise<ReadonlyMap<string, ReadyServer>> {
    const runs = this.options.names.map((name) => [name, this.run(name)] as const);
    try {
      const ready = await Promise.all(runs.map(async ([name, run]) => [name, await run.ready] as const));
      for (const [name, run] of runs) this.lookAfter(name, run, 0);
      return new Map(ready);
    } catch (error) {
      await settle(this.times.settleMs);
      await this.stop();
      throw error;
    }
  }

  get isStopping(): boolean {
    return this.stopping !== undefined;
  }

  /** Resolves when no child is left. May be called at any time, and again. */
  stop(): Promise<void> {
    this.stopping ??= this.stopOnce();
    return this.stopping;
  }

  private async stopOnce(): Promise<void> {
    for (const timer of this.restarts) clearTimeout(timer);
    this.restarts.clear();
    await Promise.all([...this.runs.values()].map((run) => run.stop(this.times.killAfterMs)));
    this.becomeIdle();
  }

  private run(name: string): Run {
    const { command, observer } = this.options;
    const run = new Run(name, command(name), this.times, (line) => observer.complained(name, line));
    this.runs.set(name, run);
    void run.ended.then(() => {
      if (this.runs.get(name) === run) this.runs.delete(name);
    });
    return run;
  }

  private lookAfter(name: string, run: Run, crashesBefore: number): void {
    let crashes = crashesBefore;
    const healthy = setTimeout(() => {
      crashes = 0;
    }, this.times.healthyAfterMs);
    void run.ended.then((ending) => {
      clearTimeout(healthy);
      void this.afterEnd(name, ending, crashes);
    });
  }

  private async afterEnd(name: string, ending: Ending, crashes: number): Promise<void> {
    const onPurpose = ending.code === 0;
    if (onPurpose || ending.signal !== 'SIGKILL') await settle(this.times.settleMs);
    if (this.isStopping) return;
    if (onPurpose) {
      this.wanted.delete(name);
      this.options.observer.stoppedAlone(name);
      if (this.wanted.size === 0) this.becomeIdle();
      return;
    }
    const delayMs = backoffMs(crashes + 1, this.times, this.random);
    this.options.observer.crashed(name, ending.message ?? howItEnded(ending), delayMs);
    const timer = setTimeout(() => {
      this.restarts.delete(timer);
      this.restart(name, crashes + 1);
    }, delayMs);
    this.restarts.add(timer);
  }

  private restart(name: string, crashes: number): void {
    const run = this.run(name);
    void run.ready.then(
      ({ pid }) => {
        if (!this.isStopping) this.options.observer.back(name, pid);
      },
      // Its end is judged like any other, below.
      () => {},
    );
    this.lookAfter(name, run, crashes);
  }
}
