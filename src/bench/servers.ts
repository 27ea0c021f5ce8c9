// Servers of a benchmark's own: real ones, each its own process, on ports that are free, with data directories that go when it
// ends. None outlives the benchmark, however that ends: a server stops when the channel to its parent closes.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { askNear, askStatus } from '../net/status-client.ts';
import type { NearAnswer, NearQuestion } from '../wire/near.ts';
import { freePorts } from './free-ports.ts';
import { onCores } from './processes.ts';

export type Acknowledgement = 'memory' | 'wal' | 'fsync';

export interface HerdPlan {
  readonly names: readonly string[];
  readonly links: readonly (readonly [string, string])[];
  readonly ack: Acknowledgement;
  /** For `taskset`. */
  readonly cores: string | undefined;
  /** Options of Node itself, such as those of its profiler. */
  readonly nodeOptions?: readonly string[];
  /** With the log of each line received and sent, which most servers that Drover is compared with do not write. */
  readonly traffic?: boolean;
}

/** One server alone. */
export const ALONE: Pick<HerdPlan, 'names' | 'links'> = { names: ['Bench'], links: [] };

/** What benchmarks read in a server's status. */
export interface ServerFigures {
  readonly clients: number;
  readonly origins: readonly { readonly origin: string; readonly height: number }[];
  readonly links: readonly { readonly state: string; readonly recordsReceived?: number }[];
  /** Bytes of memory by what they are for, from servers that tell. */
  readonly memory?: Readonly<Record<string, number>>;
}

interface Entry {
  readonly host: string;
  readonly clientPort: number;
  readonly peerPort: number;
  readonly httpPort: number;
}

/** Nothing that a benchmark waits for takes longer than this unless it hangs. */
const HANG_MS = 600_000;
const STOP_MS = 6000;
const HOST = '127.0.0.1';
const HERD = 'bench';

/** A question waits 3 s: these are enough for more clients than fit in memory. */
const LEARNING_QUESTIONS = 50;

export class BenchHerd {
  readonly directory: string = mkdtempSync(path.join(tmpdir(), `drover-bench-${process.pid}-`));
  private readonly plan: HerdPlan;
  private readonly entries = new Map<string, Entry>();
  private readonly children = new Map<string, ChildProcess>();
  private readonly config: string = path.join(this.directory, 'herd.json');

  private constructor(plan: HerdPlan) {
    this.plan = plan;
    process.on('exit', this.abandon);
  }

  /** Starts the servers named, by default all, and waits until their links are up. */
  static async start(plan: HerdPlan, names: readonly string[] = plan.names): Promise<BenchHerd> {
    const herd = new BenchHerd(plan);
    try {
      await herd.configure();
      await Promise.all(names.map((name) => herd.startServer(name)));
      await herd.linked();
    } catch (error) {
      await herd.stop();
      throw error;
    }
    return herd;
  }

  get pids(): number[] {
    return [...this.children.values()].map((child) => child.pid as number);
  }

  pid(name: string): number {
    return this.children.get(name)?.pid as number;
  }

  port(name: string): number {
    return this.entry(name).clientPort;
  }

  linkPort(name: string): number {
    return this.entry(name).peerPort;
  }

  /** Resolves when it listens, with the milliseconds that this took from the start of the process. */
  async startServer(name: string): Promise<number> {
    const main = fileURLToPath(new URL('../cli/main.js', import.meta.url));
    const options = ['--config', this.config, '--data', path.join(this.directory, name), '--ack', this.plan.ack];
    const node = [...(this.plan.nodeOptions ?? []), main, 'serve', name, ...options];
    const [command, args] = onCores(this.plan.cores, process.execPath, node);
    const beganMs = performance.now();
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], env: cleanEnvironment() });
    this.children.set(name, child);
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`${name} does not run: ${why} ${said}`));
      child.on('error', (error) => fail(error.message));
      child.on('exit', (code, signal) => fail(`it ended with ${code ?? signal}`));
      child.on('message', (message: { kind: string; message?: string }) => {
        if (message.kind === 'ready') resolve();
        else fail(message.message ?? message.kind);
      });
    });
    return performance.now() - beganMs;
  }

  async stopServer(name: string): Promise<void> {
    const child = this.children.get(name);
    this.children.delete(name);
    if (child !== undefined) await stopProcess(child);
  }

  /** Removes what a server that is stopped had on disk. */
  wipe(name: string): void {
    rmSync(path.join(this.directory, name), { recursive: true, force: true });
  }

  async status(name: string): Promise<ServerFigures> {
    return (await askStatus(this.asking(name))) as ServerFigures;
  }

  /** Who is near a position, over a connection of its own. */
  near(name: string, question: NearQuestion): Promise<NearAnswer> {
    return askNear(this.asking(name), question);
  }

  /** Has a server learn for its near index where everybody is, as it does when somebody asks. */
  async learnPositions(name: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.near(name, { latitude: 0, longitude: 0, radiusMetres: 1, most: 1 });
        return;
      } catch (error) {
        // Millions of positions take longer than a question waits, and what was learned stays.
        if (attempt === LEARNING_QUESTIONS) throw error;
      }
    }
  }

  /** Waits until every link between running servers is up. */
  async linked(): Promise<void> {
    for (const name of this.children.keys()) {
      const wanted = this.plan.links.filter(
        (ends) => ends.includes(name) && ends.every((end) => this.children.has(end)),
      );
      await this.until(name, ({ links }) => links.filter(({ state }) => state === 'up').length === wanted.length);
    }
  }

  /** Waits until a server's status is as wanted. */
  async until(name: string, wanted: (figures: ServerFigures) => boolean): Promise<void> {
    const deadlineMs = performance.now() + HANG_MS;
    while (!wanted(await this.status(name))) {
      if (performance.now() > deadlineMs) throw new Error(`${name} never came to be as it should`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.children.keys()].map((name) => this.stopServer(name)));
    process.off('exit', this.abandon);
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** This process ends before its time: nothing is left behind all the same. */
  private readonly abandon = (): void => {
    for (const child of this.children.values()) child.kill('SIGKILL');
    rmSync(this.directory, { recursive: true, force: true });
  };

  private async configure(): Promise<void> {
    for (const name of this.plan.names) {
      const [clientPort = 0, peerPort = 0, httpPort = 0] = await freePorts(3);
      this.entries.set(name, { host: HOST, clientPort, peerPort, httpPort });
    }
    const { links } = this.plan;
    const log = { traffic: this.plan.traffic ?? false };
    writeFileSync(this.config, JSON.stringify({ herd: HERD, servers: Object.fromEntries(this.entries), links, log }));
  }

  private asking(name: string) {
    const { host, peerPort } = this.entry(name);
    return { herd: HERD, server: name, host, peerPort, keyring: undefined, credentials: undefined };
  }

  private entry(name: string): Entry {
    const entry = this.entries.get(name);
    if (entry === undefined) throw new Error(`no server is called ${name}`);
    return entry;
  }
}

/** Ends a process that this one started: politely, then for certain. */
export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const hard = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(hard);
}

/** No DROVER_ variable of whoever runs the benchmark reaches a server. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('DROVER_')));
}
