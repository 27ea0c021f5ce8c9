// `drover places near`, `about` and `import` (places-import.ts): the places that a herd would answer with, without a herd.
// Turns words into a query and answers into a table; what is near is the provider's to know.
import type { Command } from 'commander';
import { type Attribution, PlacesError, type PlacesProvider } from '../places/provider.ts';
import { distanceKm } from '../wire/distance.ts';
import { CommandError } from './failure.ts';
import { configFrom } from './options.ts';
import { addImportCommand } from './places-import.ts';
import { numberFrom, type Position, positionFrom } from './position.ts';
import { formatTable, printable } from './table.ts';

export interface PlacesCommandsContext {
  /** Where the result goes; by default standard output. */
  readonly write: (text: string) => void;
  /** Where what is worth knowing besides goes; by default standard error. */
  readonly complain: (text: string) => void;
  /** By what `--places` says, or without it the environment and the configuration; `complain` is told how each provider did that did not answer. @throws {ConfigError} */
  readonly openProvider: (names: string | undefined, complain: (text: string) => void) => Promise<PlacesProvider>;
}

interface NearOptions {
  readonly radius: string;
  readonly limit: string;
  readonly type?: string;
  readonly keyword?: string;
  readonly language?: string;
  readonly places?: string;
  readonly json?: true;
}

/** The parts of a Nearby Search result that the table shows. */
interface NearbyResult {
  readonly name: string;
  readonly types?: readonly string[];
  readonly vicinity?: string;
  readonly geometry: { readonly location: { readonly lat: number; readonly lng: number } };
}

interface NearbyDocument {
  readonly results?: readonly NearbyResult[];
  readonly status?: string;
  readonly error_message?: string;
}

/** As `WHATSAT` has them. */
const LARGEST_RADIUS_KM = 50;
const LARGEST_LIMIT = 20;
const PLACES_OPTION =
  'whom to ask: embedded, file:PATH, google, google-legacy, overpass; several with commas (DROVER_PLACES)';

export function addPlacesCommands(program: Command, given: Partial<PlacesCommandsContext> = {}): void {
  const context: PlacesCommandsContext = {
    write: (text) => void process.stdout.write(text),
    complain: (text) => void process.stderr.write(text),
    openProvider,
    ...given,
  };
  const places = program.command('places').description('look up places without a herd');
  places
    .command('near')
    .description('list the places near a position, nearest first')
    .argument('<LAT,LON>', 'decimal degrees, as in 34.0689,-118.4451')
    .option('--radius <KM>', `how far, 0 to ${LARGEST_RADIUS_KM}`, '10')
    .option('--limit <N>', `how many at most, 0 to ${LARGEST_LIMIT}`, '20')
    .option('--type <TYPE>', 'only places of this type: locality, airport, heliport, cafe, ...')
    .option('--keyword <TEXT>', 'only places whose name or types hold this text, in any case')
    .option('--language <TAG>', 'language of the names, as in de or pt-BR, where the provider has several')
    .option('--places <PROVIDER>', PLACES_OPTION)
    .option('--json', 'print the Nearby Search document')
    // A position in the south begins with a minus, which is no option. What is one after all is found in `positionFrom`.
    .allowUnknownOption()
    .allowExcessArguments()
    .action((_: string, options: NearOptions, command: Command) => printNear(context, options, command));
  places
    .command('about')
    .description('say where the places come from, and under which licence')
    .option('--places <PROVIDER>', PLACES_OPTION)
    .option('--json', 'print it as JSON')
    .action((options: { places?: string; json?: true }) => printAbout(context, options.places, options.json === true));
  addImportCommand(places, context);
}

