// How a command ends badly: what the person sees, and with which exit code. Must not know any command.
import { CommanderError } from 'commander';
import { ConfigError } from '../server/config.ts';

export const EXIT_FAILED = 1;
/** The command line itself is wrong: the person at the keyboard can put it right. */
const EXIT_USAGE = 2;

/** What was asked for cannot be done. The message is for a person: one line, with what to do about it. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** What was asked for cannot be meant. As `CommandError`, but it is the command line that must be put right. */
export class UsageError extends CommandError {}

/** By name: the errors of the server live in modules that are loaded only when a command needs them. */
const FOR_PEOPLE = /^(StartError|SecretError|CertificateError)$/;

/** Says on `complain` what went wrong, and returns the exit code. */
export function explainFailure(error: unknown, complain: (text: string) => void): number {
  if (error instanceof CommanderError) {
    // Commander has printed its message already; help and version arrive here too.
    return error.exitCode === 0 ? 0 : EXIT_USAGE;
  }
  if (error instanceof ConfigError) {
    complain(`drover: ${error.message}`);
    return error.faults.every(({ path, namesUnusable }) => path.startsWith('--') && namesUnusable !== true)
      ? EXIT_USAGE
      : EXIT_FAILED;
  }
  if (error instanceof CommandError || (error instanceof Error && FOR_PEOPLE.test(error.name))) {
    complain(`drover: ${error.message}`);
    return error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED;
  }
  complain(
    `drover: this is a fault in Drover, please report it\n${error instanceof Error ? error.stack : String(error)}`,
  );
  return EXIT_FAILED;
}
