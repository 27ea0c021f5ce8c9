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
  const config = await configFrom(options);
  const { askServer } = await import('../server/status.ts');
  const { findKeyring } = await import('../server/secret.ts');
  const keyring = findKeyring(config.secretFile, dataDirectoryFrom(options));
  const answers = await Promise.all(
    [...config.servers.values()].map((entry) =>
      askServer(entry, config.herd, keyring).then(
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
  return answer.reachable && answer.links.every((link) => link.state === 'up');
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
          'up',
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
  const linkHead = ['link', 'state', 'up', 'dialled by', 'behind', 'sent', 'received'];
  const linkTable = links.length === 0 ? '' : `\n${formatTable([linkHead, ...links])}`;
  return formatTable([serverHead, ...servers]) + linkTable;
}

function linkRow(server: string, link: LinkStatus): string[] {
  const name = `${server} - ${link.neighbour}`;
  if (link.state === 'down') return [name, `down, ${link.dialsFailed} dials failed`, '', '', '', '', ''];
  const numbers = [link.behind, link.recordsSent, link.recordsReceived].map((value) => String(value ?? 0));
  return [name, 'up', duration(link.upSeconds ?? 0), link.dialledBy ?? '', ...numbers];
}

/** `42 s`, `7 min`, `5 h`, `3 d`: the largest unit that is at least one. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}
