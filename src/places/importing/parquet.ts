// Foursquare OS Places and Overture places, as Parquet: only the columns that are needed, a row group at a time. Knows both shapes.
import { getHeapStatistics } from 'node:v8';
import {
  asyncBufferFromFile,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  type SchemaElement,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { FOURSQUARE_ROW_BYTES, OVERTURE_ROW_BYTES } from '../limits.ts';
import { PlacesError } from '../provider.ts';
import { type Format, PLAIN_TYPES, typeName } from './format.ts';
import type { Intake } from './intake.ts';
import { checkMemory, checkMetadata, checkPages } from './parquet-guard.ts';
import type { ImportedPlace } from './place-rows.ts';

type Row = Readonly<Record<string, unknown>>;

interface Shape {
  /** Paths of columns that a file of this shape must have, with what is used of them. */
  readonly needed: readonly string[];
  /** Paths that are used when they are there; `*` is any one name. */
  readonly used: readonly string[];
  /** In memory, while its group is read. */
  readonly rowBytes: number;
  /** undefined for what is no place to anybody: closed, or without a name. */
  readonly placeFrom: (row: Row) => ImportedPlace | undefined;
}

const asRow = (value: unknown): Row => (typeof value === 'object' && value !== null ? (value as Row) : {});
const asText = (value: unknown): string => (typeof value === 'string' ? value : '');
const asNumber = (value: unknown): number => (typeof value === 'number' ? value : Number.NaN);
const asTexts = (value: unknown): string[] => (Array.isArray(value) ? value.map(asText).filter(Boolean) : []);

/** From the narrowest to the widest, none twice. */
function typesOf(names: readonly string[]): readonly string[] {
  return [...new Set([...names.map(typeName).filter(Boolean), ...PLAIN_TYPES])];
}

const FOURSQUARE_SHAPE: Shape = {
  needed: ['fsq_place_id', 'name', 'latitude', 'longitude'],
  used: ['address', 'locality', 'country', 'date_closed', 'fsq_category_labels.*.*'],
  rowBytes: FOURSQUARE_ROW_BYTES,
  placeFrom(row) {
    const name = asText(row['name']);
    if (name === '' || (row['date_closed'] !== null && row['date_closed'] !== undefined)) return undefined;
    // 'Dining and Drinking > Cafe, Coffee, and Tea House > Coffee Shop'
    const labels = asTexts(row['fsq_category_labels']).flatMap((label) => label.split('>').reverse());
    return {
      name,
      latitude: asNumber(row['latitude']),
      longitude: asNumber(row['longitude']),
      types: typesOf(labels),
      vicinity: [row['address'], row['locality'], row['country']].map(asText).filter(Boolean).join(', '),
    };
  },
};

const OVERTURE_SHAPE: Shape = {
  needed: ['id', 'names.primary', 'bbox.xmin', 'bbox.ymin'],
  used: [
    'basic_category',
    'taxonomy.primary',
    'categories.primary',
    'operating_status',
    'addresses.*.*.freeform',
    'addresses.*.*.locality',
  ],
  rowBytes: OVERTURE_ROW_BYTES,
  placeFrom(row) {
    const name = asText(asRow(row['names'])['primary']);
    if (name === '' || row['operating_status'] === 'permanently_closed') return undefined;
    const [address] = Array.isArray(row['addresses']) ? row['addresses'].map(asRow) : [];
    // `categories` is on its way out: it counts only where the new columns say nothing.
    const own = [asText(asRow(row['taxonomy'])['primary']), asText(row['basic_category'])].filter(Boolean);
    const bounds = asRow(row['bbox']);
    return {
      name,
      latitude: asNumber(bounds['ymin']),
      longitude: asNumber(bounds['xmin']),
      types: typesOf(own.length > 0 ? own : [asText(asRow(row['categories'])['primary'])]),
      vicinity: [address?.['freeform'], address?.['locality']].map(asText).filter(Boolean).join(', '),
    };
  },
};

async function read(path: string, shape: Shape, intake: Intake): Promise<void> {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file).catch((error: unknown) => {
    throw new PlacesError(`it is no whole Parquet file: ${(error as Error).message}`);
  });
  checkMetadata(metadata, file.byteLength);
  checkMemory(metadata, shape.rowBytes, getHeapStatistics().heap_size_limit);
  const projected = projectedTo([...shape.needed, ...shape.used], metadata);
  const paths = new Set(
    metadata.row_groups.flatMap((group) => group.columns.map((column) => pathOf(column.meta_data))),
  );
  const missing = metadata.row_groups.length > 0 ? shape.needed.filter((column) => !paths.has(column)) : [];
  if (missing.length > 0) throw new PlacesError(`it has no column ${missing.join(', ')}`);
  let start = 0;
  for (const group of projected.row_groups) {
    await checkPages(file, group);
    const end = start + Number(group.num_rows);
    const rows = await parquetReadObjects({ file, metadata: projected, compressors, rowStart: start, rowEnd: end });
    for (const [at, row] of rows.entries()) {
      const place = shape.placeFrom(row);
      if (place) intake.add(start + at + 1, place);
      else intake.leaveOut();
    }
    start = end;
    intake.progress(start / Number(metadata.num_rows));
  }
}

