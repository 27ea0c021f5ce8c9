// Looks over a Parquet file before it is read: sizes and counts that a damaged file has would have the reader make rows without end.
// Knows the format's headers; nothing of what is in the columns.
import type { AsyncBuffer, FileMetaData } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { PARQUET_GROUP_ROWS, PARQUET_PAGE_BYTES } from '../limits.ts';
import { PlacesError } from '../provider.ts';

type Group = FileMetaData['row_groups'][number];
type Column = NonNullable<Group['columns'][number]['meta_data']>;

function demand(isSo: boolean): void {
  if (!isSo) throw new PlacesError('a count or size in it cannot be right: it is damaged');
}

/** @throws {PlacesError} when the counts of rows do not agree, or a column is not within the file */
export function checkMetadata(metadata: FileMetaData, fileBytes: number): void {
  let rows = 0;
  for (const group of metadata.row_groups) {
    const count = Number(group.num_rows);
    demand(count >= 0 && count <= PARQUET_GROUP_ROWS);
    rows += count;
    for (const { meta_data: column } of group.columns) {
      if (column === undefined) throw new PlacesError('a column has no description: it is damaged');
      const { start, bytes } = extentOf(column);
      demand(start >= 4 && bytes >= 0 && start + bytes <= fileBytes);
      demand(Number(column.num_values) >= 0 && Number(column.num_values) <= PARQUET_GROUP_ROWS);
    }
  }
  demand(rows === Number(metadata.num_rows));
}

/**
 * A group is read as a whole, and Node ends without a word that would help when it has no memory left.
 * @throws {PlacesError} when a group is too large for `heapBytes`, at so many bytes a row
 */
export function checkMemory(metadata: FileMetaData, rowBytes: number, heapBytes: number): void {
  const rows = Math.max(0, ...metadata.row_groups.map((group) => Number(group.num_rows)));
  if (rows * rowBytes <= heapBytes) return;
  const mebibytes = Math.ceil((rows * rowBytes) / 2 ** 20);
  throw new PlacesError(
    `its row groups of ${rows} rows need ${mebibytes} MiB of memory: set NODE_OPTIONS=--max-old-space-size=${mebibytes}`,
  );
}

/** The pages of a group's columns. Rejects when one is larger or has more values than its column can have. */
export async function checkPages(file: AsyncBuffer, group: Group): Promise<void> {
  for (const { meta_data: column } of group.columns) {
    if (column === undefined) continue;
    const { start, bytes } = extentOf(column);
    const view = new DataView(await file.slice(start, start + bytes));
    const reader = { view, offset: 0 };
    for (let values = 0; reader.offset < bytes && values < Number(column.num_values); ) {
      const header = parquetHeader(reader);
      const { compressed_page_size: compressed, uncompressed_page_size: uncompressed } = header;
      demand(compressed >= 0 && reader.offset + compressed <= bytes);
      demand(uncompressed >= 0 && uncompressed <= PARQUET_PAGE_BYTES);
      reader.offset += compressed;
      const page = header.data_page_header ?? header.data_page_header_v2;
      const count = page?.num_values ?? header.dictionary_page_header?.num_values ?? 0;
      demand(count >= 0 && count <= Number(column.num_values));
      if (header.data_page_header_v2) {
        const { num_nulls, num_rows, definition_levels_byte_length, repetition_levels_byte_length } =
          header.data_page_header_v2;
        demand(num_nulls >= 0 && num_nulls <= count && num_rows >= 0 && num_rows <= count);
        demand(definition_levels_byte_length >= 0 && repetition_levels_byte_length >= 0);
        demand(definition_levels_byte_length + repetition_levels_byte_length <= compressed);
      }
      if (page !== undefined) {
        demand(count > 0 || Number(column.num_values) === 0);
        values += count;
      }
    }
  }
}

function extentOf(column: Column): { start: number; bytes: number } {
  const data = Number(column.data_page_offset);
  const dictionary = Number(column.dictionary_page_offset ?? 0);
  const start = dictionary > 0 && dictionary < data ? dictionary : data;
  return { start, bytes: Number(column.total_compressed_size) };
}
