// Which places provider a herd uses: flag, environment, file or default, with the URL and key that belong to it.
// Must not know how a provider works, and never puts a key into a message.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { PlacesConfig } from './config.ts';
import type { ConfigFault } from './config-fault.ts';
import type { DraftPlaces } from './config-file.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_TIMEOUT_MS = 10_000;
const AVAILABLE = ['embedded', 'google-legacy'];

/** What is wrong with a provider's name, or undefined. The whole grammar is known, so that a later one is told from a slip. */
function providerFault(provider: string): string | undefined {
  if (AVAILABLE.includes(provider)) return undefined;
  if (provider === 'google') return 'google (Places API New) is not in this version: use google-legacy, or embedded';
  if (provider === 'overpass') return 'overpass is not in this version: use embedded, or google-legacy';
  if (/^file:./.test(provider))
    return 'imported files (file:PATH) are not in this version: use embedded, or google-legacy';
  return `there is no provider ${JSON.stringify(provider)}: use ${AVAILABLE.join(' or ')}`;
}

function familyOf(provider: string): 'google' | 'overpass' | undefined {
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

function keyFrom(file: string, faults: ConfigFault[]): string | undefined {
  let key: string;
  try {
    key = readFileSync(file, 'utf8').trim();
  } catch (error) {
    faults.push({ path: 'places.keyFile', message: `cannot be read: ${(error as Error).message}` });
    return undefined;
  }
  if (/^[!-~]+$/.test(key)) return key;
  faults.push({ path: 'places.keyFile', message: `${file} must hold one key, in printable ASCII, and nothing else` });
  return undefined;
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
  const { flag, env, file, directory, readKey } = sources;
  // An empty variable is how a shell script says "none".
  const variable = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  const inFile = file.provider ?? 'embedded';
  const provider = flag ?? variable('DROVER_PLACES') ?? inFile;
  const said =
    flag !== undefined ? '--places' : variable('DROVER_PLACES') !== undefined ? 'DROVER_PLACES' : 'places.provider';
  const fault = providerFault(provider);
  if (fault !== undefined) faults.push({ path: said, message: fault });
  if (said !== 'places.provider' && file.provider !== undefined) {
    const overruled = providerFault(file.provider);
    if (overruled !== undefined) faults.push({ path: 'places.provider', message: overruled });
  }

  const family = familyOf(provider);
  // The file's URL and key were written for the file's provider: another one must not be sent there, or be sent that key.
  const own = family !== undefined && family === familyOf(inFile) ? file : {};
  const urlVariable = family === 'google' ? 'DROVER_GOOGLE_URL' : 'DROVER_OVERPASS_URL';
  const urlGiven = family === undefined ? undefined : variable(urlVariable);
  const url = urlGiven ?? own.url;
  const badUrl = url === undefined ? undefined : urlFault(url);
  if (badUrl !== undefined) faults.push({ path: urlGiven === undefined ? 'places.url' : urlVariable, message: badUrl });

  let key = family === 'google' ? variable('DROVER_GOOGLE_KEY')?.trim() : undefined;
  if (key !== undefined && !/^[!-~]+$/.test(key)) {
    faults.push({ path: 'DROVER_GOOGLE_KEY', message: 'must be one key in printable ASCII' });
  } else if (key === undefined && own.keyFile !== undefined && !readKey) {
    // Whoever only looks at the herd need not be allowed to read it.
  } else if (key === undefined && own.keyFile !== undefined) {
    key = keyFrom(path.resolve(directory, own.keyFile), faults);
  } else if (key === undefined && family === 'google') {
    warnings.push(
      `${provider} has no key, so Google will answer REQUEST_DENIED: set DROVER_GOOGLE_KEY or places.keyFile`,
    );
  }
  return {
    provider,
    ...(url === undefined ? {} : { url }),
    ...(key === undefined ? {} : { key }),
    timeoutMs: file.timeoutMs ?? DEFAULT_TIMEOUT_MS,
  };
}
