// Which places providers a herd asks, in which order: flag, environment, file or default, with the URLs and keys that belong to
// them. Must not know how a provider works, and never puts a key into a message.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { placesFileFault } from '../places/places-file.ts';
import type { GooglePlacesConfig, OverpassPlacesConfig, PlacesConfig } from './config.ts';
import { type ConfigFault, pathText } from './config-fault.ts';
import type { DraftLive, DraftPlaces } from './config-file.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_TIMEOUT_MS = 10_000;
/** What is in OpenStreetMap changes slowly. */
const DEFAULT_CACHE_MINUTES = 24 * 60;
/** The public server asks for less than 10,000 a day from everybody: a herd of five stays within that. */
const PUBLIC_OVERPASS_PER_DAY = 2000;
const AVAILABLE = ['embedded', 'google', 'google-legacy', 'overpass'];
/** A set that somebody imported: `file:PATH`. */
const FILE = /^file:(.+)$/s;

/** Providers that share address, key and settings. */
type Family = 'google' | 'overpass';

/** What is wrong with a provider's name, or undefined. The whole grammar is known, so that a later one is told from a slip. */
function providerFault(provider: string): string | undefined {
  if (AVAILABLE.includes(provider)) return undefined;
  if (FILE.test(provider)) return undefined;
  return `there is no provider ${JSON.stringify(provider)}: use ${AVAILABLE.join(', ')} or file:PATH`;
}

function familyOf(provider: string): Family | undefined {
  if (provider === 'google' || provider === 'google-legacy') return 'google';
  return provider === 'overpass' ? 'overpass' : undefined;
}

