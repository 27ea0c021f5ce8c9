// Imports for tests: a folder, a request with the usual answers, and what came of it.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type ReadPlace, readPlaces } from '../made-places.ts';
import { type FileReport, type ImportReport, type ImportRequest, importPlaces } from './import.ts';

export type Wishes = Partial<Pick<ImportRequest, 'format' | 'words' | 'onProgress'>> & Partial<ImportRequest['read']>;

export interface Imported extends ImportReport {
  /** Of the first file. */
  readonly first: FileReport;
  /** What then stands in the file, by name. */
  readonly found: readonly ReadPlace[];
}

export async function importFiles(files: readonly string[], output: string, wishes: Wishes = {}): Promise<Imported> {
  const { format, words = {}, onProgress = () => {}, columns = {}, delimiter = ',' } = wishes;
  const report = await importPlaces({ files, output, format, read: { columns, delimiter }, words, onProgress });
  const found = (await readPlaces(output)).sort((one, other) => (one.name < other.name ? -1 : 1));
  return { ...report, first: report.files[0] as FileReport, found };
}

/** One file of this name and content, in this folder. */
export async function importText(
  folder: string,
  name: string,
  content: string | Uint8Array,
  wishes?: Wishes,
): Promise<Imported> {
  const file = path.join(folder, name);
  await writeFile(file, content);
  return importFiles([file], path.join(folder, 'out.places'), wishes);
}
