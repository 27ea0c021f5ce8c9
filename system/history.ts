// Load on a herd, and the history of what it acknowledged: a report counts once its client has read the AT line. Held at the end
// against what every server knows. Reports go on while servers die; what got no answer was not acknowledged.
import { connect, type Socket } from 'node:net';
import type { ServerName } from './processes.ts';
import { until } from './processes.ts';

const TICK_MS = 10;
/** What a tick may bring at most, in milliseconds' worth. */
const MOST_TICK_MS = 50;
/** Stamps far below any clock, so that the order of reports is that of their stamps. */
const FIRST_STAMP = 1_000_000;
const AT = /^AT (\S+) \S+ (\S+) \S+ (\d+)$/;

export interface HerdPorts {
  port(name: ServerName): number;
}

/** A connection that hands over whole lines and gives up quietly. */
export class Lines {
  readonly socket: Socket;
  open = false;
  private rest = '';

  constructor(port: number, line: (text: string) => void, closed: () => void = () => {}) {
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.socket.setEncoding('latin1');
    this.socket.on('connect', () => {
      this.open = true;
    });
    this.socket.on('data', (text: string) => {
      const lines = (this.rest + text).split('\n');
      this.rest = lines.pop() ?? '';
      for (const found of lines) line(found);
    });
    // Whoever was killed resets its connections; `close` follows.
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.open = false;
      closed();
    });
  }
}

export class Load {
  /** The newest acknowledged stamp of each client. */
  readonly acknowledged: Map<string, number> = new Map();
  sent = 0;
  answered = 0;
  refused = 0;
  private readonly herd: HerdPorts;
  private readonly connections = new Map<ServerName, Lines>();
  private readonly names: readonly ServerName[];
  private readonly clients: number;
  private readonly perSecond: number;
  private lastMs = performance.now();
  /** Reports, and parts of one, that are due. */
  private owed = 0;
  private readonly timer: NodeJS.Timeout;
  private stopped = false;

  /** Reports in turn for each of `clients`, in turn at each of `names`. */
  constructor(herd: HerdPorts, names: readonly ServerName[], clients: number, perSecond: number) {
    this.herd = herd;
    this.names = names;
    this.clients = clients;
    this.perSecond = perSecond;
    for (const name of names) this.dial(name);
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  /** No more reports; resolves when what was sent is answered or lost. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    const closed = [...this.connections.values()].map(({ socket }) => {
      socket.end();
      return socket.closed ? undefined : new Promise((resolve) => socket.once('close', resolve));
    });
    await Promise.all(closed);
  }

  private dial(name: ServerName): void {
    const connection = new Lines(
      this.herd.port(name),
      (line) => this.heard(line),
      () => {
        if (!this.stopped) setTimeout(() => this.stopped || this.dial(name), TICK_MS);
      },
    );
    this.connections.set(name, connection);
  }

  private heard(line: string): void {
    const [, , client = '', digits] = AT.exec(line) ?? [];
    if (digits === undefined) {
      this.refused += 1;
      return;
    }
    this.answered += 1;
    const stamp = Number(digits);
    if (stamp > (this.acknowledged.get(client) ?? 0)) this.acknowledged.set(client, stamp);
  }

  private tick(): void {
    const nowMs = performance.now();
    // A generator that fell behind does not make up for it.
    this.owed += (Math.min(nowMs - this.lastMs, MOST_TICK_MS) / 1000) * this.perSecond;
    this.lastMs = nowMs;
    const count = Math.floor(this.owed);
    this.owed -= count;
    const texts = new Map<ServerName, string>();
    for (let index = 0; index < count; index += 1) {
      // A client moves on to the next server with each round.
      const round = Math.floor(this.sent / this.clients);
      const name = this.names[(this.sent + round) % this.names.length] as ServerName;
      const line = `IAMAT c${this.sent % this.clients} +34.06893-118.445127 ${FIRST_STAMP + this.sent}\n`;
      texts.set(name, (texts.get(name) ?? '') + line);
      this.sent += 1;
    }
    for (const [name, text] of texts) {
      const connection = this.connections.get(name);
      if (connection?.open) connection.socket.write(text);
    }
  }
}

/** What a server knows of these clients: the AT line of each, or what it says instead. */
export async function tableOf(port: number, clients: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  let closed = false;
  const connection = new Lines(
    port,
    (line) => {
      if (line.startsWith('AT ') || line.startsWith('? ')) found.push(line);
    },
    () => {
      closed = true;
    },
  );
  connection.socket.end(clients.map((client) => `WHATSAT ${client} 0 0\n`).join(''));
  await until(
    () => closed,
    () => `no table from port ${port}: ${found.length} of ${clients.length} answers`,
  );
  return found;
}

/** Waits until all these servers say the same of every client, and nothing that was acknowledged is missing. */
export async function allKeep(
  herd: HerdPorts,
  names: readonly ServerName[],
  acknowledged: ReadonlyMap<string, number>,
): Promise<void> {
  const clients = [...acknowledged.keys()];
  let fault: string | undefined;
  await until(
    async () => {
      const tables = await Promise.all(names.map((name) => tableOf(herd.port(name), clients)));
      fault = faultIn(tables, names, acknowledged);
      return fault === undefined;
    },
    () => `of ${clients.length} clients: ${fault}`,
  );
}

function faultIn(
  tables: readonly string[][],
  names: readonly ServerName[],
  acknowledged: ReadonlyMap<string, number>,
): string | undefined {
  const [first = []] = tables;
  for (const [index, [client, stamp]] of [...acknowledged].entries()) {
    for (const [server, table] of tables.entries()) {
      const line = table[index] ?? 'nothing';
      const known = Number(AT.exec(line)?.[3] ?? -1);
      if (known < stamp) return `${client} reported ${stamp} and ${names[server]} says ${line}`;
      if (line !== first[index]) return `${names[server]} says ${line} and ${names[0]} says ${first[index]}`;
    }
  }
  return undefined;
}
