// Which formats can be imported, and which one a file is of. The code of a format is loaded when a file of it is read.
import path from 'node:path';
import { PlacesError } from '../provider.ts';
import type { Format } from './format.ts';

type Load = (file: string) => Promise<Format>;

const LOADERS = {
  osm: async () => (await import('./openstreetmap.ts')).OPENSTREETMAP,
  geonames: async () => (await import('./geonames.ts')).GEONAMES,
  csv: async () => (await import('./csv.ts')).CSV,
  geojson: async () => (await import('./geojson.ts')).GEOJSON,
  geojsonseq: async () => (await import('./geojson.ts')).GEOJSONSEQ,
  foursquare: async () => (await import('./parquet.ts')).FOURSQUARE,
  overture: async () => (await import('./parquet.ts')).OVERTURE,
} satisfies Record<string, Load>;

/** By what a name ends with. Parquet has two shapes: the file itself says which it is. */
const ENDINGS: readonly (readonly [RegExp, Load])[] = [
  [/\.pbf$/i, LOADERS.osm],
  [/\.(txt|tsv)$/i, LOADERS.geonames],
  [/\.csv$/i, LOADERS.csv],
  [/\.(geojson|json)$/i, LOADERS.geojson],
  [/\.(geojsonseq|geojsons|geojsonl|ndjson|jsonl)$/i, LOADERS.geojsonseq],
  [/\.(parquet|geoparquet)$/i, async (file) => (await import('./parquet.ts')).parquetFormat(file)],
];

export const FORMAT_NAMES: readonly string[] = Object.keys(LOADERS);

/** `given` is one of `FORMAT_NAMES`, or undefined for the one that the file's name tells. @throws {PlacesError} when it tells none */
export async function formatOf(file: string, given: string | undefined): Promise<Format> {
  const load: Load | undefined =
    given === undefined ? ENDINGS.find(([ending]) => ending.test(file))?.[1] : (LOADERS as Record<string, Load>)[given];
  if (load !== undefined) return load(file);
  throw new PlacesError(
    `the name does not tell its format: add --format ${FORMAT_NAMES.join('|')}, for ${path.basename(file)}`,
  );
}
