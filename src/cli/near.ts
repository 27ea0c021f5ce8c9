// `drover near LAT,LON`: which clients a running server knows near a position, as a table or JSON.
import { isUtf8 } from 'node:buffer';
import type { Command } from 'commander';
import { NEAR_CLIENTS, NEAR_RADIUS_METRES } from '../wire/limits.ts';
import type { NearAnswer } from '../wire/near.ts';
import { printable as escaped } from '../wire/printable.ts';
import { CommandError } from './failure.ts';
import { addFindOptions, configFrom, dataDirectoryFrom, type FindOptions, serverNamed } from './options.ts';
import { numberFrom, positionFrom } from './position.ts';
import { formatTable, printable } from './table.ts';

interface NearOptions extends FindOptions {
  readonly data?: string;
  readonly server?: string;
  readonly radius: string;
  readonly limit: string;
  readonly json?: true;
}

const METRES_PER_KM = 1000;
const SHOWN_CHARACTERS = 64;

export function addNearCommand(program: Command): void {
  const largestKm = NEAR_RADIUS_METRES / METRES_PER_KM;
  addFindOptions(program.command('near'))
    .description('list the clients near a position, nearest first, as one server knows them')
    .argument('<LAT,LON>', 'decimal degrees, as in 34.0689,-118.4451')
    .option('--radius <KM>', `how far, 0 to ${largestKm}, to the metre`, '10')
    .option('--limit <N>', `how many at most, 0 to ${NEAR_CLIENTS}`, '20')
    .option('--server <name>', 'which server to ask; default: the first that can be reached')
    .option('--data <directory>', "where to look for the herd's secret if the configuration names none")
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  drover near 34.0689,-118.4451 --radius 5 --limit 10')
    .allowUnknownOption()
    .allowExcessArguments()
    .action((_: string, options: NearOptions, command: Command) => near(options, command));
}

async function near(options: NearOptions, command: Command): Promise<void> {
  const { latitude, longitude } = positionFrom(command);
  const largestKm = NEAR_RADIUS_METRES / METRES_PER_KM;
  const radiusKm = numberFrom(command, '--radius', options.radius, /^\d+(\.\d+)?$/, largestKm, 'a number of km');
  const most = numberFrom(command, '--limit', options.limit, /^\d+$/, NEAR_CLIENTS, 'a whole number');
  const config = await configFrom(options, 'find');
  const entries = options.server === undefined ? [...config.servers.values()] : [serverNamed(config, options.server)];
  const { findProof, nearAt } = await import('../server/status.ts');
  const proof = findProof(config, dataDirectoryFrom(options));
  const question = { latitude, longitude, radiusMetres: Math.round(radiusKm * METRES_PER_KM), most };
  const reasons: string[] = [];
  for (const entry of entries) {
    try {
      const answer = await nearAt(entry, proof, question);
      process.stdout.write(options.json === true ? jsonText(entry.name, answer) : nearTable(answer));
      return;
    } catch (error) {
      reasons.push(`${entry.name}: ${(error as Error).message}`);
    }
  }
  throw new CommandError(`no server could be asked (${reasons.join('; ')})`);
}

function jsonText(server: string, { found, clients }: NearAnswer): string {
  const told = clients.map(({ client, location, stamp, distanceMetres }) => {
    return { client: text(client), location: text(location), stamp: text(stamp), distanceMetres };
  });
  return `${JSON.stringify({ server, found, clients: told }, null, 2)}\n`;
}

function nearTable({ found, clients }: NearAnswer): string {
  if (found === 0) return 'No clients.\n';
  const rows = clients.map(({ client, location, stamp, distanceMetres }) => {
    const km = `${(distanceMetres / METRES_PER_KM).toFixed(3)} km`;
    return [km, shortened(client), shortened(location), shortened(stamp)];
  });
  const distanceWidth = Math.max(...rows.map(([km = '']) => km.length));
  const table = formatTable(rows.map(([km = '', ...rest]) => [km.padStart(distanceWidth), ...rest]));
  const rest = found - clients.length;
  return rest === 0 ? table : `${table}${rest} more did not fit into the answer.\n`;
}

/** One line for a client, however long its ID is and with how many digits it says where it is and when; `--json` has all of it. */
function shortened(bytes: Uint8Array): string {
  const shown = printable(text(bytes));
  return shown.length <= SHOWN_CHARACTERS ? shown : `${shown.slice(0, SHOWN_CHARACTERS)}...`;
}

/** An ID is bytes and need not be text: then each byte that is not printable ASCII is shown as `\xNN`, as in the log. */
function text(bytes: Uint8Array): string {
  return isUtf8(bytes) ? Buffer.from(bytes).toString() : escaped(bytes, 0, bytes.length);
}
