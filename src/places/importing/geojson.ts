// GeoJSON: a FeatureCollection of any size, a single Feature, or a feature a line (GeoJSONSeq, also with record separators). Knows
// features; nothing of other formats.
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { INPUT_LINE_BYTES } from '../limits.ts';
import { placeTypes, vicinityOf } from '../openstreetmap-types.ts';
import { PlacesError } from '../provider.ts';
import { Bounds } from './bounds.ts';
import { type Columns, type Format, type ReadOptions, typesFrom } from './format.ts';
import type { Intake } from './intake.ts';
import { readLines } from './lines.ts';

const REPORT_EVERY_FEATURES = 5000;
/** Deeper than a MultiPolygon in a few collections: whoever nests more wants to break something. */
const MOST_DEPTH = 12;

type Json = Readonly<Record<string, unknown>>;

const asObject = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
const asText = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';

function addFeature(value: unknown, row: number, columns: Columns, intake: Intake): void {
  const feature = asObject(value);
  if (feature['type'] !== 'Feature') {
    intake.refuse(row, 'it is no GeoJSON feature');
    return;
  }
  const properties = asObject(feature['properties']);
  const name = asText(properties[columns.name ?? 'name']);
  if (name.trim() === '') {
    intake.leaveOut();
    return;
  }
  // Most tools that make GeoJSON of OpenStreetMap's data leave its tags as they are.
  const tags = Object.fromEntries(
    Object.entries(properties)
      .map(([key, text]) => [key, asText(text)])
      .filter(([, text]) => text),
  );
  const bounds = new Bounds();
  if (!extend(bounds, feature['geometry'], 0)) {
    intake.refuse(row, 'it has no position');
    return;
  }
  const type = columns.type ?? ['type', 'types', 'category'].find((key) => asText(properties[key]) !== '') ?? 'type';
  const ownTypes = columns.type === undefined ? placeTypes(tags) : undefined;
  const address = columns.vicinity ?? ['vicinity', 'address'].find((key) => asText(properties[key]) !== '');
  intake.add(row, {
    name,
    latitude: bounds.latitude,
    longitude: bounds.longitude,
    types: ownTypes ?? typesFrom(asText(properties[type])),
    vicinity: address === undefined ? vicinityOf(tags) : asText(properties[address]),
  });
}

/** Whether the geometry has a position at all, and only such ones. */
function extend(bounds: Bounds, value: unknown, depth: number): boolean {
  if (depth > MOST_DEPTH) return false;
  if (!Array.isArray(value)) {
    const geometry = asObject(value);
    return extendAll(bounds, geometry['coordinates'] ?? geometry['geometries'], depth);
  }
  const [longitude, latitude] = value as unknown[];
  if (typeof longitude !== 'number') return extendAll(bounds, value, depth);
  if (typeof latitude !== 'number') return false;
  bounds.extend(latitude, longitude);
  return true;
}

function extendAll(bounds: Bounds, parts: unknown, depth: number): boolean {
  if (!Array.isArray(parts) || parts.length === 0) return false;
  if (typeof parts[0] === 'number') return extend(bounds, parts, depth);
  return parts.every((part) => extend(bounds, part, depth + 1));
}

async function readCollection(file: string, { columns }: ReadOptions, intake: Intake): Promise<void> {
  const { parser } = await import('stream-json');
  const { pick } = await import('stream-json/filters/pick.js');
  const { streamArray } = await import('stream-json/streamers/stream-array.js');
  const { pipeline } = await import('node:stream/promises');
  const { size } = await stat(file);
  const stream = createReadStream(file, { highWaterMark: 256 * 1024 });
  let row = 0;
  // Values whole, and not in pieces as well: that is half of the time.
  const parsing = parser.asStream({ packValues: true, streamValues: false });
  // Its errors are about the text; those of the stream before it say themselves what they are about.
  parsing.on('error', (error) => {
    error.message = `it is no whole JSON document: ${error.message}`;
  });
  await pipeline(
    stream,
    parsing,
    pick.asStream({ filter: 'features' }),
    streamArray.asStream(),
    async (features: AsyncIterable<{ value: unknown }>) => {
      for await (const { value } of features) {
        row += 1;
        addFeature(value, row, columns, intake);
        if (row % REPORT_EVERY_FEATURES === 0) intake.progress(stream.bytesRead / size);
      }
    },
  );
  if (row === 0) await readSingle(file, size, columns, intake);
}

/** Of a document that is JSON, but no collection. */
async function readSingle(file: string, size: number, columns: Columns, intake: Intake): Promise<void> {
  // A byte order mark is no JSON.
  const value: unknown =
    size > INPUT_LINE_BYTES ? undefined : JSON.parse(new TextDecoder().decode(await readFile(file)));
  if (asObject(value)['type'] !== 'Feature') {
    throw new PlacesError(
      `it is no FeatureCollection with features in it, and no Feature of up to ${INPUT_LINE_BYTES} bytes`,
    );
  }
  addFeature(value, 1, columns, intake);
}

async function readSequence(file: string, { columns }: ReadOptions, intake: Intake): Promise<void> {
  const onLine = (line: string, number: number): void => {
    const text = line.charCodeAt(0) === 0x1e ? line.slice(1) : line;
    if (text.trim() === '') return;
    let feature: unknown;
    try {
      feature = JSON.parse(text);
    } catch {
      intake.refuse(number, 'it is no JSON');
      return;
    }
    addFeature(feature, number, columns, intake);
  };
  await readLines(file, onLine, (share) => intake.progress(share));
}

export const GEOJSON: Format = { name: 'geojson', unit: 'feature', read: readCollection };
export const GEOJSONSEQ: Format = { name: 'geojsonseq', unit: 'line', read: readSequence };
