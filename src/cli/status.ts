// `drover status`: what every server of the herd says of itself and its links, as tables or JSON.
import type { Command } from 'commander';
import type { HerdConfig } from '../server/config.ts';
import type { LinkStatus, ServerStatus } from '../server/status.ts';
import { EXIT_FAILED } from './failure.ts';
import { addFindOptions, configFrom, dataDirectoryFrom, type FindOptions } from './options.ts';
import { formatTable } from './table.ts';

interface StatusOptions extends FindOptions {
  readonly data?: string;
  readonly json?: boolean;
}

/** A server's own words, or why there are none. */
export type ServerAnswer =
  | ({ readonly reachable: true } & ServerStatus)
  | { readonly server: string; readonly reachable: false; readonly reason: string };

export function addStatusCommand(program: Command): void {
  addFindOptions(program.command('status'))
    .description('show every server of the herd and its links; exit code 1 when a server or a link is down')
    .option('--data <directory>', "where to look for the herd's secret if the configuration names none")
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  drover status --json')
    .action(status);
}

async function status(options: StatusOptions): Promise<void> {
  const config = await configFrom(options, 'find');
  const { askServer, findProof } = await import('../server/status.ts');
  const proof = findProof(config, dataDirectoryFrom(options));
  const answers = await Promise.all(
    [...config.servers.values()].map((entry) =>
      askServer(entry, proof).then(
        (answer): ServerAnswer => ({ reachable: true, ...answer }),
        (error: Error): ServerAnswer => ({ server: entry.name, reachable: false, reason: error.message }),
      ),
    ),
  );
  const text = options.json === true ? jsonText(config, answers) : tables(answers);
  process.stdout.write(text);
  if (!answers.every(isHealthy)) process.exitCode = EXIT_FAILED;
}

function isHealthy(answer: ServerAnswer): boolean {
  return answer.reachable && answer.disk === 'working' && answer.links.every((link) => link.state === 'up');
}

function jsonText(config: HerdConfig, servers: readonly ServerAnswer[]): string {
  return `${JSON.stringify({ herd: config.herd, healthy: servers.every(isHealthy), servers }, null, 2)}\n`;
}

/** Two tables: servers, and links as each end sees them. */
export function tables(answers: readonly ServerAnswer[]): string {
  const servers = answers.map((answer) =>
    answer.reachable
      ? [
          answer.server,
          answer.disk === 'failing' ? 'up, disk failing' : 'up',
          String(answer.pid),
          duration(answer.upSeconds),
          answer.clientAddress,
          String(answer.clients),
          String(answer.connections),
          `${Math.round(answer.residentBytes / 1048576)} MiB`,
          answer.placesProvider,
        ]
      : [answer.server, `down: ${answer.reason}`, '', '', '', '', '', '', ''],
  );
  const links = answers.flatMap((answer) =>
    answer.reachable ? answer.links.map((link) => linkRow(answer.server, link)) : [],
  );
  const serverHead = ['server', 'state', 'pid', 'up', 'client port', 'clients', 'connections', 'memory', 'places'];
  const linkTable = links.length === 0 ? '' : `\n${formatTable([LINK_HEAD, ...links])}`;
  return formatTable([serverHead, ...servers]) + linkTable + originTable(answers);
}

const LINK_HEAD = [
  'link',
  'state',
  'up',
  'dialled by',
  'behind',
  'unacked',
  'in flight',
  'sent',
  'received',
  'duplicates',
];

/** One row for each origin that has accepted reports, one column for each server that answers: how far it has them. */
function originTable(answers: readonly ServerAnswer[]): string {
  const reachable = answers.filter((answer) => answer.reachable);
  const lives = new Map<string, { readonly origin: string; readonly epoch: number }>();
  for (const { origins } of reachable) {
    for (const { origin, epoch } of origins) lives.set(`${origin} ${epoch}`, { origin, epoch });
  }
  if (lives.size === 0) return '';
  const sorted = [...lives.values()].sort((a, b) =>
    a.origin < b.origin ? -1 : a.origin > b.origin ? 1 : a.epoch - b.epoch,
  );
  const rows = sorted.map(({ origin, epoch }) => [
    origin,
    new Date(epoch).toISOString().slice(0, 19).replace('T', ' '),
    ...reachable.map(({ origins }) => {
      const known = origins.find((one) => one.origin === origin && one.epoch === epoch);
      return known === undefined ? '-' : `${known.height}${known.ranges > 0 ? '+' : ''}`;
    }),
  ]);
  return `\n${formatTable([['updates of', 'since', ...reachable.map(({ server }) => server)], ...rows])}`;
}

function linkRow(server: string, link: LinkStatus): string[] {
  const name = `${server} - ${link.neighbour}`;
  if (link.state === 'down') return [name, `down, ${link.dialsFailed} dials failed`];
  return [
    name,
    'up',
    duration(link.upSeconds ?? 0),
    link.dialledBy ?? '',
    String(link.behind ?? 0),
    `${link.oldestUnacknowledgedMs ?? 0} ms`,
    `${link.inFlightBytes ?? 0} B`,
    ...[link.recordsSent, link.recordsReceived, link.duplicates].map((value) => String(value ?? 0)),
  ];
}

/** `42 s`, `7 min`, `5 h`, `3 d`: the largest unit that is at least one. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}
