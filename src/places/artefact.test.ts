import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseArtefact, readArtefact } from './artefact.ts';
import { alone, madeArtefact, nameOf } from './made-places.ts';
import { PlacesError } from './provider.ts';

const whole = await madeArtefact([
  { name: 'Ñuñoa', latitude: -33.4543, longitude: -70.6005, vicinity: 'Santiago, Chile' },
  { name: 'Null Island', latitude: 0, longitude: 0 },
]);

describe('an artefact', () => {
  test('gives back what was written', () => {
    const artefact = parseArtefact(alone(whole));
    const rows = Array.from({ length: artefact.places }, (_, row) => row);
    assert.deepEqual(rows.map((row) => nameOf(artefact, row)).sort(), ['Null Island', 'Ñuñoa']);
    const row = rows.find((each) => nameOf(artefact, each) === 'Ñuñoa') ?? 0;
    assert.deepEqual([...artefact.coordinates.slice(row * 2, row * 2 + 2)], [-706005000, -334543000]);
    const vicinity = artefact.vicinityNumbers[row] ?? 0;
    const { vicinities, vicinityOffsets } = artefact;
    const text = Buffer.from(vicinities.subarray(vicinityOffsets[vicinity], vicinityOffsets[vicinity + 1])).toString();
    assert.equal(text, 'Santiago, Chile');
    assert.deepEqual(artefact.kinds, [{ source: 0, types: ['locality', 'political'] }]);
    assert.equal(artefact.sources[0]?.places, 2);
  });

  test('of the same places is the same bytes, whatever their order, and holds no place twice', async () => {
    const places = Array.from({ length: 300 }, (_, at) => ({
      name: `P${at % 290}`,
      latitude: at % 29,
      longitude: at % 10,
    }));
    const written = await madeArtefact(places);
    assert.ok(written.equals(await madeArtefact(places.reverse())));
    assert.equal(parseArtefact(alone(written)).places, 290);
  });

  test('may hold no place at all', async () => {
    assert.equal(parseArtefact(alone(await madeArtefact([]))).places, 0);
  });
});

describe('a damaged artefact is refused', () => {
  test('property: cut short anywhere', () => {
    fc.assert(
      fc.property(fc.nat({ max: whole.length - 1 }), (length) => {
        assert.throws(() => parseArtefact(alone(whole.subarray(0, length))), PlacesError);
      }),
    );
  });

  test('property: altered in any byte', () => {
    fc.assert(
      fc.property(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, difference) => {
        const altered = Buffer.from(whole);
        altered[at] = (altered[at] ?? 0) ^ difference;
        // The header's length is not summed: a wrong one must still not get through.
        assert.throws(() => parseArtefact(alone(altered)));
      }),
    );
  });

  test('with words that say which file and why', async () => {
    const missing = '/nonexistent/x.places';
    await assert.rejects(readArtefact(missing), (error) => {
      assert.ok(error instanceof PlacesError);
      assert.match(error.message, /x\.places cannot be used: ENOENT/);
      return true;
    });
  });
});
