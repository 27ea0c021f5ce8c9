// Whose directory it is: several herds may have a server of the same name, and their records must not meet. Knows no records.
import path from 'node:path';
import { printable } from '../wire/printable.ts';
import { readIfThere, replaceFile } from './files.ts';

/** The directory holds what a server of another herd learned. Whoever started this server is at fault; its records are untouched. */
export class OtherHerd extends Error {
  override readonly name = 'OtherHerd';
}

/**
 * Makes the directory this herd's, unless it belongs to one; what was made before directories said whose they are belongs to whoever
 * comes first. Durable when this returns.
 * @throws {OtherHerd}
 */
export function expectHerd(directory: string, herd: string): void {
  const file = path.join(directory, 'herd');
  const bytes = Buffer.from(readIfThere(file), 'latin1');
  const owner = printable(bytes, 0, bytes.length);
  if (owner === herd) return;
  if (owner === '') return replaceFile(file, `${herd}\n`);
  throw new OtherHerd(
    `${directory} belongs to the herd ${owner}, and the configuration is that of ${herd}: give this herd another --data directory, or start with the configuration of ${owner}; if the herd has a new name, remove ${file}`,
  );
}
