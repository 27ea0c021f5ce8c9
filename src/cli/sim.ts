// `drover sim`: its options. What it runs is loaded when it runs, since a server must not wait for a simulator.
import { type Command, InvalidArgumentError, Option } from 'commander';

export interface SimOptions {
  readonly seeds: number;
  readonly from: number;
  readonly seed?: number;
  readonly verbose?: boolean;
  readonly json?: boolean;
  readonly copies?: boolean;
}

function parseCount(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

function parseHerds(text: string): number {
  const count = parseCount(text);
  if (count > 0) return count;
  throw new InvalidArgumentError('It must be at least 1.');
}

export function addSimCommand(program: Command): void {
  program
    .command('sim')
    .description('run simulated herds with faults and check that nothing is lost')
    .option('--seeds <n>', 'how many herds', parseHerds, 100)
    .option('--from <seed>', 'the first seed', parseCount, 1)
    .addOption(
      new Option('--seed <n>', 'this one herd; what fails is shrunk and shown')
        .argParser(parseCount)
        .conflicts(['seeds', 'from']),
    )
    .option('--verbose', 'one line for each seed')
    .option('--json', 'the summary as JSON')
    .option('--copies', 'instead: how often a record travels and how long it takes, on five graphs')
    .addHelpText('after', '\nExamples:\n  drover sim --seeds 2000\n  drover sim --seed 97')
    .action(async (options: SimOptions) => (await import('./simulate.ts')).simulate(options));
}
