// Real servers for tests: each its own process with the built command line, on ports that are free, with its own data
// directory; stopped by its own process id, always.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { takePorts } from '../src/bench/free-ports.ts';
import { loadConfig } from '../src/server/config.ts';
import { askServer, findProof, type ServerStatus } from '../src/server/status.ts';

export const MAIN: string = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));

/** PROTOCOL's five servers, in the order of their ports. */
export const SERVERS = ['Goloman', 'Hands', 'Holiday', 'Welsh', 'Wilkes'] as const;
export type ServerName = (typeof SERVERS)[number];

/** And who talks with whom. */
export const EDGES: readonly (readonly [ServerName, ServerName])[] = [
  ['Goloman', 'Hands'],
  ['Goloman', 'Holiday'],
  ['Goloman', 'Wilkes'],
  ['Hands', 'Wilkes'],
  ['Holiday', 'Welsh'],
  ['Holiday', 'Wilkes'],
];

const FIRST_CLIENT_PORT = 17345;
const LINK_PORTS_ABOVE = 1000;

/** A hang is a failure: nothing a test waits for takes this long on the slowest machine. */
export const HANG_MS = 30_000;

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process of the command line, with everything it has printed. */
export class Process {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  readonly finished: Promise<Finished>;

  /** `ulimit` is what the shell's command of that name is told: `-n 100` allows 100 open files. */
  constructor(args: readonly string[], env: Record<string, string> = {}, input?: string | Uint8Array, ulimit?: string) {
    const command = [process.execPath, MAIN, ...args];
    const limited = ulimit === undefined ? [] : ['sh', '-c', `ulimit ${ulimit} && exec "$0" "$@"`];
    const [program = '', ...rest] = [...limited, ...command];
    this.child = spawn(program, rest, { env: { ...cleanEnvironment(), ...env } });
    this.child.stdout?.on('data', (chunk: Buffer) => {
      this.stdout += chunk.toString();
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.child.stdin?.on('error', () => {});
    this.child.stdin?.end(input);
    this.finished = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => resolve({ code, signal, stdout: this.stdout, stderr: this.stderr }));
    });
  }

  /** Resolves when standard output matches; rejects when the process ends first or it hangs. */
  async printed(pattern: RegExp): Promise<string> {
    await until(
      () => pattern.test(this.stdout) || this.child.exitCode !== null || this.child.signalCode !== null,
      () => `${pattern} was not printed; stdout: ${this.stdout}; stderr: ${this.stderr}`,
    );
    if (!pattern.test(this.stdout)) throw new Error(`ended before ${pattern}: ${this.stdout}${this.stderr}`);
    return this.stdout;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Finished> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    return this.finished;
  }
}

/** Runs the command line to its end. */
export function drover(
  args: readonly string[],
  env?: Record<string, string>,
  input?: string | Uint8Array,
): Promise<Finished> {
  return new Process(args, env, input).finished;
}

/** No DROVER_ variable of whoever runs the tests reaches a server. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('DROVER_')));
}

/** Polls until `condition` holds; throws `explain()` when it never does. */
export async function until(condition: () => boolean | Promise<boolean>, explain: () => string): Promise<void> {
  const deadline = Date.now() + HANG_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(explain());
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** An offset at which every port of the five servers is free, and nobody else's until this process ends. */
export async function freePortOffset(): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    // Below 32768, where outgoing connections get their ports.
    const offset = 100 + 10 * Math.floor(Math.random() * 1200);
    if (await takePorts(SERVERS.flatMap((name) => [clientPort(name, offset), linkPort(name, offset)]))) return offset;
  }
  throw new Error('no free ports');
}

export function clientPort(name: ServerName, offset: number): number {
  return FIRST_CLIENT_PORT + SERVERS.indexOf(name) + offset;
}

export function linkPort(name: ServerName, offset: number): number {
  return clientPort(name, offset) + LINK_PORTS_ABOVE;
}

/** What a server says of itself; less if it cannot be reached. */
export type StatusOfServer = { readonly server: string; readonly reachable: boolean } & Partial<ServerStatus>;

/** Where it is said who is in the herd. */
type Source = { readonly configFile: string } | { readonly portOffset: number };

/** A herd of real processes on its own ports with its own data directory. */
export class Herd {
  readonly offset: number;
  readonly directory: string = mkdtempSync(path.join(tmpdir(), 'drover-'));
  readonly processes: Map<ServerName, Process> = new Map();
  private readonly env: Record<string, string>;

