// `drover serve NAME`: one server in the foreground, or under `drover up` when a channel to it is open.
// Must not know how a server works.

import type { RunningServer } from '../server/server.ts';
import { CommandError, EXIT_FAILED } from './failure.ts';
import { configFrom, dataDirectoryFrom, type RunOptions, serverNamed } from './options.ts';
import { onStopSignal, outliveReaders } from './signals.ts';

/** What a server tells the process that started it. */
export type ServerMessage =
  | { readonly kind: 'ready'; readonly logFile: string }
  | { readonly kind: 'failed'; readonly message: string };

/** `up` waits 3.5 s before it kills; alone, a person waits for the prompt. */
const STOP_LIMIT_MS = 4000;

/** Sends and waits until it is on its way: the process may exit next. */
function tellParent(message: ServerMessage): Promise<void> {
  return new Promise((resolve) => {
    // A parent that is gone cannot be told; its absence stops us by itself.
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, () => resolve());
  });
}

/** Resolves never: when the server has stopped, so does the process. */
function stopAndExit(server: RunningServer | undefined, name: string): void {
  setTimeout(() => {
    process.stderr.write(`drover: ${name} did not stop within ${STOP_LIMIT_MS / 1000} s, so it was cut off\n`);
    process.exit(EXIT_FAILED);
  }, STOP_LIMIT_MS).unref();
  const stopped = server === undefined ? Promise.resolve() : server.stop();
  stopped.then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`drover: ${name} stopped badly: ${error instanceof Error ? error.stack : String(error)}\n`);
      process.exit(EXIT_FAILED);
    },
  );
}

export async function serve(name: string, options: RunOptions): Promise<void> {
  const supervised = process.send !== undefined;
  outliveReaders();
  process.on('uncaughtException', (error) => {
    process.stderr.write(`drover: ${name} failed, which is a fault in Drover\n${error.stack ?? String(error)}\n`);
    process.exit(EXIT_FAILED);
  });

  let starting = true;
  let stopAsked = false;
  let server: RunningServer | undefined;
  const stop = (): void => {
    if (stopAsked) return;
    stopAsked = true;
    // A half-started server cannot be stopped; starting takes milliseconds and looks here when it is done.
    if (!starting) stopAndExit(server, name);
  };
  onStopSignal(stop);
  if (supervised) {
    // No server outlives its herd, however its parent ended.
    process.on('disconnect', stop);
    if (!process.connected) stop();
  }

  try {
    const config = await configFrom(options);
    const { host, clientPort, peerPort } = serverNamed(config, name);
    const { startServer } = await import('../server/server.ts');
    if (!stopAsked)
      server = await startServer({
        config,
        name,
        dataDirectory: dataDirectoryFrom(options),
        ack: options.ack ?? 'wal',
      });
    starting = false;
    if (stopAsked || server === undefined) {
      stopAndExit(server, name);
      return;
    }
    const { logFile } = server;
    // What rotates logs moves the file away and sends this.
    process.on('SIGUSR2', () => server?.reopenLog());
    await tellParent({ kind: 'ready', logFile });
    if (supervised) return;
    for (const warning of config.warnings) process.stderr.write(`warning: ${warning}\n`);
    process.stdout.write(
      `${name} listens on ${host}:${clientPort} (links on ${peerPort}), log ${logFile}; Ctrl-C stops it\n`,
    );
  } catch (error) {
    if (!supervised) throw error;
    const message = error instanceof Error ? error.message : String(error);
    await tellParent({ kind: 'failed', message: isForPeople(error) ? message : `${name} could not start: ${message}` });
    process.exit(EXIT_FAILED);
  }
}

function isForPeople(error: unknown): boolean {
  return error instanceof CommandError || (error instanceof Error && /^(StartError|ConfigError)$/.test(error.name));
}
