// The command line: which commands there are, what they are told, how they end.
// Each command's own module is loaded when it runs, so that a server does not wait for what it never uses.
import { Command } from 'commander';
import { version } from '../server/version.ts';
import { addBenchCommand } from './bench.ts';
import { explainFailure } from './failure.ts';
import { addForgetCommand } from './forget.ts';
import { addKeygenCommand } from './keygen.ts';
import { addNearCommand } from './near.ts';
import { addFindOptions, addRunOptions, type FindOptions, type RunOptions } from './options.ts';
import { addPlacesCommands } from './places.ts';
import { addSimCommand } from './sim.ts';
import { addStatusCommand } from './status.ts';

function createProgram(): Command {
  const program = new Command('drover')
    .description('A masterless server herd for things that move.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help for a command')
    .exitOverride()
    .showHelpAfterError('(add --help to see what the command takes)')
    .addHelpText(
      'after',
      `
Examples:
  drover up                                       run the built-in herd of five servers
  drover up --port-offset 100 --data /tmp/herd    a second herd beside it
  drover serve Barn --config farm.json            run one server of your own herd
  drover send Holiday 'WHATSAT kiwi.cs.ucla.edu 10 5'`,
    );

  addRunOptions(program.command('up'))
    .description('run every server of the herd, each in its own process, until Ctrl-C')
    .addHelpText(
      'after',
      "\nA server that crashes is started again. One that you stop yourself ('kill PID') stays stopped.",
    )
    .action(async (options: RunOptions) => (await import('./up.ts')).up(options));

  addRunOptions(program.command('serve'))
    .description('run one server of the herd until Ctrl-C')
    .argument('<name>', 'the server, as the configuration names it')
    .addHelpText('after', '\nExample:\n  drover serve Holiday --data /var/lib/drover')
    .action(async (name: string, options: RunOptions) => (await import('./serve.ts')).serve(name, options));

  addFindOptions(program.command('send'))
    .description('send lines to a server and print its replies')
    .argument('<server>', 'name of a server of the herd, or HOST:PORT, [IPV6]:PORT')
    .argument('[line...]', 'the lines; without any, standard input is sent as it is')
    .addHelpText(
      'after',
      `
Examples:
  drover send Goloman 'IAMAT kiwi.cs.ucla.edu +34.068930-118.445127 1520023934.918963997'
  drover send 127.0.0.1:17345 < commands.txt`,
    )
    .action(async (target: string, lines: string[], options: FindOptions) =>
      (await import('./send.ts')).send({ target, lines, options, input: process.stdin, output: process.stdout }),
    );

  addStatusCommand(program);
  addNearCommand(program);
  addForgetCommand(program);
  addKeygenCommand(program);
  addPlacesCommands(program);
  addSimCommand(program);
  addBenchCommand(program);
  return program;
}

/** Runs one command to its end and returns the exit code of the process. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(argv);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    return explainFailure(error, (text) => process.stderr.write(`${text}\n`));
  }
}
