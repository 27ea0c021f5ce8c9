// A configuration file as bytes to a draft and a list of everything wrong with its shape.
// Loaded only when a file is named. Must not know flags, the environment or the built-in herd.
import { readFileSync } from 'node:fs';
import { type DocumentNode, parse } from '@humanwhocodes/momoa';
import type { TlsFiles } from './config.ts';
import { ConfigError, type ConfigFault, pathText, whyUnread } from './config-fault.ts';
import {
  type DraftLink,
  type DraftServer,
  draftServer,
  LARGEST_PORT,
  PORT_KEYS,
  type PortKey,
} from './config-rules.ts';
import { shapeFaults } from './config-schema.ts';

/** What a file says, as far as it is usable. */
export interface Draft {
  readonly herd: string;
  readonly servers: ReadonlyMap<string, DraftServer>;
  readonly links: readonly DraftLink[];
  readonly places: DraftPlaces;
  readonly lineBytes?: number;
  readonly expireAfterHours?: number;
  readonly logTraffic?: boolean;
  readonly secretFile?: string;
  readonly tls?: TlsFiles;
}

/** Settings of a provider elsewhere; each has some of them. */
export interface DraftLive {
  readonly url?: string;
  readonly keyFile?: string;
  readonly fields?: 'pro' | 'enterprise';
  readonly cacheMinutes?: number;
  readonly requestsPerDay?: number;
}

export interface DraftPlaces {
  readonly provider?: string | readonly string[];
  readonly url?: string;
  readonly keyFile?: string;
  readonly timeoutMs?: number;
  readonly google?: DraftLive;
  readonly overpass?: DraftLive;
}

type Json = Readonly<Record<string, unknown>>;

