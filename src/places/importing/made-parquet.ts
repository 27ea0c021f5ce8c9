// Parquet files in the shapes of Foursquare OS Places and Overture places, with a few rows of each kind, for tests.
import type { SchemaElement } from 'hyparquet';
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';

export const text = (name: string): SchemaElement => ({
  name,
  type: 'BYTE_ARRAY',
  converted_type: 'UTF8',
  repetition_type: 'OPTIONAL',
});
const group = (name: string, ...children: SchemaElement[][]): SchemaElement[] => [
  { name, num_children: children.length, repetition_type: 'OPTIONAL' },
  ...children.flat(),
];
const list = (name: string, element: SchemaElement[]): SchemaElement[] => [
  { name, converted_type: 'LIST', num_children: 1, repetition_type: 'OPTIONAL' },
  { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
  ...element,
];
const number = (name: string): SchemaElement => ({ name, type: 'DOUBLE', repetition_type: 'OPTIONAL' });

export function writtenParquet(columns: readonly (readonly [SchemaElement[], unknown[]])[]): Uint8Array {
  const columnData = columns.map(([schema, data]) => ({ name: schema[0]?.name ?? '', data }) as ColumnSource);
  const schema = [{ name: 'root', num_children: columns.length }, ...columns.flatMap(([elements]) => elements)];
  return new Uint8Array(parquetWriteBuffer({ columnData, schema, rowGroupSize: 2 }));
}

export const madeFoursquare = (): Uint8Array =>
  writtenParquet([
    [[text('fsq_place_id')], ['a', 'b', 'c', 'd', 'e']],
    [[text('name')], ['Ñandú Café', 'Closed', null, 'Lost', 'Wrong']],
    [[number('latitude')], [-34.9, 1, 1, null, 91]],
    [[number('longitude')], [-56.2, 1, 1, 1, 1]],
    [[text('address')], ['Rincón 1', null, null, null, null]],
    [[text('locality')], ['Montevideo', null, null, null, null]],
    [[text('country')], ['UY', null, null, null, null]],
    [[text('date_closed')], [null, '2024-01-02', null, null, null]],
    [[text('website')], ['https://example.org', null, null, null, null]],
    [
      list('fsq_category_labels', [text('element')]),
      [['Dining and Drinking > Cafe, Coffee, and Tea House > Café'], null, null, null, null],
    ],
  ]);

export const madeOverture = (): Uint8Array =>
  writtenParquet([
    [[text('id')], ['a', 'b', 'c', 'd']],
    [
      group('names', [text('primary')], list('rules', group('element', [text('value')]))),
      [{ primary: 'Zoo', rules: [{ value: 'x' }] }, { primary: 'Old' }, { primary: 'Gone' }, null],
    ],
    [group('categories', [text('primary')]), [{ primary: 'wrong' }, { primary: 'museum' }, { primary: 'bar' }, null]],
    [[text('basic_category')], ['zoo', null, 'bar', null]],
    [group('taxonomy', [text('primary')]), [{ primary: 'petting_zoo' }, null, null, null]],
    [
      group('bbox', [number('xmin')], [number('xmax')], [number('ymin')], [number('ymax')]),
      [9.5, 9.6, 9.7, 9.8].map((x) => ({ xmin: x, xmax: x, ymin: 47.25, ymax: 47.25 })),
    ],
    [
      list('addresses', group('element', [text('freeform')], [text('locality')])),
      [[{ freeform: 'Weg 1', locality: 'Vaduz' }], null, null, null],
    ],
    [[text('operating_status')], ['open', 'temporarily_closed', 'permanently_closed', 'open']],
  ]);
