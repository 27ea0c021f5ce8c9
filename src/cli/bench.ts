// `drover bench`: its options. What it runs is loaded when it runs, since a server must not wait for a load generator.
import { Argument, type Command, InvalidArgumentError } from 'commander';
import { objectionAtServer, SCENARIO_NAMES, type ScenarioName } from '../bench/names.ts';
import type { Acknowledgement } from '../server/server.ts';
import { addFindOptions, type FindOptions, parseAck } from './options.ts';

export interface BenchCommandOptions extends FindOptions {
  readonly seconds: number;
  readonly connections: number;
  readonly pipeline: readonly number[];
  readonly clients?: number;
  readonly ack: Acknowledgement;
  readonly at?: string;
  readonly json?: boolean;
}

function parseWhole(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d{1,9}$/.test(text) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (/^\d{1,4}(\.\d{1,3})?$/.test(text) && seconds > 0) return seconds;
  throw new InvalidArgumentError('It must be a number of seconds, such as 5 or 0.5.');
}

/** Requests in flight: more on each connection than any client sends; a ring of one client has room for as many. */
const parsePipeline = parseWhole(1, 512);

export function addBenchCommand(program: Command): void {
  addFindOptions(program.command('bench'))
    .description('measure what a server or a herd can do on this machine')
    .addArgument(new Argument('[scenario...]', 'default: all of them').choices(SCENARIO_NAMES))
    .option(
      '--at <server>',
      'a running server, by name or HOST:PORT, instead of its own; it will know the made-up clients',
    )
    .option('--seconds <n>', 'how long each measurement takes', parseSeconds, 5)
    .option('--connections <n>', 'how many clients are connected', parseWhole(1, 10_000), 50)
    .option(
      '--pipeline <list>',
      'requests in flight on each connection; several are measured one by one',
      (text) => text.split(',').map(parsePipeline),
      [1, 16, 64],
    )
    .option('--clients <n>', 'how many clients there are; default: what suits the scenario', parseWhole(1, 50_000_000))
    .option('--ack <when>', 'as of `drover serve`: memory, wal or fsync', parseAck, 'wal')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
docs/benchmarks/README.md says what each scenario does and how to read it.

Examples:
  drover bench                                    everything, in some minutes
  drover bench ingest --pipeline 16 --seconds 10
  drover bench whatsat --at 127.0.0.1:17345`,
    )
    .action(async (scenarios: ScenarioName[], options: BenchCommandOptions, command: Command) => {
      const objection = options.at === undefined ? undefined : objectionAtServer(scenarios);
      if (objection !== undefined) command.error(`error: ${objection}`);
      for (const name of options.at === undefined ? ['config', 'portOffset'] : []) {
        if (command.getOptionValueSource(name) !== 'cli') continue;
        command.error(
          'error: --config and --port-offset only tell where --at finds a server; without it the bench starts its own',
        );
      }
      await (await import('./measure.ts')).measure(scenarios, options);
    });
}
