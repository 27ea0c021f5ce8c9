// `drover keygen`: a secret for the servers of a herd, to a file or to standard output.
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { makeSecret } from '../server/secret.ts';
import { CommandError } from './failure.ts';

export function addKeygenCommand(program: Command): void {
  program
    .command('keygen')
    .description('make a secret with which the servers of a herd know each other')
    .argument('[file]', 'where to put it, readable by you alone; without it, it is printed')
    .addHelpText(
      'after',
      `
Give the same file to every server and name it in the configuration as "secretFile". To replace a secret while the herd runs,
add the new one as a second line everywhere and restart the servers one by one, then put it first, then remove the old one.

Example:
  drover keygen herd.key`,
    )
    .action(keygen);
}

function keygen(file: string | undefined): void {
  const line = `${makeSecret()}\n`;
  if (file === undefined) {
    process.stdout.write(line);
    return;
  }
  try {
    writeFileSync(file, line, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new CommandError(`${file} is there already, and a secret is never overwritten`);
    throw new CommandError(`cannot write ${file} (${code})`);
  }
}
