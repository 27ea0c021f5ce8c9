// How many clients a server has room for. Every connection is an open file of the process, as are its log, its links and its
// requests for places: clients that took all of them would stop the disk before anything else.
import { readFileSync } from 'node:fs';
import type { ClientRoom } from '../net/client-listener.ts';
import { CONNECTIONS, OWN_FILES } from '../wire/limits.ts';

/** @param limits what the system says that this process may have, in the form of Linux's /proc/self/limits */
export function roomForClients(limits: string = limitsOfThisProcess()): ClientRoom {
  const openFiles = Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  // Where there are few, half of them.
  const connections = Math.max(openFiles - OWN_FILES, Math.floor(openFiles / 2));
  if (connections >= CONNECTIONS) {
    return { connections: CONNECTIONS, reason: `a server takes ${CONNECTIONS} clients at once: use another server` };
  }
  const reason = `the system allows this process ${openFiles} open files, so it takes ${connections} clients at once: raise that limit (ulimit -n, or LimitNOFILE in a systemd unit) and start it again`;
  return { connections, reason };
}

/** Elsewhere than on Linux it is not known, and seldom low. */
function limitsOfThisProcess(): string {
  try {
    return readFileSync('/proc/self/limits', 'latin1');
  } catch {
    return '';
  }
}