function objectAt(container: Json, key: string): Json {
  const value = Object.hasOwn(container, key) ? container[key] : undefined;
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function stringAt(container: Json, key: string): string | undefined {
  const value = Object.hasOwn(container, key) ? container[key] : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function numberAt(container: Json, key: string): number | undefined {
  const value = Object.hasOwn(container, key) ? container[key] : undefined;
  return typeof value === 'number' ? value : undefined;
}

function booleanAt(container: Json, key: string): boolean | undefined {
  const value = Object.hasOwn(container, key) ? container[key] : undefined;
  return typeof value === 'boolean' ? value : undefined;
}

/** undefined when the file leaves the port out, null when what it says cannot be a port. */
function portAt(entry: Json, key: PortKey): number | null | undefined {
  if (!Object.hasOwn(entry, key)) return undefined;
  const port = numberAt(entry, key);
  return port !== undefined && Number.isInteger(port) && port >= 1 && port <= LARGEST_PORT ? port : null;
}

function draftOf(file: Json): Draft {
  const servers = new Map<string, DraftServer>();
  const entries = objectAt(file, 'servers');
  for (const name of Object.keys(entries)) {
    const entry = objectAt(entries, name);
    const written: Partial<Record<PortKey, number | null>> = {};
    for (const key of PORT_KEYS) {
      const port = portAt(entry, key);
      if (port !== undefined) written[key] = port;
    }
    servers.set(name, draftServer(stringAt(entry, 'host') ?? '127.0.0.1', written, stringAt(entry, 'listenHost')));
  }
  const links: DraftLink[] = [];
  const pairs: unknown = file['links'];
  for (const [index, pair] of (Array.isArray(pairs) ? pairs : []).entries()) {
    if (!Array.isArray(pair) || pair.length !== 2) continue;
    const [one, other]: unknown[] = pair;
    if (typeof one === 'string' && typeof other === 'string') links.push({ index, ends: [one, other] });
  }
  const lineBytes = numberAt(objectAt(file, 'limits'), 'lineBytes');
  const expireAfterHours = numberAt(objectAt(file, 'limits'), 'expireAfterHours');
  const logTraffic = booleanAt(objectAt(file, 'log'), 'traffic');
  const secretFile = stringAt(file, 'secretFile');
  const tls = objectAt(file, 'tls');
  const [certFile, keyFile, caFile] = ['certFile', 'keyFile', 'caFile'].map((key) => stringAt(tls, key));
  return {
    herd: stringAt(file, 'herd') ?? '',
    servers,
    links,
    places: draftPlacesOf(objectAt(file, 'places')),
    ...(lineBytes === undefined ? {} : { lineBytes }),
    ...(expireAfterHours === undefined ? {} : { expireAfterHours }),
    ...(logTraffic === undefined ? {} : { logTraffic }),
    ...(secretFile === undefined ? {} : { secretFile }),
    ...(certFile && keyFile && caFile ? { tls: { certFile, keyFile, caFile } } : {}),
  };
}

function draftPlacesOf(places: Json): DraftPlaces {
  const { provider: list } = places;
  const provider = Array.isArray(list) ? list.filter((name) => typeof name === 'string') : stringAt(places, 'provider');
  return {
    ...draftLiveOf(places),
    ...withoutUndefined({ provider, timeoutMs: numberAt(places, 'timeoutMs') }),
    google: draftLiveOf(objectAt(places, 'google')),
    overpass: draftLiveOf(objectAt(places, 'overpass')),
  };
}

function draftLiveOf(live: Json): DraftLive {
  const said = stringAt(live, 'fields');
  const fields: DraftLive['fields'] | undefined = said === 'pro' || said === 'enterprise' ? said : undefined;
  return withoutUndefined({
    url: stringAt(live, 'url'),
    keyFile: stringAt(live, 'keyFile'),
    fields,
    cacheMinutes: numberAt(live, 'cacheMinutes'),
    requestsPerDay: numberAt(live, 'requestsPerDay'),
  });
}

function withoutUndefined<Members extends Json>(
  members: Members,
): { [Key in keyof Members]?: NonNullable<Members[Key]> } {
  const given = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { [Key in keyof Members]?: NonNullable<Members[Key]> };
}

/** Keys written twice in one object: JSON.parse would keep the last and lose a whole server without a word. */
function repeatedKeys(node: DocumentNode['body'], path: readonly PropertyKey[] = []): ConfigFault[] {
  if (node.type === 'Array')
    return node.elements.flatMap((element, index) => repeatedKeys(element.value, [...path, index]));
  if (node.type !== 'Object') return [];
  const faults: ConfigFault[] = [];
  const lines = new Map<string, number>();
  for (const { name, value } of node.members) {
    const key = name.type === 'String' ? name.value : name.type === 'Identifier' ? name.name : '';
    const at = [...path, key];
    const { line } = name.loc.start;
    const first = lines.get(key);
    if (first === undefined) lines.set(key, line);
    else
      faults.push({
        path: pathText(at),
        message: `is written twice, in lines ${first} and ${line}: only one can count`,
      });
    faults.push(...repeatedKeys(value, at));
  }
  return faults;
}

/** Where the text stops being JSON, and why. V8 knows best, but not for all errors where, and never a line on Node 20. */
function syntaxFault(text: string, thrown: unknown): ConfigFault {
  let message = 'something is wrong here';
  try {
    JSON.parse(text);
  } catch (error) {
    message = (error as Error).message;
  }
  const position = /at position (\d+)/.exec(message)?.[1];
  const { line, column } = thrown as { line?: unknown; column?: unknown };
  const early = message.startsWith('Unexpected end');
  let path = `line ${String(line)}, column ${String(column)}`;
  if (position !== undefined || early || typeof line !== 'number') {
    const before = text.slice(0, position === undefined ? text.trimEnd().length : Number(position)).split('\n');
    path = `line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`;
  }
  return { path, message: `not JSON: ${message.replace(/ in JSON at position.*$|, (?:\.\.\.)?".*$/s, '')}` };
}

function parseJson(file: string, text: string): { value: unknown; faults: ConfigFault[] } {
  try {
    const faults = repeatedKeys(parse(text, { mode: 'json' }).body);
    return { value: JSON.parse(text), faults };
  } catch (error) {
    throw new ConfigError([syntaxFault(text, error)], file);
  }
}

/** @throws {ConfigError} when there is no JSON to look into; any other fault is pushed to `faults` */
export function readDraft(file: string, faults: ConfigFault[]): Draft {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new ConfigError([{ path: 'the file', message: `cannot be read: ${whyUnread(error)}` }], file);
  }
  let text: string;
  try {
    // Also drops the byte order mark that some editors write.
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ConfigError([{ path: 'the file', message: 'is not UTF-8 text: save it as UTF-8' }], file);
  }
  const { value, faults: repeated } = parseJson(file, text);
  faults.push(...repeated, ...shapeFaults(value));
  const draft = draftOf(objectAt({ value }, 'value'));
  if (draft.servers.size === 0 && !faults.some((fault) => fault.path === 'servers' || fault.path === 'the file')) {
    faults.push({ path: 'servers', message: 'is empty: a herd needs at least one server' });
  }
  return draft;
}