/** What is not elsewhere needs no configuration, and so no right one. */
async function openProvider(said: string | undefined, complain: (text: string) => void): Promise<PlacesProvider> {
  // An empty variable is how a shell script says "none".
  const names = said ?? (process.env['DROVER_PLACES'] || (process.env['DROVER_CONFIG'] ? undefined : 'embedded'));
  if (names === 'embedded') {
    const { EmbeddedProvider } = await import('../places/embedded.ts');
    return new EmbeddedProvider();
  }
  const path = /^file:([^,]+)$/s.exec(names ?? '')?.[1];
  if (names !== undefined && path !== undefined) {
    const { FileProvider } = await import('../places/file.ts');
    return new FileProvider(names, [path]);
  }
  const config = await configFrom(said === undefined ? {} : { places: said }, 'places');
  const { openOnce } = await import('../server/places-providers.ts');
  return openOnce(config.places, (line) => complain(`${printable(line)}\n`));
}

async function printNear(context: PlacesCommandsContext, options: NearOptions, command: Command): Promise<void> {
  const position = positionFrom(command);
  const radiusKm = numberFrom(
    command,
    '--radius',
    options.radius,
    /^\d+(\.\d+)?$/,
    LARGEST_RADIUS_KM,
    'a number of km',
  );
  const limit = numberFrom(command, '--limit', options.limit, /^\d+$/, LARGEST_LIMIT, 'a whole number');
  const { type, keyword, language } = options;
  const filters = { ...(type && { type }), ...(keyword && { keyword }), ...(language && { language }) };
  const query = { ...position, radiusKm, limit, ...filters };
  const text = await withProvider(context, options.places, async (provider) =>
    Buffer.from(await provider.near(query, new AbortController().signal)).toString(),
  );
  context.write(options.json ? `${text.trimEnd()}\n` : nearTable(text, position, limit));
}

async function printAbout(context: PlacesCommandsContext, places: string | undefined, asJson: boolean): Promise<void> {
  const sources = await withProvider(context, places, (provider) => provider.about());
  context.write(asJson ? `${JSON.stringify(sources, undefined, 2)}\n` : aboutText(sources));
}

async function withProvider<Answer>(
  context: PlacesCommandsContext,
  name: string | undefined,
  ask: (provider: PlacesProvider) => Promise<Answer>,
): Promise<Answer> {
  const provider = await context.openProvider(name, context.complain);
  try {
    return await ask(provider);
  } catch (error) {
    if (error instanceof PlacesError) throw new CommandError(error.message);
    throw error;
  } finally {
    provider.close();
  }
}

function nearTable(text: string, position: Position, limit: number): string {
  const document = JSON.parse(text) as NearbyDocument;
  const { results = [], status = 'no status', error_message: message } = document;
  if (results.length === 0)
    return `No places (${printable(message === undefined ? status : `${status}: ${message}`)}).\n`;
  const rows = results.slice(0, limit).map(({ name, types, vicinity, geometry: { location } }) => {
    const km = distanceKm(position.latitude, position.longitude, location.lat, location.lng);
    return [`${km.toFixed(2)} km`, printable(name), printable(types?.[0] ?? ''), printable(vicinity ?? '')];
  });
  const distanceWidth = Math.max(...rows.map(([distance = '']) => distance.length));
  return formatTable(rows.map(([distance = '', ...rest]) => [distance.padStart(distanceWidth), ...rest]));
}

function aboutText(sources: readonly Attribution[]): string {
  if (sources.length === 0)
    return 'Each answer carries its own attributions (html_attributions): show them with the places.\n';
  const parts = sources.map(({ source, places, version, licence, licenceUrl, url, attribution }) =>
    [
      source,
      `  places       ${places.toLocaleString('en-US')}`,
      `  version      ${version}`,
      `  licence      ${licence} (${licenceUrl})`,
      `  from         ${url}`,
      `  attribution  ${attribution}`,
    ].join('\n'),
  );
  const total = sources.reduce((sum, { places }) => sum + places, 0);
  return `${parts.join('\n\n')}\n\n${total.toLocaleString('en-US')} places in all. Show the attributions wherever you show the places.\n`;
}