function urlFault(text: string): string | undefined {
  const rule = "must be a whole http:// or https:// address without user, password, '?' or '#'";
  if (!URL.canParse(text)) return rule;
  const url = new URL(text);
  return /^https?:$/.test(url.protocol) &&
    url.username + url.password + url.search + url.hash === '' &&
    !/[?#]/.test(text)
    ? undefined
    : rule;
}

export interface PlacesSources {
  /** The `--places` flag. */
  readonly flag: string | undefined;
  readonly env: Environment;
  readonly file: DraftPlaces;
  /** Where relative paths of the file start. */
  readonly directory: string;
  /** Whether to read the provider's key from its file. */
  readonly readKey: boolean;
}

export function choosePlaces(sources: PlacesSources, faults: ConfigFault[], warnings: string[]): PlacesConfig {
  return new Choice(sources, faults, warnings).make();
}

/** A list of names, and where it was said. */
interface Said {
  readonly by: string;
  readonly providers: readonly string[];
  /** Each name has a path of its own. */
  readonly isList: boolean;
}

class Choice {
  private readonly sources: PlacesSources;
  private readonly faults: ConfigFault[];
  private readonly warnings: string[];

  constructor(sources: PlacesSources, faults: ConfigFault[], warnings: string[]) {
    this.sources = sources;
    this.faults = faults;
    this.warnings = warnings;
  }

  make(): PlacesConfig {
    const { file, flag } = this.sources;
    const fromEnvironment = this.variable('DROVER_PLACES');
    const inFile = saidBy('places.provider', file.provider ?? 'embedded', this.sources.directory);
    const said =
      flag !== undefined
        ? saidBy('--places', flag, '.')
        : fromEnvironment !== undefined
          ? saidBy('DROVER_PLACES', fromEnvironment, '.')
          : inFile;
    // A fault in the file is told also when it is overruled.
    for (const list of new Set([said, inFile])) this.check(list);
    // Whoever only looks at the herd need not be able to read it.
    if (this.sources.readKey) this.checkFiles(said);
    const families = new Set(said.providers.map(familyOf));
    this.checkUrls(families);
    const short = this.shortForm(inFile);
    return {
      providers: said.providers,
      timeoutMs: file.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      ...(families.has('google') ? { google: this.google(short, said.providers) } : {}),
      ...(families.has('overpass') ? { overpass: this.overpass(short) } : {}),
    };
  }

  private check(said: Said): void {
    const { by, providers } = said;
    if (providers.length === 0) this.faults.push({ path: by, message: 'names no provider' });
    for (const [at, provider] of providers.entries()) {
      const where = pathOf(said, at);
      const fault = providerFault(provider);
      if (fault !== undefined) this.faults.push({ path: where, message: fault });
      else if (providers.indexOf(provider) < at) {
        this.faults.push({ path: where, message: `${provider} stands there twice: asking it again would not help` });
      }
    }
  }

  /** A herd must not start and then answer nobody. */
  private checkFiles(said: Said): void {
    for (const [at, provider] of said.providers.entries()) {
      const file = FILE.exec(provider)?.[1];
      const message = file && placesFileFault(file);
      if (message) this.faults.push({ path: pathOf(said, at), message, namesUnusable: true });
    }
  }

  /** Whom `places.url` and `places.keyFile` are meant for: the one provider elsewhere that the file names. */
  private shortForm({ providers }: Said): Family | undefined {
    const { file } = this.sources;
    const families = [...new Set(providers.map(familyOf))].filter((family) => family !== undefined);
    for (const key of ['url', 'keyFile'] as const) {
      if (file[key] === undefined) continue;
      if (families.length > 1) {
        const message = `is it for ${families.join(' or for ')}? Say ${families.map((one) => `places.${one}.${key}`).join(' or ')}`;
        this.faults.push({ path: `places.${key}`, message });
      }
      const [family] = families;
      if (family !== undefined && file[family]?.[key] !== undefined) {
        this.faults.push({
          path: `places.${key}`,
          message: `places.${family}.${key} says it too: one of them is enough`,
        });
      }
    }
    return families[0];
  }

  private google(short: Family | undefined, providers: readonly string[]): GooglePlacesConfig {
    const { file } = this.sources;
    const own: DraftLive = file.google ?? {};
    const key = this.googleKey(short, providers);
    return {
      ...this.urlFor('google', 'DROVER_GOOGLE_URL', short),
      ...(key === undefined ? {} : { key }),
      fields: own.fields ?? 'pro',
      ...(own.requestsPerDay === undefined ? {} : { requestsPerDay: own.requestsPerDay }),
    };
  }

  private overpass(short: Family | undefined): OverpassPlacesConfig {
    const own: DraftLive = this.sources.file.overpass ?? {};
    const url = this.urlFor('overpass', 'DROVER_OVERPASS_URL', short);
    const requestsPerDay = own.requestsPerDay ?? (url.url === undefined ? PUBLIC_OVERPASS_PER_DAY : undefined);
    return {
      ...url,
      cacheMinutes: own.cacheMinutes ?? DEFAULT_CACHE_MINUTES,
      ...(requestsPerDay === undefined ? {} : { requestsPerDay }),
    };
  }

  /** The file's short form was written for the file's provider: another one must not be sent there, or be sent that key. */
  private urlFor(family: Family, variableName: string, short: Family | undefined): { readonly url?: string } {
    const { file } = this.sources;
    const url = this.variable(variableName) ?? file[family]?.url ?? (short === family ? file.url : undefined);
    return url === undefined ? {} : { url };
  }

  /** All of the file's, and those of the environment that count. */
  private checkUrls(families: ReadonlySet<Family | undefined>): void {
    const { file } = this.sources;
    const urls = {
      'places.url': file.url,
      'places.google.url': file.google?.url,
      'places.overpass.url': file.overpass?.url,
      DROVER_GOOGLE_URL: families.has('google') ? this.variable('DROVER_GOOGLE_URL') : undefined,
      DROVER_OVERPASS_URL: families.has('overpass') ? this.variable('DROVER_OVERPASS_URL') : undefined,
    };
    for (const [by, url] of Object.entries(urls)) {
      const fault = url === undefined ? undefined : urlFault(url);
      if (fault !== undefined) this.faults.push({ path: by, message: fault });
    }
  }

  private googleKey(short: Family | undefined, providers: readonly string[]): string | undefined {
    const { file, readKey } = this.sources;
    const key = this.variable('DROVER_GOOGLE_KEY')?.trim();
    if (key !== undefined) {
      if (!/^[!-~]+$/.test(key)) {
        this.faults.push({ path: 'DROVER_GOOGLE_KEY', message: 'must be one key in printable ASCII' });
      }
      return key;
    }
    // Whoever only looks at the herd need not be allowed to read it.
    if (file.google?.keyFile !== undefined) {
      return readKey ? this.keyFrom(file.google.keyFile, 'places.google.keyFile') : undefined;
    }
    if (short === 'google' && file.keyFile !== undefined) {
      return readKey ? this.keyFrom(file.keyFile, 'places.keyFile') : undefined;
    }
    const names = providers.filter((provider) => familyOf(provider) === 'google').join(' and ');
    this.warnings.push(
      `${names} has no key, so Google will answer REQUEST_DENIED: set DROVER_GOOGLE_KEY or places.google.keyFile`,
    );
    return undefined;
  }

  private keyFrom(name: string, said: string): string | undefined {
    const file = path.resolve(this.sources.directory, name);
    let key: string;
    try {
      key = readFileSync(file, 'utf8').trim();
    } catch (error) {
      this.faults.push({ path: said, message: `cannot be read: ${(error as Error).message}` });
      return undefined;
    }
    if (/^[!-~]+$/.test(key)) return key;
    this.faults.push({ path: said, message: `${file} must hold one key, in printable ASCII, and nothing else` });
    return undefined;
  }

  /** An empty variable is how a shell script says "none". */
  private variable(name: string): string | undefined {
    const { env } = this.sources;
    return env[name] === '' ? undefined : env[name];
  }
}

function pathOf({ by, isList }: Said, at: number): string {
  return isList ? `${by}${pathText([at])}` : by;
}

/** Paths of files are relative to the directory of whoever named them, and stay right wherever they are then used. */
function saidBy(by: string, what: string | readonly string[], directory: string): Said {
  const names = typeof what === 'string' ? what.split(',').map((name) => name.trim()) : what;
  const providers = names.map((name) =>
    name.replace(FILE, (_, file: string) => `file:${path.resolve(directory, file)}`),
  );
  return { by, providers, isList: typeof what !== 'string' };
}
