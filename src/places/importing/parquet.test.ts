import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { SchemaElement } from 'hyparquet';
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';
import { withFolder } from '../made-places.ts';
import { PlacesError } from '../provider.ts';
import { importText } from './made-import.ts';

const text = (name: string): SchemaElement => ({
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

function written(columns: readonly (readonly [SchemaElement[], unknown[]])[]): Uint8Array {
  const columnData = columns.map(([schema, data]) => ({ name: schema[0]?.name ?? '', data }) as ColumnSource);
  const schema = [{ name: 'root', num_children: columns.length }, ...columns.flatMap(([elements]) => elements)];
  return new Uint8Array(parquetWriteBuffer({ columnData, schema, rowGroupSize: 2 }));
}

const foursquare = (): Uint8Array =>
  written([
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

const overture = (): Uint8Array =>
  written([
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

describe('Parquet', () => {
  test('in the shape of Foursquare OS Places: no closed ones, types from the narrowest', () =>
    withFolder(async (folder) => {
      const { found, first } = await importText(folder, 'a.parquet', foursquare());
      assert.deepEqual(found, [
        {
          name: 'Ñandú Café',
          latitude: -349_000_000,
          longitude: -562_000_000,
          types: ['cafe', 'cafe_coffee_and_tea_house', 'dining_and_drinking', 'point_of_interest', 'establishment'],
          vicinity: 'Rincón 1, Montevideo, UY',
        },
      ]);
      assert.deepEqual([first.format, first.leftOut, first.wrong], ['foursquare', 2, 2]);
      assert.deepEqual(first.faults, [
        'row 4: it has no position in decimal degrees',
        'row 5: latitude 91 is not within -90 and 90',
      ]);
    }));

  test('in the shape of Overture: new columns before `categories`, none that is gone for good', () =>
    withFolder(async (folder) => {
      const { found, first } = await importText(folder, 'a.parquet', overture());
      assert.deepEqual(found, [
        {
          name: 'Old',
          latitude: 472_500_000,
          longitude: 96_000_000,
          types: ['museum', 'point_of_interest', 'establishment'],
          vicinity: '',
        },
        {
          name: 'Zoo',
          latitude: 472_500_000,
          longitude: 95_000_000,
          types: ['petting_zoo', 'zoo', 'point_of_interest', 'establishment'],
          vicinity: 'Weg 1, Vaduz',
        },
      ]);
      assert.deepEqual([first.format, first.leftOut], ['overture', 2]);
    }));

  test('of another shape, of no shape, or told to be what it is not, is refused', () =>
    withFolder(async (folder) => {
      const other = written([[[text('title')], ['x']]]);
      await assert.rejects(importText(folder, 'a.parquet', other), /neither those of Foursquare/);
      await assert.rejects(importText(folder, 'a.parquet', 'PAR1 and no more'), /it is no whole Parquet file/);
      const wishes = { format: 'foursquare' };
      await assert.rejects(importText(folder, 'a.parquet', overture(), wishes), /it has no column fsq_place_id/);
    }));

  test('property: cut short or altered, it is refused or read, and the old set stays', () =>
    withFolder(async (folder) => {
      const whole = foursquare();
      await importText(folder, 'a.parquet', whole);
      const output = path.join(folder, 'out.places');
      await fc.assert(
        fc.asyncProperty(
          fc.nat({ max: whole.length - 1 }),
          fc.integer({ min: 0, max: 255 }),
          async (at, difference) => {
            const damaged = Buffer.from(difference === 0 ? whole.subarray(0, at) : whole);
            if (difference !== 0) damaged[at] = (damaged[at] ?? 0) ^ difference;
            const before = await readFile(output);
            const outcome = await importText(folder, 'a.parquet', damaged).catch((error: unknown) => error);
            if (!(outcome instanceof PlacesError)) return assert.ok((outcome as { places: number }).places >= 1);
            return assert.deepEqual(await readFile(output), before);
          },
        ),
        { numRuns: 300 },
      );
      await writeFile(output, '');
    }));
});
