// `drover places import`: files of places into one that a herd answers from. Turns words into a request and its report into lines;
// the code that reads formats is loaded when the command runs.
import { constants } from 'node:os';
import path from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { FORMAT_NAMES } from '../places/importing/formats.ts';
import type { FileReport, ImportReport } from '../places/importing/import.ts';
import { PlacesError } from '../places/provider.ts';
import { CommandError } from './failure.ts';
import { ProgressBar } from './progress-bar.ts';
import { printable } from './table.ts';

const STOPPING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

export interface ImportCommandContext {
  /** Where the result goes; by default standard output. */
  readonly write: (text: string) => void;
  /** Where wrong rows go; by default standard error. */
  readonly complain: (text: string) => void;
}

interface ImportOptions {
  readonly output?: string;
  readonly format?: string;
  readonly source?: string;
  readonly licence?: string;
  readonly licenceUrl?: string;
  readonly attribution?: string;
  readonly url?: string;
  readonly dataVersion?: string;
  readonly nameColumn?: string;
  readonly latitudeColumn?: string;
  readonly longitudeColumn?: string;
  readonly typeColumn?: string;
  readonly vicinityColumn?: string;
  readonly delimiter: string;
}

function parseUrl(text: string): string {
  if (/^https?:\/\/\S+$/.test(text)) return text;
  throw new InvalidArgumentError('It must be an http:// or https:// address.');
}

/** A tab is hard to type. */
function parseDelimiter(text: string): string {
  if (text !== '') return text === '\\t' ? '\t' : text;
  throw new InvalidArgumentError('It must have at least one character.');
}

export function addImportCommand(places: Command, context: ImportCommandContext): void {
  places
    .command('import')
    .description('make a .places file, for --places file:PATH, out of files of places')
    .argument('<file...>', 'OSM PBF, GeoNames TSV, CSV, GeoJSON, GeoJSONSeq, or Parquet of Foursquare or Overture')
    .option('-o, --output <path>', 'the file to make (default: the first file, as .places, in this folder)')
    .addOption(new Option('--format <format>', 'when the name does not tell it').choices(FORMAT_NAMES))
    .option('--source <text>', 'whose data it is; also what keeps the ids of places the same')
    .option('--licence <text>', 'licence of the data, as in CC-BY-4.0')
    .option('--licence-url <url>', 'where the licence is', parseUrl)
    .option('--attribution <text>', 'what everybody who shows the places must show')
    .option('--url <url>', 'where the data is from', parseUrl)
    .option('--data-version <text>', 'version or date of the data (default: the date of the file)')
    .option('--name-column <name>', 'CSV column, or GeoJSON property, of the name')
    .option('--latitude-column <name>', 'CSV column of the latitude in decimal degrees')
    .option('--longitude-column <name>', 'CSV column of the longitude')
    .option('--type-column <name>', 'CSV column, or GeoJSON property, of the types (several with ; between them)')
    .option('--vicinity-column <name>', 'CSV column, or GeoJSON property, of the address')
    .option('--delimiter <text>', 'what is between two values of a CSV file; \\t is a tab', parseDelimiter, ',')
    .addHelpText(
      'after',
      `
Examples:
  drover places import liechtenstein-latest.osm.pbf
  drover places import cafes.csv --source 'City of Ghent' --licence CC-BY-4.0 --attribution 'Stad Gent'
  drover up --places file:cafes.places`,
    )
    .action((files: string[], options: ImportOptions) => runImport(context, files, options));
}

async function runImport(
  context: ImportCommandContext,
  files: readonly string[],
  options: ImportOptions,
): Promise<void> {
  const output = options.output ?? `${path.basename(files[0] ?? '').replace(/\.osm\.pbf$|\.[^.]*$/i, '')}.places`;
  const bar = new ProgressBar(process.stderr);
  const startedAt = performance.now();
  // While the new set is written nothing else runs, so a signal comes before or after it: half a set is never left lying about.
  const stop = (signal: NodeJS.Signals): void => process.exit(128 + constants.signals[signal]);
  for (const signal of STOPPING) process.once(signal, stop);
  const { importPlaces } = await import('../places/importing/import.ts');
  let report: ImportReport;
  try {
    report = await importPlaces({
      files,
      output,
      format: options.format,
      read: { columns: columnsFrom(options), delimiter: options.delimiter },
      words: wordsFrom(options),
      onProgress: (what, share) => bar.show(`${Math.floor(share * 100)} % ${what}`, share),
    });
  } catch (error) {
    throw error instanceof PlacesError ? new CommandError(printable(error.message)) : error;
  } finally {
    bar.clear();
    for (const signal of STOPPING) process.removeListener(signal, stop);
  }
  for (const file of report.files) context.complain(faultsText(file));
  context.write(reportText(report, output, (performance.now() - startedAt) / 1000));
}

/** Without what was not given. */
function given<Key extends string>(words: Readonly<Record<Key, string | undefined>>): Partial<Record<Key, string>> {
  return Object.fromEntries(Object.entries(words).filter(([, value]) => value !== undefined)) as Partial<
    Record<Key, string>
  >;
}

function columnsFrom(
  options: ImportOptions,
): Partial<Record<'name' | 'latitude' | 'longitude' | 'type' | 'vicinity', string>> {
  return given({
    name: options.nameColumn,
    latitude: options.latitudeColumn,
    longitude: options.longitudeColumn,
    type: options.typeColumn,
    vicinity: options.vicinityColumn,
  });
}

function wordsFrom(
  options: ImportOptions,
): Partial<Record<'source' | 'licence' | 'licenceUrl' | 'attribution' | 'url' | 'version', string>> {
  const { source, licence, licenceUrl, attribution, url, dataVersion } = options;
  return given({ source, licence, licenceUrl, attribution, url, version: dataVersion });
}

const count = (number: number, what: string): string =>
  `${number.toLocaleString('en-US')} ${what}${number === 1 ? '' : 's'}`;

function faultsText({ file, wrong, faults }: FileReport): string {
  const lines = faults.map((fault) => `${file}: ${fault}`);
  if (wrong > faults.length) lines.push(`${file}: and ${count(wrong - faults.length, 'more wrong row')}`);
  return lines.map((line) => `${printable(line)}\n`).join('');
}

function reportText(report: ImportReport, output: string, seconds: number): string {
  const lines = report.files.map(({ file, format, places, wrong, leftOut }) =>
    [
      `${printable(file)} (${format}): ${count(places, 'place')}`,
      ...(leftOut > 0
        ? [`${leftOut.toLocaleString('en-US')} left out (no name, closed, or nothing that is looked for)`]
        : []),
      ...(wrong > 0 ? [`${count(wrong, 'wrong row')}`] : []),
    ].join(', '),
  );
  const twice = report.duplicates > 0 ? `, without ${count(report.duplicates, 'place')} that came twice` : '';
  const mebibytes = (report.bytes / 2 ** 20).toFixed(1);
  return `${[
    ...lines,
    `${printable(output)}: ${count(report.places, 'place')}${twice}; ${mebibytes} MiB, ${seconds.toFixed(1)} s`,
    `Use them with --places ${/\s/.test(output) ? `'file:${output}'` : `file:${output}`}`,
  ].join('\n')}\n`;
}