function pathOf(column: { readonly path_in_schema: readonly string[] } | undefined): string {
  return column?.path_in_schema.join('.') ?? '';
}

/** The file as if it had these columns only: a struct of which one field is used is not read whole. */
function projectedTo(wanted: readonly string[], metadata: FileMetaData): FileMetaData {
  const patterns = wanted.map((path) => path.split('.'));
  const isWanted = (path: readonly string[]): boolean =>
    patterns.some((one) => one.length === path.length && one.every((part, at) => part === '*' || part === path[at]));
  const elements = metadata.schema.values();
  const keep = (path: readonly string[]): SchemaElement[] => {
    const element = elements.next().value as SchemaElement;
    const own = path.length === 0 && element === metadata.schema[0] ? [] : [...path, element.name];
    if (!element.num_children) return isWanted(own) ? [element] : [];
    let children = 0;
    const kept: SchemaElement[] = [];
    for (let child = 0; child < element.num_children; child += 1) {
      const below = keep(own);
      if (below.length > 0) children += 1;
      kept.push(...below);
    }
    return children > 0 || own.length === 0 ? [{ ...element, num_children: children }, ...kept] : [];
  };
  const row_groups = metadata.row_groups.map((group) => ({
    ...group,
    columns: group.columns.filter((column) => isWanted(column.meta_data?.path_in_schema ?? [])),
  }));
  return { ...metadata, schema: keep([]), row_groups };
}

export const FOURSQUARE: Format = {
  name: 'foursquare',
  unit: 'row',
  origin: {
    key: 'foursquare',
    source: 'Foursquare OS Places',
    licence: 'Apache-2.0',
    licenceUrl: 'https://www.apache.org/licenses/LICENSE-2.0',
    attribution: 'Foursquare OS Places, © Foursquare Labs, Inc. (Apache License 2.0).',
    url: 'https://opensource.foursquare.com/os-places/',
  },
  read: (file, _, intake) => read(file, FOURSQUARE_SHAPE, intake),
};

export const OVERTURE: Format = {
  name: 'overture',
  unit: 'row',
  origin: {
    key: 'overture',
    source: 'Overture Maps places',
    licence: 'CDLA-Permissive-2.0',
    licenceUrl: 'https://cdla.dev/permissive-2-0/',
    attribution: 'Overture Maps Foundation, overturemaps.org (CDLA Permissive 2.0, parts Apache 2.0 and CC0).',
    url: 'https://docs.overturemaps.org/attribution/',
  },
  read: (file, _, intake) => read(file, OVERTURE_SHAPE, intake),
};

/** Which of the two a Parquet file is, by its columns. Rejects when it is neither. */
export async function parquetFormat(path: string): Promise<Format> {
  const file = await asyncBufferFromFile(path);
  const { schema } = await parquetMetadataAsync(file).catch((error: unknown) => {
    throw new PlacesError(`it is no whole Parquet file: ${(error as Error).message}`);
  });
  const names = schema.map((element) => element.name);
  if (names.includes('fsq_place_id')) return FOURSQUARE;
  if (names.includes('names') && names.includes('bbox')) return OVERTURE;
  throw new PlacesError('its columns are neither those of Foursquare OS Places nor those of Overture places');
}
