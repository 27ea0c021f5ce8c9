// The options that every command about a herd shares, and how they become a configuration and a data directory.
// Must not load anything that only one command needs.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type ConfigPurpose, type HerdConfig, loadConfig, type ServerEntry } from '../server/config.ts';
import type { Acknowledgement } from '../server/server.ts';
import { CommandError } from './failure.ts';

export interface FindOptions {
  readonly config?: string;
  readonly portOffset?: number;
}

export interface RunOptions extends FindOptions {
  readonly data?: string;
  readonly places?: string;
  readonly ack?: Acknowledgement;
}

function parsePortOffset(text: string): number {
  const offset = Number(text);
  if (/^[+-]?\d{1,5}$/.test(text)) return offset;
  throw new InvalidArgumentError('It must be a whole number, such as 100.');
}

/** A shell's empty variable is no path. */
function parsePath(text: string): string {
  if (text !== '') return text;
  throw new InvalidArgumentError('It must not be empty.');
}

export function parseAck(text: string): Acknowledgement {
  if (text === 'memory' || text === 'wal' || text === 'fsync') return text;
  throw new InvalidArgumentError('It must be memory, wal or fsync.');
}

/** Options of commands that only need to find the servers. */
export function addFindOptions(command: Command): Command {
  return command
    .option(
      '--config <file>',
      'JSON file that describes the herd (DROVER_CONFIG; default: the built-in herd of five)',
      parsePath,
    )
    .option('--port-offset <n>', 'added to every port, so that several herds fit on one machine', parsePortOffset);
}

/** Options of commands that run servers. */
export function addRunOptions(command: Command): Command {
  return addFindOptions(command)
    .option('--data <directory>', 'where state and logs go (DROVER_DATA; default: .drover)', parsePath)
    .option(
      '--places <provider>',
      'embedded, google, google-legacy, overpass or file:PATH; several, in order, with commas (DROVER_PLACES; default: embedded)',
    )
    .addOption(
      new Option(
        '--ack <when>',
        'a report is answered when it is in memory, in the log (wal: survives kill -9) or synced (fsync: survives power loss)',
      )
        .argParser(parseAck)
        .default('wal'),
    );
}

/** @throws {ConfigError} with everything that is wrong with it */
export function configFrom(options: RunOptions, purpose: ConfigPurpose = 'run'): Promise<HerdConfig> {
  return loadConfig({
    configFile: options.config,
    portOffset: options.portOffset,
    places: options.places,
    env: process.env,
    purpose,
  });
}

export function dataDirectoryFrom(options: RunOptions): string {
  // An empty variable is how a shell script says "none".
  return options.data ?? (process.env['DROVER_DATA'] || '.drover');
}

/** @throws {CommandError} when no server has that name */
export function serverNamed(config: HerdConfig, name: string): ServerEntry {
  const entry = config.servers.get(name);
  if (entry !== undefined) return entry;
  throw new CommandError(
    `there is no server ${JSON.stringify(name)} in herd ${config.herd}: it has ${[...config.servers.keys()].join(', ')}`,
  );
}

/** The shared options as arguments again, for a child process that must read the same herd. */
export function runArguments(options: RunOptions): string[] {
  const given: [string, string | number | undefined][] = [
    ['--config', options.config],
    ['--data', options.data],
    ['--port-offset', options.portOffset],
    ['--places', options.places],
    ['--ack', options.ack],
  ];
  return given.flatMap(([flag, value]) => (value === undefined ? [] : [`${flag}=${value}`]));
}
