// `drover forget CLIENT`: makes the whole herd forget where a client was, through one of its servers.
import type { Command } from 'commander';
import { CommandError } from './failure.ts';
import { addFindOptions, configFrom, dataDirectoryFrom, type FindOptions, serverNamed } from './options.ts';

interface ForgetOptions extends FindOptions {
  readonly data?: string;
  readonly server?: string;
}

export function addForgetCommand(program: Command): void {
  addFindOptions(program.command('forget'))
    .description('make the whole herd forget a client; exit code 1 when it is not known or no server can be reached')
    .argument('<client>', 'its ID, as it reports it')
    .option('--server <name>', 'which server to tell; default: the first that can be reached')
    .option('--data <directory>', "where to look for the herd's secret if the configuration names none")
    .addHelpText(
      'after',
      `
Reports of it with a stamp from before this moment do not bring it back, later ones do. Servers that are down forget it when they are back.

Example:
  drover forget kiwi.cs.ucla.edu`,
    )
    .action(forget);
}

async function forget(client: string, options: ForgetOptions): Promise<void> {
  const config = await configFrom(options, 'find');
  const entries = options.server === undefined ? [...config.servers.values()] : [serverNamed(config, options.server)];
  const { findProof, forgetAt } = await import('../server/status.ts');
  const proof = findProof(config, dataDirectoryFrom(options));
  const reasons: string[] = [];
  for (const entry of entries) {
    let known: boolean;
    try {
      known = await forgetAt(entry, proof, client);
    } catch (error) {
      reasons.push(`${entry.name}: ${(error as Error).message}`);
      continue;
    }
    if (!known) throw new CommandError(`${entry.name} does not know ${JSON.stringify(client)}`);
    process.stdout.write(`${entry.name} has forgotten ${JSON.stringify(client)}, and tells the herd\n`);
    return;
  }
  throw new CommandError(`nothing is forgotten: no server could be told (${reasons.join('; ')})`);
}
