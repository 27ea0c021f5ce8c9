import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { withFolder } from '../made-places.ts';
import { PlacesError } from '../provider.ts';
import { Intake } from './intake.ts';
import { importFiles, importText } from './made-import.ts';
import { type MadeOsm, madeOsm } from './made-osm.ts';
import { OPENSTREETMAP } from './openstreetmap.ts';
import { type ImportedPlace, PlaceRows } from './place-rows.ts';

const LIECHTENSTEIN = fileURLToPath(new URL('../../../../test-data/liechtenstein-2013-08-03.osm.pbf', import.meta.url));

/** Remembers what each place was. */
class LabelledIntake extends Intake {
  readonly labels: string[] = [];
  override add(row: number | string, place: ImportedPlace): void {
    this.labels.push(String(row));
    super.add(row, place);
  }
}

describe('a country out of OpenStreetMap', () => {
  test('has its named points of interest, as nodes, ways and relations', async () => {
    const rows = new PlaceRows();
    const { origin } = OPENSTREETMAP;
    assert.ok(origin);
    const source = rows.addSource({ ...origin, html: '', version: '2013' });
    const intake = new LabelledIntake(rows, source, OPENSTREETMAP.unit, () => {});
    await OPENSTREETMAP.read(LIECHTENSTEIN, { columns: {}, delimiter: ',' }, intake);
    const of = (kind: string): number => intake.labels.filter((label) => label.startsWith(kind)).length;
    assert.deepEqual([of('node'), of('way'), of('relation'), intake.wrong], [198, 80, 3, 0]);
  });

  test('has them where they are', () =>
    withFolder(async (folder) => {
      const { found, places, duplicates, first } = await importFiles([LIECHTENSTEIN], path.join(folder, 'li.places'));
      assert.deepEqual([places, duplicates, first.format], [280, 1, 'osm']);
      const museum = found.find((place) => place.name === 'Kunstmuseum Liechtenstein');
      assert.equal(museum?.vicinity, 'Städtle 32, Vaduz');
      assert.equal(museum?.types[0], 'museum');
      // A way: 47.1397 N, 9.5218 E is in front of its door.
      assert.ok(Math.abs((museum?.latitude ?? 0) - 471_397_000) < 10_000);
      assert.ok(Math.abs((museum?.longitude ?? 0) - 95_218_000) < 10_000);
      // The country, and a little around it.
      for (const { latitude, longitude } of found) {
        assert.ok(latitude > 46.9e7 && latitude < 47.4e7 && longitude > 9.3e7 && longitude < 9.8e7);
      }
    }));

  test('twice is there once', () =>
    withFolder(async (folder) => {
      const copy = path.join(folder, 'copy.pbf');
      await writeFile(copy, await readFile(LIECHTENSTEIN));
      const { places, duplicates } = await importFiles([LIECHTENSTEIN, copy], path.join(folder, 'li.places'));
      assert.deepEqual([places, duplicates], [280, 282]);
    }));
});

const CAFE = { name: 'Café', amenity: 'cafe' };
const SQUARE = [
  { id: 7, latitude: 10, longitude: 20 },
  { id: 3, latitude: 10.5, longitude: 20.25 },
  { id: 5, latitude: 11, longitude: 21 },
];

