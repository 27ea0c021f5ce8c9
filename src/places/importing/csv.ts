// CSV with a first line of column names. Knows which columns may be meant; nothing of other formats.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type CsvError, type InfoRecord, parse } from 'csv-parse';
import { INPUT_LINE_BYTES } from '../limits.ts';
import { PlacesError } from '../provider.ts';
import { type Columns, decimalFrom, type Format, type ReadOptions, typesFrom } from './format.ts';
import type { Intake } from './intake.ts';

/** What columns are mostly called, in any case. */
const USUAL_NAMES: Readonly<Record<keyof Columns, readonly string[]>> = {
  name: ['name', 'title'],
  latitude: ['latitude', 'lat', 'y'],
  longitude: ['longitude', 'lon', 'lng', 'long', 'x'],
  type: ['type', 'types', 'category', 'categories'],
  vicinity: ['vicinity', 'address'],
};
const NEEDED: readonly (keyof Columns)[] = ['name', 'latitude', 'longitude'];
const SHOWN_COLUMNS = 12;
const UNCLOSED = 'is a quote not closed?';
const REPORT_EVERY_ROWS = 10_000;

type Found = Readonly<Record<keyof Columns, number>>;

/** Where each column is, -1 for one that is missing and need not be there. @throws {PlacesError} when a needed one is missing */
function columnsIn(header: readonly string[], given: Columns): Found {
  const lower = header.map((column) => column.trim().toLowerCase());
  const find = (what: keyof Columns): number => {
    const name = given[what];
    const at =
      name === undefined
        ? (USUAL_NAMES[what].map((usual) => lower.indexOf(usual)).find((found) => found >= 0) ?? -1)
        : lower.indexOf(name.trim().toLowerCase());
    if (at >= 0 && lower.indexOf(lower[at] as string, at + 1) >= 0) {
      throw new PlacesError(`its first line has the column ${JSON.stringify(header[at])} twice`);
    }
    if (at >= 0 || (name === undefined && !NEEDED.includes(what))) return at;
    const shown = header.slice(0, SHOWN_COLUMNS).map((column) => JSON.stringify(column.slice(0, 40)));
    const there = `${shown.join(', ')}${header.length > SHOWN_COLUMNS ? ', ...' : ''}`;
    const hint = /[;\t|]/.test(header.join()) ? '; --delimiter says what is between columns' : '';
    throw new PlacesError(`it has no column ${JSON.stringify(name ?? what)}; its first line has ${there}${hint}`);
  };
  return {
    name: find('name'),
    latitude: find('latitude'),
    longitude: find('longitude'),
    type: find('type'),
    vicinity: find('vicinity'),
  };
}

async function read(file: string, { columns, delimiter }: ReadOptions, intake: Intake): Promise<void> {
  const { size } = await stat(file);
  let lastLine = 0;
  const skipped = (error: CsvError | undefined): undefined => {
    if (error === undefined) return;
    // Each of the two has swallowed nobody knows how many rows: that is no wrong row.
    if (error.code === 'CSV_MAX_RECORD_SIZE') {
      throw new PlacesError(
        `the row behind line ${lastLine} is longer than ${INPUT_LINE_BYTES} characters: ${UNCLOSED}`,
      );
    }
    if (error.code === 'CSV_QUOTE_NOT_CLOSED')
      throw new PlacesError(`the row behind line ${lastLine} has no end: ${UNCLOSED}`);
    intake.refuse(Number(error['lines']), error.message.replace(/ on line \d+.*| at line \d+.*/, ''));
  };
  const parser = parse({
    bom: true,
    delimiter,
    info: true,
    max_record_size: INPUT_LINE_BYTES,
    on_record: (record: string[], { lines }: InfoRecord) => {
      lastLine = lines;
      return record;
    },
    on_skip: skipped,
    relax_column_count: true,
    // A quote inside a value is a letter (5" pipe): whoever refuses it loses rows behind it as well.
    relax_quotes: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
  });
  const stream = createReadStream(file);
  stream.on('error', (error) => parser.destroy(error));
  let found: Found | undefined;
  let length = 0;
  let count = 0;
  try {
    for await (const { record, info } of stream.pipe(parser) as AsyncIterable<{ record: string[]; info: InfoRecord }>) {
      if (found === undefined) {
        found = columnsIn(record, columns);
        length = record.length;
        continue;
      }
      if (record.length !== length)
        intake.refuse(info.lines, `it has ${record.length} columns, the first line ${length}`);
      else intake.add(info.lines, placeFrom(record, found));
      count += 1;
      if (count % REPORT_EVERY_ROWS === 0) intake.progress(info.bytes / size);
    }
  } finally {
    stream.destroy();
  }
}

function placeFrom(record: readonly string[], found: Found): Parameters<Intake['add']>[1] {
  return {
    name: record[found.name] ?? '',
    latitude: decimalFrom(record[found.latitude] ?? ''),
    longitude: decimalFrom(record[found.longitude] ?? ''),
    types: typesFrom(record[found.type] ?? ''),
    vicinity: record[found.vicinity] ?? '',
  };
}

export const CSV: Format = { name: 'csv', unit: 'line', read };
