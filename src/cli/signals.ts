// The signals that ask a process to stop, and the streams that may be gone when they come.

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Calls `stop` on the first signal that asks for it. Later ones change nothing: a person who presses Ctrl-C twice, or a
 * process group that gets it from two sides, must not cut a stop short.
 */
export function onStopSignal(stop: () => void): void {
  let asked = false;
  for (const signal of STOP_SIGNALS) {
    process.on(signal, () => {
      if (asked) return;
      asked = true;
      stop();
    });
  }
}

/** Whoever reads our output may leave before us (a closed terminal, `| head`): that must not end what runs. */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    // There is no one left to tell.
    stream.on('error', () => {});
  }
}
