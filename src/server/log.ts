// One log file per server, one JSON object a line: what was received and sent, and what it led to. Bytes that came from
// outside are escaped, so that no client can forge a record or move a terminal's cursor. Knows no socket.
import path from 'node:path';
import { type Logger, pino } from 'pino';
import { makeDirectory } from '../storage/make-directory.ts';
import { CR, LF } from '../wire/bytes.ts';
import { LOG_LINE_BYTES } from '../wire/limits.ts';
import { LogFile } from './log-file.ts';
import { TrafficLog } from './traffic-log.ts';

export interface ServerLog {
  readonly file: string;
  readonly logger: Logger;
  /** Writes the records of traffic, in the same file. */
  readonly traffic: TrafficLog;
  /** Opens the file anew, after a log rotation moved it away. */
  reopen(): void;
  /** Writes what is held back, and closes. */
  close(): void;
}

/** @throws {NodeJS.ErrnoException} if the directory or the file cannot be made */
export function openLog(directory: string, server: string): ServerLog {
  makeDirectory(directory);
  const file = path.join(directory, `${server}.log`);
  const logFile = new LogFile(file, (message) => process.stderr.write(`${message}\n`));
  const options = { base: { server }, timestamp: pino.stdTimeFunctions.isoTime, messageKey: 'event' };
  // A process that ends without a stop still leaves what it knew.
  const flush = (): void => logFile.flush();
  process.once('exit', flush);
  return {
    file,
    logger: pino(options, logFile),
    traffic: new TrafficLog(logFile, server),
    reopen: () => logFile.reopen(),
    close: () => {
      process.off('exit', flush);
      logFile.close();
    },
  };
}

/**
 * Bytes as printable ASCII: everything else, and the backslash, becomes `\xNN`. A line's end is left out, and a line over
 * `LOG_LINE_BYTES` is cut and marked with `...`.
 */
export function printable(bytes: Uint8Array, start: number, end: number): string {
  let last = end;
  while (last > start && (bytes[last - 1] === LF || bytes[last - 1] === CR)) last -= 1;
  const shown = Math.min(last, start + LOG_LINE_BYTES);
  let text = '';
  for (let index = start; index < shown; index += 1) {
    const byte = bytes[index] as number;
    if (byte >= 0x20 && byte < 0x7f && byte !== 0x5c) text += String.fromCharCode(byte);
    else text += `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return shown < last ? `${text}...` : text;
}
