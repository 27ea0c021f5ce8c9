// Words of a command line that are about a place on earth: a position in one argument, and checked numbers. Knows no command.
import type { Command } from 'commander';
import { printable } from './table.ts';

const USAGE_ERROR = 2;

export interface Position {
  readonly latitude: number;
  readonly longitude: number;
  readonly latitudeLongitude: string;
}

const SIGNED_DECIMAL = String.raw`([+-]?)(\d+(?:\.\d+)?|\.\d+)`;
const POSITION = new RegExp(`^${SIGNED_DECIMAL}\\s*,\\s*${SIGNED_DECIMAL}$`);

/**
 * The position that a command has as its only argument. Such a command allows unknown options and excess arguments: a position in
 * the south begins with a minus, which is no option. What is one after all is found here, and ends the command.
 */
export function positionFrom(command: Command): Position {
  const [text = '', ...excess] = command.args;
  const option = command.args.find((argument) => /^-(-|[a-z])/i.test(argument));
  if (option !== undefined) failUsage(command, `unknown option '${option}'`);
  if (excess.length > 0) failUsage(command, `'${excess[0]}' is too many; write the position in one word: LAT,LON`);
  const match = POSITION.exec(text.trim());
  if (!match)
    failUsage(command, `'${text}' is not a position; write decimal degrees as LAT,LON, as in 34.0689,-118.4451`);
  const [, latitudeSign = '', latitudeDigits = '', longitudeSign = '', longitudeDigits = ''] = match ?? [];
  const latitude = Number(`${latitudeSign}${latitudeDigits}`);
  const longitude = Number(`${longitudeSign}${longitudeDigits}`);
  if (Math.abs(latitude) > 90) failUsage(command, `latitude ${latitude} is not within -90 and 90`);
  if (Math.abs(longitude) > 180) failUsage(command, `longitude ${longitude} is not within -180 and 180`);
  const latitudeLongitude = `${plainDecimal(latitudeSign, latitudeDigits)},${plainDecimal(longitudeSign, longitudeDigits)}`;
  return { latitude, longitude, latitudeLongitude };
}

/** No `+`, no leading zeros, a digit before the point. */
function plainDecimal(sign: string, digits: string): string {
  return `${sign === '-' ? '-' : ''}${digits.replace(/^0*(?=\d)/, '').replace(/^\./, '0.')}`;
}

/** A number of 0 to `largest` in this form; anything else ends the command with `kind` in its message. */
export function numberFrom(
  command: Command,
  flag: string,
  text: string,
  form: RegExp,
  largest: number,
  kind: string,
): number {
  const number = Number(text);
  if (!form.test(text) || number > largest) failUsage(command, `${flag} '${text}' is not ${kind} from 0 to ${largest}`);
  return number;
}

function failUsage(command: Command, message: string): never {
  command.error(`error: ${printable(message)}`, { exitCode: USAGE_ERROR, code: 'drover.usage' });
}
