// Imports files of places of any format into one .places file: all of them, or nothing. Loaded by `drover places import` only.
import type { Stats } from 'node:fs';
import { access, constants, open, stat } from 'node:fs/promises';
import path from 'node:path';
import { MAGIC } from '../places-file.ts';
import { PlacesError } from '../provider.ts';
import type { Format, ReadOptions } from './format.ts';
import { formatOf } from './formats.ts';
import { Intake } from './intake.ts';
import { removeLeftovers } from './leftovers.ts';
import { PlaceRows, type SourceDescription } from './place-rows.ts';
import { type Written, writePlacesFile } from './places-writer.ts';

/** What users must be shown, where the format does not say it or somebody knows better. */
export interface SourceWords {
  readonly source?: string;
  readonly licence?: string;
  readonly licenceUrl?: string;
  readonly attribution?: string;
  readonly url?: string;
  readonly version?: string;
}

export interface ImportRequest {
  readonly files: readonly string[];
  /** Where the `.places` file goes. What stands there stays until the new one is whole. */
  readonly output: string;
  /** One of `FORMAT_NAMES` for all files; by default what their names tell. */
  readonly format: string | undefined;
  readonly read: ReadOptions;
  readonly words: SourceWords;
  /** `share` is 0 to 1. */
  readonly onProgress: (what: string, share: number) => void;
}

export interface FileReport {
  readonly file: string;
  readonly format: string;
  readonly places: number;
  readonly wrong: number;
  readonly leftOut: number;
  /** The first wrong rows, in words. */
  readonly faults: readonly string[];
}

export interface ImportReport extends Written {
  readonly files: readonly FileReport[];
}

/** A page that says nothing: for data of which nobody said where it is from. */
const NOWHERE = 'about:blank';

/** @throws {PlacesError} with which file and why; what stood at the output is still there */
export async function importPlaces(request: ImportRequest): Promise<ImportReport> {
  const { files, output, onProgress } = request;
  await checkOutput(output);
  const rows = new PlaceRows();
  const reports: FileReport[] = [];
  for (const [at, file] of files.entries()) {
    const base = path.basename(file);
    const before = at / files.length;
    const progress = (share: number): void => onProgress(`reading ${base}`, before + share / files.length);
    try {
      reports.push(await readFile(file, request, rows, progress));
    } catch (error) {
      throw new PlacesError(`${file} cannot be imported: ${(error as Error).message}`);
    }
  }
  try {
    return { files: reports, ...writePlacesFile(rows, output, (share) => onProgress(`writing ${output}`, share)) };
  } catch (error) {
    throw new PlacesError(`${output} cannot be written: ${(error as Error).message}`);
  }
}

async function readFile(
  file: string,
  { format: given, read, words }: ImportRequest,
  rows: PlaceRows,
  onProgress: (share: number) => void,
): Promise<FileReport> {
  const { mtime } = await checkInput(file);
  const format = await formatOf(file, given);
  const source = rows.addSource(describe(format, file, mtime, words));
  const intake = new Intake(rows, source, format.unit, onProgress);
  await format.read(file, read, intake);
  intake.finish();
  const { places, wrong, leftOut, faults } = intake;
  return { file, format: format.name, places, wrong, leftOut, faults };
}

/** What compressed files begin with. The compressions inside of Parquet and OSM PBF are another matter. */
const COMPRESSED: readonly (readonly [string, Buffer])[] = [
  ['gzip', Buffer.from([0x1f, 0x8b])],
  ['zip', Buffer.from('PK\u0003\u0004')],
  ['bzip2', Buffer.from('BZh')],
  ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a])],
  ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
];

/** Whether there is anything in it that a format could be. A pipe is not asked: it would have to be read more than once. */
async function checkInput(file: string): Promise<Stats> {
  const stats = await stat(file);
  if (!stats.isFile()) throw new PlacesError('it is a folder, a pipe or the like: only a file can be imported');
  if (stats.size === 0) throw new PlacesError('it is empty');
  const start = await firstBytes(file, 8);
  const compression = COMPRESSED.find(([, bytes]) => start.subarray(0, bytes.length).equals(bytes))?.[0];
  if (compression !== undefined) throw new PlacesError(`it is compressed (${compression}): unpack it first`);
  return stats;
}

async function firstBytes(file: string, count: number): Promise<Buffer> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(count), 0, count, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Before hours of work, and so that nobody loses a file that is something else. */
async function checkOutput(output: string): Promise<void> {
  try {
    await access(path.dirname(output), constants.W_OK);
    removeLeftovers(output);
  } catch (error) {
    throw new PlacesError(`${output} cannot be written: ${(error as Error).message}`);
  }
  try {
    // Whoever opens a pipe waits for its other end.
    if ((await stat(output)).isFile() && (await firstBytes(output, MAGIC.length)).toString('latin1') === MAGIC) return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new PlacesError(`${output} cannot be replaced: ${(error as Error).message}`);
  }
  throw new PlacesError(`${output} is there already and is no .places file: give another --output, or remove it`);
}

function describe(format: Format, file: string, modified: Date, words: SourceWords): SourceDescription {
  const base = path.basename(file);
  const origin = format.origin;
  const source = words.source ?? origin?.source ?? base;
  const url = words.url ?? origin?.url ?? NOWHERE;
  const attribution = words.attribution ?? origin?.attribution;
  return {
    // A place keeps its id when the same data comes again, in whichever format and from whichever file.
    key: words.source ?? origin?.key ?? base,
    source,
    licence: words.licence ?? origin?.licence ?? 'not stated',
    licenceUrl: words.licenceUrl ?? origin?.licenceUrl ?? NOWHERE,
    attribution: attribution ?? `Places of ${base}.`,
    html: attribution === undefined ? '' : linked(attribution, url),
    url,
    version: words.version ?? `file of ${modified.toISOString().slice(0, 10)}`,
  };
}

function linked(text: string, url: string): string {
  return url === NOWHERE ? escapedHtml(text) : `<a href="${escapedHtml(url)}">${escapedHtml(text)}</a>`;
}

function escapedHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
