// The rules that no single value of a configuration can break alone: ports that meet, links that lead nowhere.
// They read a draft, which keeps whatever of a faulty file is usable, so that one reading finds every fault.
// Must not know JSON, zod, flags or the environment.
import { type ConfigFault, pathText } from './config-fault.ts';

export const PORT_KEYS = ['clientPort', 'peerPort', 'httpPort'] as const;
export type PortKey = (typeof PORT_KEYS)[number];

/** Links and the gateway stand at fixed distances from the client port unless the file says otherwise. */
const PORT_DISTANCES: Readonly<Record<PortKey, number>> = { clientPort: 0, peerPort: 1000, httpPort: 2000 };
export const LARGEST_PORT = 65535;

export interface DraftServer {
  readonly host: string;
  readonly listenHost: string;
  /** As written or derived, before the offset. A port whose value is unusable is missing: it has its own fault already. */
  readonly ports: Readonly<Partial<Record<PortKey, number>>>;
  /** Ports that were left out of the file and follow from the client port. */
  readonly derived: ReadonlySet<PortKey>;
}

export interface DraftLink {
  /** Its place in the file's list. */
  readonly index: number;
  readonly ends: readonly [string, string];
}

/** The usable part of a server's entry. */
export function draftServer(
  host: string,
  written: Readonly<Partial<Record<PortKey, number | null>>>,
  listenHost: string = host,
): DraftServer {
  const ports: Partial<Record<PortKey, number>> = {};
  const derived = new Set<PortKey>();
  for (const key of PORT_KEYS) {
    const port = written[key];
    if (typeof port === 'number') {
      ports[key] = port;
    } else if (port === undefined && typeof written.clientPort === 'number') {
      ports[key] = written.clientPort + PORT_DISTANCES[key];
      derived.add(key);
    }
  }
  return { host, listenHost, ports, derived };
}

function portFaults(servers: ReadonlyMap<string, DraftServer>, portOffset: number): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const owners = new Map<string, string>();
  for (const [name, server] of servers) {
    for (const key of PORT_KEYS) {
      const base = server.ports[key];
      if (base === undefined) continue;
      const path = pathText(['servers', name, key]);
      const port = base + portOffset;
      const how =
        (server.derived.has(key) ? `left out, so clientPort + ${PORT_DISTANCES[key]} = ${base}` : `${base}`) +
        (portOffset === 0 ? '' : `, with the port offset ${port}`);
      if (port < 1 || port > LARGEST_PORT) {
        faults.push({ path, message: `must be from 1 to ${LARGEST_PORT} (${how})` });
        continue;
      }
      // One machine goes by both names, and a herd that mixes them would fail only when it starts.
      const host = server.host.toLowerCase() === 'localhost' ? '127.0.0.1' : server.host.toLowerCase();
      const address = `${host} ${port}`;
      const owner = owners.get(address);
      if (owner === undefined) owners.set(address, path);
      else
        faults.push({
          path,
          message: `${server.host} port ${port} is taken by ${owner} (${how}): every port needs its own`,
        });
    }
  }
  return faults;
}

function linkFaults(servers: ReadonlyMap<string, unknown>, links: readonly DraftLink[]): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const seen = new Map<string, number>();
  for (const { index, ends } of links) {
    const [one, other] = ends;
    const path = pathText(['links', index]);
    let known = true;
    for (const [position, end] of ends.entries()) {
      if (servers.has(end)) continue;
      known = false;
      const names = [...servers.keys()].join(', ');
      faults.push({
        path: pathText(['links', index, position]),
        message: `there is no server ${JSON.stringify(end)} (there ${servers.size === 1 ? 'is' : 'are'} ${names})`,
      });
    }
    if (!known) continue;
    if (one === other) {
      faults.push({ path, message: `links ${one} with itself: a link needs two servers` });
      continue;
    }
    // Names hold no white space, so the pair in byte order is a key.
    const pair = one < other ? `${one} ${other}` : `${other} ${one}`;
    const first = seen.get(pair);
    if (first === undefined) seen.set(pair, index);
    else faults.push({ path, message: `repeats links[${first}]: links have no direction, so one is enough` });
  }
  return faults;
}

export function ruleFaults(
  servers: ReadonlyMap<string, DraftServer>,
  links: readonly DraftLink[],
  portOffset: number,
): ConfigFault[] {
  return [...portFaults(servers, portOffset), ...linkFaults(servers, links)];
}

/** The sets of servers that can hear one another, in the order of the configuration. */
export function piecesOf(names: Iterable<string>, links: readonly (readonly [string, string])[]): string[][] {
  const pieces: string[][] = [];
  const placed = new Set<string>();
  for (const start of names) {
    if (placed.has(start)) continue;
    const piece = [start];
    placed.add(start);
    for (const name of piece) {
      for (const [one, other] of links) {
        const next = one === name ? other : other === name ? one : undefined;
        if (next === undefined || placed.has(next)) continue;
        placed.add(next);
        piece.push(next);
      }
    }
    pieces.push(piece);
  }
  return pieces;
}
