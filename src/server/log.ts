// One log file per server, one JSON object a line: what was received and sent, and what it led to. Bytes that came from
// outside are escaped, so that no client can forge a record or move a terminal's cursor. Knows no socket.
import path from 'node:path';
import { type Logger, pino } from 'pino';
import { makeDirectory } from '../storage/make-directory.ts';
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
