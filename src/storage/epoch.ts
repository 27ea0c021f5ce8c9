// The number of a server's life. Sequence numbers count within one, so none may be used twice, whatever the clock says. Knows
// no records.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { codeOf } from '../journal/directory.ts';
import { replaceFile } from './files.ts';

export interface Epoch {
  readonly epoch: number;
  /** What was wrong with the file, for the report of recovery. */
  readonly fault: string | undefined;
}

/** The next life's number: later than any that this directory knows, and durable when this returns. */
export function nextEpoch(directory: string, nowMs: number): Epoch {
  const { epoch: last, fault } = readEpoch(directory);
  const epoch = Math.max(last + 1, Math.floor(nowMs));
  writeEpoch(directory, epoch);
  return { epoch, fault };
}

export function writeEpoch(directory: string, epoch: number): void {
  replaceFile(path.join(directory, 'epoch'), `${epoch}\n`);
}

function readEpoch(directory: string): Epoch {
  let text: string;
  try {
    text = readFileSync(path.join(directory, 'epoch'), 'latin1');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { epoch: 0, fault: undefined };
    throw error;
  }
  // Far below 2^53, so that adding one stays exact: the year 9999 has 15 digits.
  if (/^\d{1,15}\n$/.test(text)) return { epoch: Number(text), fault: undefined };
  return { epoch: 0, fault: 'epoch: unreadable; the clock alone numbers this life' };
}
