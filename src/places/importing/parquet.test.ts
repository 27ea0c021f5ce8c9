import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { asyncBufferFromFile, parquetMetadataAsync } from 'hyparquet';
import { withFolder } from '../made-places.ts';
import { PlacesError } from '../provider.ts';
import { importText } from './made-import.ts';
import { madeFoursquare, madeOverture, text, writtenParquet } from './made-parquet.ts';
import { checkMemory } from './parquet-guard.ts';

describe('Parquet', () => {
  test('in the shape of Foursquare OS Places: no closed ones, types from the narrowest', () =>
    withFolder(async (folder) => {
      const { found, first } = await importText(folder, 'a.parquet', madeFoursquare());
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
      const { found, first } = await importText(folder, 'a.parquet', madeOverture());
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
      const other = writtenParquet([[[text('title')], ['x']]]);
      await assert.rejects(importText(folder, 'a.parquet', other), /neither those of Foursquare/);
      await assert.rejects(importText(folder, 'a.parquet', 'PAR1 and no more'), /it is no whole Parquet file/);
      const wishes = { format: 'foursquare' };
      await assert.rejects(importText(folder, 'a.parquet', madeOverture(), wishes), /it has no column fsq_place_id/);
    }));

  test('of row groups that do not fit into memory is refused before it ends the program', () =>
    withFolder(async (folder) => {
      const file = path.join(folder, 'a.parquet');
      await writeFile(file, madeOverture());
      const metadata = await parquetMetadataAsync(await asyncBufferFromFile(file));
      checkMemory(metadata, 1000, 2000);
      const message = 'its row groups of 2 rows need 1 MiB of memory: set NODE_OPTIONS=--max-old-space-size=1';
      assert.throws(() => checkMemory(metadata, 1000, 1999), { name: 'PlacesError', message });
    }));

  test('property: cut short or altered, it is refused or read, and the old set stays', () =>
    withFolder(async (folder) => {
      const whole = madeFoursquare();
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