describe('OSM PBF', () => {
  for (const plain of [false, true]) {
    test(`ways and relations stand in the middle of their boxes, in whichever order nodes come (${plain ? 'plain' : 'dense'})`, () =>
      withFolder(async (folder) => {
        const made: MadeOsm = {
          nodes: [
            ...SQUARE,
            { id: 1, latitude: -1.5, longitude: -2.25, tags: { ...CAFE, name: 'Node', 'addr:city': 'Ürik' } },
          ],
          ways: [
            { id: 100, refs: [7, 3], tags: { ...CAFE, name: 'Way' } },
            { id: 101, refs: [3, 5] },
            { id: 102, refs: [99], tags: { ...CAFE, name: 'elsewhere' } },
            { id: 103, refs: [7], tags: { name: 'Street', highway: 'residential' } },
          ],
          relations: [
            {
              id: 200,
              members: [
                [1, 101],
                [0, 7],
                [2, 201],
              ],
              tags: { ...CAFE, name: 'Relation' },
            },
          ],
          plain,
        };
        const { found, first } = await importText(folder, 'a.osm.pbf', madeOsm(made));
        const summary = found.map(({ name, latitude, longitude }) => [name, latitude / 1e7, longitude / 1e7]);
        assert.deepEqual(summary, [
          ['Node', -1.5, -2.25],
          ['Relation', 10.5, 20.5],
          ['Way', 10.25, 20.125],
        ]);
        assert.equal(found[0]?.vicinity, 'Ürik');
        assert.deepEqual(first.faults, ['way 102: none of its nodes is in the file']);
      }));
  }

  test('a way across the antimeridian stands there, and not on the other side of the earth', () =>
    withFolder(async (folder) => {
      const nodes = [
        { id: 1, latitude: 0, longitude: 179.9 },
        { id: 2, latitude: 0, longitude: -179.7 },
      ];
      const { found } = await importText(
        folder,
        'a.osm.pbf',
        madeOsm({ nodes, ways: [{ id: 1, refs: [1, 2], tags: CAFE }] }),
      );
      assert.equal(found[0]?.longitude, -179.9e7);
    }));

  test('what is not named, or nothing that is looked for, is no place', () =>
    withFolder(async (folder) => {
      const tags = [
        { amenity: 'cafe' },
        { name: 'Bench', amenity: 'bench' },
        { name: 'constructor', amenity: 'constructor' },
      ];
      const nodes = [...tags, CAFE].map((own, id) => ({ id: id + 1, latitude: 0, longitude: 0, tags: own }));
      const { found, first } = await importText(folder, 'a.osm.pbf', madeOsm({ nodes }));
      assert.deepEqual(
        found.map((place) => place.name),
        ['Café', 'constructor'],
      );
      assert.equal(first.leftOut, 1);
    }));
});

describe('an OSM PBF file that is none, or damaged, is refused', () => {
  const whole = madeOsm({
    nodes: [{ id: 1, latitude: 1, longitude: 2, tags: CAFE }],
    ways: [{ id: 1, refs: [1], tags: CAFE }],
  });
  const refusals: [string, string | Uint8Array, RegExp][] = [
    ['a page', '<!doctype html><html></html>', /it is no OSM PBF file/],
    ['nothing', '', /it is empty/],
    ['no places', madeOsm({ nodes: SQUARE }), /there is nothing in it/],
    ['history', madeOsm({ features: ['HistoricalInformation'] }), /a reader that knows HistoricalInformation/],
  ];
  for (const [what, content, message] of refusals) {
    test(what, () =>
      withFolder((folder) =>
        assert.rejects(importText(folder, 'a.osm.pbf', content), { name: 'PlacesError', message }),
      ),
    );
  }

  test('property: cut short anywhere', () =>
    withFolder((folder) =>
      fc.assert(
        fc.asyncProperty(fc.nat({ max: whole.length - 1 }), async (length) => {
          // Whole blocks may be missing at the end; nobody can know that.
          const outcome = await importText(folder, 'a.osm.pbf', whole.subarray(0, length)).catch(
            (error: unknown) => error,
          );
          assert.ok(outcome instanceof PlacesError || (outcome as { places: number }).places === 1);
        }),
      ),
    ));

  test('property: altered in any byte, it is refused or read, and nothing worse', () =>
    withFolder((folder) =>
      fc.assert(
        fc.asyncProperty(
          fc.nat({ max: whole.length - 1 }),
          fc.integer({ min: 1, max: 255 }),
          async (at, difference) => {
            const altered = Buffer.from(whole);
            altered[at] = (altered[at] ?? 0) ^ difference;
            const outcome = await importText(folder, 'a.osm.pbf', altered).catch((error: unknown) => error);
            assert.ok(outcome instanceof PlacesError || (outcome as { places: number }).places >= 1);
          },
        ),
        { numRuns: 300 },
      ),
    ));
});
