// Opening and closing a listening socket, as promises.
import type { ListenOptions, Server } from 'node:net';

/** Resolves when the server listens; rejects with the system's error (EADDRINUSE, EACCES, EADDRNOTAVAIL...). */
export function listen(server: Server, options: ListenOptions, acceptFailed: (reason: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      // What can fail now is one accept, for want of files: that connection is lost, the server is not.
      server.on('error', (error: NodeJS.ErrnoException) => acceptFailed(error.code ?? error.message));
      resolve();
    });
  });
}

/** Stops listening and resolves when every connection is closed; after `graceMs` `destroyRest` must close what is left. */
export function closeListener(server: Server, graceMs: number, destroyRest: () => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(destroyRest, graceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
