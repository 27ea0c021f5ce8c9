// `drover up`: the whole herd in the foreground. Says where everything is, what crashed and what came back.
// Must not know how a server works; each is a process of its own.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type HerdConfig, neighboursOf } from '../server/config.ts';
import { ensureSecret } from '../server/secret.ts';
import { CommandError, EXIT_FAILED } from './failure.ts';
import { configFrom, dataDirectoryFrom, type RunOptions, runArguments } from './options.ts';
import { onStopSignal, outliveReaders } from './signals.ts';
import { type ReadyServer, Supervisor } from './supervisor.ts';
import { formatTable } from './table.ts';

/** How soon it is noticed that npm is gone. */
const PARENT_LOOK_MS = 500;

/** Servers have 3.5 s to stop; whatever hangs after that must not keep a person waiting. */
const STOP_LIMIT_MS = 4500;

/** What a person sees when the herd runs: one table, the warnings, and a line to try. */
export function describeHerd(config: HerdConfig, ready: ReadonlyMap<string, { readonly logFile: string }>): string {
  const entries = [...config.servers.values()];
  const hosts = new Set(entries.map((entry) => entry.host));
  const oneHost = hosts.size === 1;
  const rows = entries.map(({ name, host, clientPort, peerPort }) => [
    name,
    ...(oneHost ? [] : [host]),
    String(clientPort),
    String(peerPort),
    neighboursOf(config, name)
      .map((neighbour) => neighbour.name)
      .join(', ') || '-',
    config.places.providers.join(','),
    ready.get(name)?.logFile ?? '',
  ]);
  const header = [
    'server',
    ...(oneHost ? [] : ['host']),
    'client port',
    'link port',
    'neighbours',
    'places',
    'log file',
  ];
  const first = entries[0];
  // Servers that listen everywhere are reached here.
  const tryHost = first === undefined || /^(0\.0\.0\.0|::)$/.test(first.host) ? '127.0.0.1' : first.host;
  const lines = 'IAMAT kiwi.cs.ucla.edu +34.068930-118.445127 1520023934.918963997\\nWHATSAT kiwi.cs.ucla.edu 10 5\\n';
  return [
    `Herd ${config.herd} is up: ${entries.length} ${entries.length === 1 ? 'server' : 'servers'}${oneHost ? ` on ${[...hosts].join('')}` : ''}. Ctrl-C stops it.`,
    '',
    formatTable([header, ...rows]),
    ...config.warnings.map((warning) => `warning: ${warning}`),
    'Try:',
    `  printf '${lines}' | nc -N ${tryHost} ${first?.clientPort ?? ''}`,
    '',
  ].join('\n');
}

function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

/** How this very command was called, so that what we print can be pasted: from a checkout there is no `drover`. */
function ownCommand(): string[] {
  const script = process.argv[1] ?? '';
  return path.basename(script) === 'main.js' ? ['node', path.relative('.', script)] : ['drover'];
}

/** The servers of one machine need no configuration to know each other: they share the data directory. */
function makeSecretIn(dataDirectory: string): void {
  try {
    ensureSecret(dataDirectory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(`cannot write to the data directory ${dataDirectory} (${code}); choose another with --data`);
  }
}

/**
 * npm passes signals on, but not when it is killed itself: without it nobody could stop the herd from the terminal any more.
 * Only under npm, since a shell may go and leave its children on purpose.
 */
function stopWithNpm(): void {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM');
  }, PARENT_LOOK_MS).unref();
}

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

export async function up(options: RunOptions): Promise<void> {
  const config = await configFrom(options);
  outliveReaders();
  const main = fileURLToPath(new URL('./main.js', import.meta.url));
  // A name may start with '-', which only this keeps from being an option.
  const serveArguments = (name: string): string[] => [
    'serve',
    ...(name.startsWith('-') ? [...runArguments(options), '--', name] : [name, ...runArguments(options)]),
  ];
  if (config.secretFile === undefined && config.tls === undefined) makeSecretIn(dataDirectoryFrom(options));
  const supervisor = new Supervisor({
    names: [...config.servers.keys()],
    command: (name) => ({ file: process.execPath, arguments: [...process.execArgv, main, ...serveArguments(name)] }),
    observer: {
      crashed: (name, reason, delayMs) =>
        say(`${name} crashed (${reason}); restarting in ${(delayMs / 1000).toFixed(1)} s`),
      back: (name, pid) => say(`${name} is back (pid ${pid})`),
      stoppedAlone: (name) =>
        say(
          `${name} was stopped and stays so; bring it back with: ${[...ownCommand(), ...serveArguments(name)].map(quoted).join(' ')}`,
        ),
      complained: (name, line) => process.stderr.write(`${name}: ${line}\n`),
    },
  });
  let stopAsked = false;
  onStopSignal(() => {
    stopAsked = true;
    say('Stopping the herd.');
    setTimeout(() => process.exit(EXIT_FAILED), STOP_LIMIT_MS).unref();
    void supervisor.stop();
  });

  stopWithNpm();

  let ready: ReadonlyMap<string, ReadyServer>;
  try {
    ready = await supervisor.start();
  } catch (error) {
    // A signal during the start ends servers too, and is not their fault.
    if (stopAsked) process.exit(0);
    throw error;
  }
  if (!stopAsked) say(describeHerd(config, ready));
  await supervisor.idle;
  process.exit(0);
}