  protected constructor(offset: number, env: Record<string, string>) {
    this.offset = offset;
    this.env = env;
  }

  /** Starts these servers and waits until every link between them is up. */
  static async start(names: readonly ServerName[] = SERVERS, env: Record<string, string> = {}): Promise<Herd> {
    const herd = new Herd(await freePortOffset(), env);
    await herd.bringUp(names);
    return herd;
  }

  protected async bringUp(names: readonly ServerName[]): Promise<void> {
    try {
      for (const name of names) this.launch(name);
      for (const name of names) await this.processes.get(name)?.printed(/listens on/);
      await this.linked();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  launch(name: ServerName): void {
    const source = this.source(name);
    const flags =
      'configFile' in source ? ['--config', source.configFile] : ['--port-offset', String(source.portOffset)];
    const args = ['serve', name, ...flags, '--data', this.dataOf(name)];
    this.processes.set(name, new Process(args, this.environmentOf(name)));
  }

  /** How a server is told of its herd; without a name, how everybody else is. */
  protected source(_name?: ServerName): Source {
    return { portOffset: this.offset };
  }

  protected environmentOf(_name: ServerName): Record<string, string> {
    return this.env;
  }

  dataOf(_name: ServerName): string {
    return this.directory;
  }

  /** Starts a server (again) and waits for its links. */
  async startServer(name: ServerName): Promise<void> {
    this.launch(name);
    await this.processes.get(name)?.printed(/listens on/);
    await this.linked();
  }

  async stopServer(name: ServerName, signal: NodeJS.Signals = 'SIGTERM'): Promise<Finished> {
    const stopped = this.processes.get(name);
    this.processes.delete(name);
    if (stopped === undefined) throw new Error(`${name} does not run`);
    return stopped.stop(signal);
  }

  port(name: ServerName): number {
    return clientPort(name, this.offset);
  }

  /** What `drover status` shows, asked in the same way; without starting a process each time. */
  async status(): Promise<StatusOfServer[]> {
    const config = await loadConfig({ env: {}, purpose: 'find', ...this.source() });
    const proof = findProof(config, this.directory);
    return Promise.all(
      [...config.servers.values()].map((entry) =>
        askServer(entry, proof).then(
          (status) => ({ reachable: true, ...status }),
          () => ({ server: entry.name, reachable: false }),
        ),
      ),
    );
  }

  /** Waits until every server that runs has a link to each neighbour that runs. */
  async linked(): Promise<void> {
    let last = '';
    await until(
      async () => {
        const servers = await this.status();
        last = JSON.stringify(servers);
        const running = servers.filter(({ server }) => this.processes.has(server as ServerName));
        return running.every(
          ({ reachable, links }) =>
            reachable &&
            links?.every(({ neighbour, state }) => (state === 'up') === this.processes.has(neighbour as ServerName)),
        );
      },
      () => `links do not come up: ${last}`,
    );
  }

  log(name: ServerName): Record<string, unknown>[] {
    const text = readFileSync(path.join(this.dataOf(name), `${name}.log`), 'utf8');
    // The last line may be half written.
    const lines = text.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /**
   * The links that were lost, as `Goloman: Hands, silent for ...`, while no server stopped. Of two that neighbours dial at once one is
   * given up, which the one sees as a replacement and the other, if its better one is not open yet, as a goodbye.
   */
  lostLinks(): string[] {
    const givenUp = ['replaced by another connection', 'the other side left'];
    return SERVERS.flatMap((name) =>
      this.log(name)
        .filter(({ event, reason }) => event === 'link dropped' && !givenUp.includes(String(reason)))
        .map(({ neighbour, reason }) => `${name}: ${neighbour}, ${reason}`),
    );
  }

  /** Waits until this many records of a log satisfy `wanted`: they may be in the log's buffer for a moment. */
  async logged(
    name: ServerName,
    count: number,
    wanted: (record: Record<string, unknown>) => boolean,
  ): Promise<Record<string, unknown>[]> {
    let found: Record<string, unknown>[] = [];
    await until(
      () => {
        found = this.log(name).filter(wanted);
        return found.length >= count;
      },
      () => `only ${found.length} of ${count} records in the log of ${name}`,
    );
    return found;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.processes.values()].map((running) => running.stop()));
    rmSync(this.directory, { recursive: true, force: true });
  }
}
