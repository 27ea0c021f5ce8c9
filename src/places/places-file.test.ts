import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFile, readFile, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { CHUNK_PLACES } from './limits.ts';
import { type MadePlace, readPlaces, withFolder, writeMadePlaces } from './made-places.ts';
import { PlacesFile, placesFileFault } from './places-file.ts';
import { PlacesError } from './provider.ts';

const byName = (one: { name: string }, other: { name: string }): number => (one.name < other.name ? -1 : 1);

describe('a .places file', () => {
  test('property: gives back what was written, none twice', async () => {
    const texts = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((text) => text.trim() === text);
    const places = fc.uniqueArray(
      fc.record({
        name: texts.filter((text) => text !== '' && !text.includes('\ufffd')),
        latitude: fc.integer({ min: -900_000_000, max: 900_000_000 }),
        longitude: fc.integer({ min: -1_800_000_000, max: 1_800_000_000 }),
        types: fc.array(fc.constantFrom('a', 'b', 'constructor'), { minLength: 1, maxLength: 3 }),
        vicinity: fc.oneof(texts, fc.constant('')),
      }),
      { selector: ({ name }) => name, maxLength: 40 },
    );
    await withFolder(async (folder) => {
      const file = path.join(folder, 'a.places');
      const property = fc.asyncProperty(places, async (units) => {
        const degrees = units.map((place) => ({
          ...place,
          latitude: place.latitude / 1e7,
          longitude: place.longitude / 1e7,
        }));
        const { places: count, duplicates } = writeMadePlaces(file, [...degrees, ...degrees]);
        assert.deepEqual([count, duplicates], [units.length, units.length]);
        assert.deepEqual((await readPlaces(file)).sort(byName), units.map((place) => ({ ...place })).sort(byName));
      });
      await fc.assert(property);
    });
  });

  test('of more places than a chunk holds has them all, each within its box; at one spot as well', async () => {
    const crowd: MadePlace[] = Array.from({ length: 2 * CHUNK_PLACES + 100 }, (_, at) => ({
      name: `P${at}`,
      latitude: at < CHUNK_PLACES ? 1 : ((at * 7919) % 1700) / 10 - 85,
      longitude: at < CHUNK_PLACES ? 2 : ((at * 104729) % 3500) / 10 - 175,
    }));
    await withFolder(async (folder) => {
      const path_ = path.join(folder, 'a.places');
      writeMadePlaces(path_, [...crowd, ...crowd.slice(0, 50)]);
      const names = (await readPlaces(path_)).map((place) => place.name);
      assert.deepEqual(names.sort(), crowd.map((place) => place.name).sort());
      const file = PlacesFile.open(path_);
      assert.ok(file.chunks > 3);
      for (let at = 0; at < file.chunks; at += 1) {
        const { coordinates } = await file.readChunk(at);
        for (let each = 0; each < coordinates.length; each += 2) {
          const [longitude = NaN, latitude = NaN] = coordinates.subarray(each, each + 2);
          assert.ok(longitude >= file.west(at) && longitude <= file.east(at));
          assert.ok(latitude >= file.south(at) && latitude <= file.north(at));
        }
      }
      file.close();
    });
  });

  test('may hold no place at all', async () => {
    await withFolder(async (folder) => {
      const file = path.join(folder, 'a.places');
      writeMadePlaces(file, []);
      assert.deepEqual(await readPlaces(file), []);
    });
  });

  test('can be replaced while it is open: who opened it reads the old one on', async () => {
    await withFolder(async (folder) => {
      const path_ = path.join(folder, 'a.places');
      writeMadePlaces(path_, [{ name: 'old', latitude: 0, longitude: 0 }]);
      const file = PlacesFile.open(path_);
      writeMadePlaces(path_, [{ name: 'the new one', latitude: 0, longitude: 0 }]);
      assert.equal(Buffer.from((await file.readChunk(0)).names).toString(), 'old');
      const [reading] = [file.readChunk(0), file.close()];
      assert.equal((await reading).places, 1);
      await assert.rejects(file.readChunk(0), PlacesError);
    });
  });
});

describe('a damaged .places file is refused', () => {
  let whole: Buffer;
  before(() =>
    withFolder(async (folder) => {
      const file = path.join(folder, 'a.places');
      writeMadePlaces(file, [
        { name: 'Ñuñoa', latitude: -33.4543, longitude: -70.6005, vicinity: 'Santiago, Chile' },
        { name: 'Null Island', latitude: 0, longitude: 0 },
      ]);
      whole = await readFile(file);
    }),
  );

  /** Opens and reads all of it. */
  const readDamaged = async (bytes: Uint8Array): Promise<void> =>
    withFolder(async (folder) => {
      const file = path.join(folder, 'a.places');
      await writeFile(file, bytes);
      await readPlaces(file);
    });

  test('property: cut short anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: whole.length - 1 }), (length) =>
        assert.rejects(readDamaged(whole.subarray(0, length)), PlacesError),
      ),
    );
  });

  test('property: altered in any byte', async () => {
    const bytes = fc.nat({ max: whole.length - 1 });
    await fc.assert(
      fc.asyncProperty(bytes, fc.integer({ min: 1, max: 255 }), async (at, difference) => {
        const altered = Buffer.from(whole);
        altered[at] = (altered[at] ?? 0) ^ difference;
        await assert.rejects(readDamaged(altered), PlacesError);
      }),
      { numRuns: 500 },
    );
  });

  test('with words that say which file and why', () =>
    withFolder(async (folder) => {
      const fault = async (bytes: Uint8Array | string): Promise<string | undefined> => {
        const file = path.join(folder, 'x.places');
        await writeFile(file, bytes);
        return placesFileFault(file)?.replace(folder, '');
      };
      assert.match(placesFileFault('/nonexistent/x.places') ?? '', /x\.places cannot be used: there is no such file/);
      execFileSync('mkfifo', [path.join(folder, 'pipe')]);
      for (const none of [folder, path.join(folder, 'pipe')]) {
        assert.match(placesFileFault(none) ?? '', /cannot be used: it is a folder, a pipe or the like/);
      }
      assert.match((await fault('')) ?? '', /it is not a \.places file: make one with 'drover places import'/);
      assert.match((await fault('<!doctype html>')) ?? '', /it is not a \.places file/);
      assert.match((await fault(whole.subarray(0, -1))) ?? '', /it is cut short or has grown/);
      const older = Buffer.from(whole);
      older[8] = 1;
      assert.match((await fault(older)) ?? '', /it is of version 1, and version 2 is needed: import it again/);
      assert.equal(await fault(whole), undefined);
    }));

  test('also when it becomes shorter while it is open', () =>
    withFolder(async (folder) => {
      const [one, other] = [path.join(folder, 'a.places'), path.join(folder, 'b.places')];
      await writeFile(one, whole);
      await copyFile(one, other);
      const file = PlacesFile.open(other);
      after(() => file.close());
      await truncate(other, 100);
      await assert.rejects(file.readChunk(0), /it became shorter/);
    }));
});
