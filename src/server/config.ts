// What herd this is: which servers, where they listen, who talks with whom, where places come from.
// Flags beat the environment, which beats the file, which beats the built-in herd. Must not know `process`: the command
// line hands in what it was given.
import path from 'node:path';
import { EXPIRE_AFTER_HOURS, LINE_BYTES } from '../wire/limits.ts';
import { ConfigError, type ConfigFault } from './config-fault.ts';
import type { Draft } from './config-file.ts';
import { draftServer, piecesOf, ruleFaults } from './config-rules.ts';
import { choosePlaces } from './places-choice.ts';

export { ConfigError } from './config-fault.ts';

export interface ServerEntry {
  readonly name: string;
  /** Where neighbours and commands find it. */
  readonly host: string;
  /** Where it listens. */
  readonly listenHost: string;
  readonly clientPort: number;
  readonly peerPort: number;
  readonly httpPort: number;
}

export interface GooglePlacesConfig {
  readonly url?: string;
  readonly key?: string;
  readonly fields: 'pro' | 'enterprise';
  /** Of each server, to each of Google's APIs. */
  readonly requestsPerDay?: number;
}

export interface OverpassPlacesConfig {
  readonly url?: string;
  readonly cacheMinutes: number;
  /** Of each server. */
  readonly requestsPerDay?: number;
}

export interface PlacesConfig {
  /** In the order in which they are asked; at least one. */
  readonly providers: readonly string[];
  /** For a lookup, whoever answers it. */
  readonly timeoutMs: number;
  /** There if one of Google's is among the providers. */
  readonly google?: GooglePlacesConfig;
  readonly overpass?: OverpassPlacesConfig;
}

/** Files of certificates; in the first two, `{name}` stands for a server's name. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
}

export interface HerdConfig {
  readonly herd: string;
  readonly servers: ReadonlyMap<string, ServerEntry>;
  readonly links: readonly (readonly [string, string])[];
  readonly places: PlacesConfig;
  readonly limits: { readonly lineBytes: number; readonly expireAfterHours: number };
  readonly log: {
    /** Every line received and sent, and what became of each report. */
    readonly traffic: boolean;
  };
  readonly secretFile?: string;
  /** Servers link over TLS, and only so. */
  readonly tls?: TlsFiles;
  /** Things that work but are seldom meant, such as a herd in two pieces. */
  readonly warnings: readonly string[];
}

/**
 * To be a server, to ask for places as it does, or only to find it. Files that are not needed for that are not looked at: they may be
 * elsewhere, or not for whoever asks to read.
 */
export type ConfigPurpose = 'run' | 'places' | 'find';

export interface ConfigSources {
  /** The `--config` flag. */
  readonly configFile?: string | undefined;
  /** Added to every port, so that several herds fit on one machine. */
  readonly portOffset?: number | undefined;
  /** The `--places` flag. */
  readonly places?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default `run`. */
  readonly purpose?: ConfigPurpose;
}

function builtIn(): Draft {
  const names = ['Goloman', 'Hands', 'Holiday', 'Welsh', 'Wilkes'];
  const pairs: [string, string][] = [
    ['Goloman', 'Hands'],
    ['Goloman', 'Holiday'],
    ['Goloman', 'Wilkes'],
    ['Hands', 'Wilkes'],
    ['Holiday', 'Welsh'],
    ['Holiday', 'Wilkes'],
  ];
  return {
    herd: 'ucla',
    servers: new Map(names.map((name, index) => [name, draftServer('127.0.0.1', { clientPort: 17345 + index })])),
    links: pairs.map((ends, index) => ({ index, ends })),
    places: {},
  };
}

function warningsOf(draft: Draft): string[] {
  const pieces = piecesOf(
    draft.servers.keys(),
    draft.links.map((link) => link.ends),
  );
  if (pieces.length < 2) return [];
  const shown = pieces.map((piece) => piece.join('+')).join(' | ');
  return [`the herd is in ${pieces.length} pieces that never hear one another (${shown}): add links to join them`];
}

/** @throws {ConfigError} with every fault there is, not only the first */
export async function loadConfig(sources: ConfigSources): Promise<HerdConfig> {
  const { env, portOffset = 0, places: flag } = sources;
  const faults: ConfigFault[] = [];
  if (!Number.isSafeInteger(portOffset))
    throw new ConfigError([{ path: '--port-offset', message: 'must be a whole number' }]);
  const configFile = sources.configFile ?? (env['DROVER_CONFIG'] === '' ? undefined : env['DROVER_CONFIG']);
  const draft = configFile === undefined ? builtIn() : (await import('./config-file.ts')).readDraft(configFile, faults);
  faults.push(...ruleFaults(draft.servers, draft.links, portOffset));
  const warnings = warningsOf(draft);
  const directory = configFile === undefined ? '.' : path.dirname(configFile);
  const { purpose = 'run' } = sources;
  const readKey = purpose !== 'find';
  const places = choosePlaces({ flag, env, file: draft.places, directory, readKey }, faults, warnings);
  const secretFile = draft.secretFile === undefined ? undefined : path.resolve(directory, draft.secretFile);
  if (purpose === 'run' && secretFile !== undefined)
    faults.push(...(await import('./secret.ts')).secretFaults(secretFile));
  if (faults.length > 0) throw new ConfigError(faults, configFile);

  const servers = new Map<string, ServerEntry>();
  for (const [name, { host, listenHost, ports }] of draft.servers) {
    const { clientPort, peerPort, httpPort } = ports;
    if (clientPort === undefined || peerPort === undefined || httpPort === undefined)
      throw new Error(`${name} has no port`);
    servers.set(name, {
      name,
      host,
      listenHost,
      clientPort: clientPort + portOffset,
      peerPort: peerPort + portOffset,
      httpPort: httpPort + portOffset,
    });
  }
  return {
    herd: draft.herd,
    servers,
    links: draft.links.map((link) => link.ends),
    places,
    limits: {
      lineBytes: draft.lineBytes ?? LINE_BYTES,
      expireAfterHours: draft.expireAfterHours ?? EXPIRE_AFTER_HOURS,
    },
    log: { traffic: draft.logTraffic ?? true },
    ...(secretFile === undefined ? {} : { secretFile }),
    ...(draft.tls === undefined ? {} : { tls: resolved(draft.tls, directory) }),
    warnings,
  };
}

function resolved({ certFile, keyFile, caFile }: TlsFiles, directory: string): TlsFiles {
  const from = (file: string): string => path.resolve(directory, file);
  return { certFile: from(certFile), keyFile: from(keyFile), caFile: from(caFile) };
}

/** The servers that `name` has a link with, in the order of the configuration. */
export function neighboursOf(config: HerdConfig, name: string): readonly ServerEntry[] {
  const ends = new Set(config.links.flatMap(([one, other]) => (one === name ? [other] : other === name ? [one] : [])));
  return [...config.servers.values()].filter((server) => ends.has(server.name));
}
