import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Command, CommanderError } from 'commander';
import { type Attribution, PlacesError, type PlacesProvider, type PlacesQuery } from '../places/provider.ts';
import { CommandError } from './failure.ts';
import { addPlacesCommands } from './places.ts';

const UCLA = '34.068930,-118.445127';

interface Run {
  readonly output: string;
  readonly errors: string;
  readonly exitCode: number;
}

async function run(words: readonly string[], provider?: PlacesProvider): Promise<Run> {
  let output = '';
  let errors = '';
  const program = new Command('drover').exitOverride().configureOutput({
    writeErr: (text) => {
      errors += text;
    },
  });
  const write = (text: string): void => {
    output += text;
  };
  addPlacesCommands(program, { write, ...(provider && { openProvider: async () => provider }) });
  try {
    await program.parseAsync(['places', ...words], { from: 'user' });
    return { output, errors, exitCode: 0 };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { output, errors, exitCode: error.exitCode };
  }
}

/** Answers with one place of an evil name, and keeps what it was asked. */
class RecordingProvider implements PlacesProvider {
  readonly name = 'recording';
  readonly queries: PlacesQuery[] = [];
  closed = 0;
  near(query: PlacesQuery): Uint8Array {
    this.queries.push(query);
    const results = [
      { name: 'a\u001b[2J\nb\u202e', geometry: { location: { lat: query.latitude, lng: query.longitude } } },
    ];
    return Buffer.from(JSON.stringify({ results, status: 'OK' }));
  }
  async about(): Promise<readonly Attribution[]> {
    return [];
  }
  close(): void {
    this.closed += 1;
  }
}

describe('places near', () => {
  test('prints a table, nearest first', async () => {
    const { output } = await run(['near', UCLA, '--limit', '2']);
    assert.equal(
      output,
      '1.64 km  Bel Air   locality  Los Angeles County, California, United States\n' +
        '1.95 km  Westwood  locality  Los Angeles County, California, United States\n',
    );
  });

  test('prints the document itself when asked', async () => {
    const { output } = await run(['near', UCLA, '--json']);
    assert.ok(output.startsWith('{\n   "html_attributions" : ['));
    assert.ok((JSON.parse(output) as { results: unknown[] }).results.length >= 15);
  });

  test('takes a position that begins with a minus, before and after options', async () => {
    for (const words of [
      ['near', '-33.86,151.2', '--limit', '3'],
      ['near', '--limit', '3', '-33.86,151.2'],
      ['near', '--limit=3', '--', '-33.86,151.2'],
    ]) {
      assert.match((await run(words)).output, /New South Wales, Australia/);
    }
  });

  test('hands the query on with its defaults, and closes the provider', async () => {
    const provider = new RecordingProvider();
    await run(['near', '+034.50,-.5'], provider);
    const position = { latitude: 34.5, longitude: -0.5, latitudeLongitude: '34.50,-0.5' };
    assert.deepEqual(provider.queries, [{ ...position, radiusKm: 10, limit: 20 }]);
    await run(['near', '0,0', '--radius', '0.5', '--limit', '0', '--type', 'cafe'], provider);
    const asked = { latitude: 0, longitude: 0, latitudeLongitude: '0,0', radiusKm: 0.5, limit: 0, type: 'cafe' };
    assert.deepEqual(provider.queries[1], asked);
    assert.equal(provider.closed, 2);
  });

  test('a name cannot move the cursor', async () => {
    const { output } = await run(['near', '1,2'], new RecordingProvider());
    assert.equal(output, '0.00 km  a\\u{1b}[2J\\u{a}b\\u{202e}\n');
  });

  test('places that cannot be used are a failure in one line, not a fault of Drover', async () => {
    const provider = new RecordingProvider();
    provider.near = () => {
      throw new PlacesError('the file is cut short');
    };
    const error = await run(['near', '1,2'], provider).catch((reason: unknown) => reason);
    assert.ok(error instanceof CommandError && error.message === 'the file is cut short');
    assert.equal(provider.closed, 1);
  });

  test('says when there is nothing', async () => {
    assert.equal((await run(['near', '0,-150'])).output, 'No places (ZERO_RESULTS).\n');
  });

  const mistakes: [string[], RegExp][] = [
    [['near', '34.06'], /'34.06' is not a position; write decimal degrees as LAT,LON/],
    [['near', '34.06;-118'], /is not a position/],
    [['near', '1e1,2'], /is not a position/],
    [['near', '91,0'], /latitude 91/],
    [['near', '-90.5,0'], /latitude -90.5/],
    [['near', '0,-180.5'], /longitude -180.5/],
    [['near', '34.06', '-118.4'], /'-118.4' is too many/],
    [['near', UCLA, '--radius', '51'], /--radius '51' is not a number of km from 0 to 50/],
    [['near', UCLA, '--radius', '-1'], /--radius '-1'/],
    [['near', UCLA, '--radius', '1e1'], /--radius '1e1'/],
    [['near', UCLA, '--limit', '21'], /--limit '21' is not a whole number from 0 to 20/],
    [['near', UCLA, '--limit', '1.5'], /--limit '1.5'/],
    [['near', UCLA, '--bogus'], /unknown option '--bogus'/],
    [['near', UCLA, '-x'], /unknown option '-x'/],
  ];
  for (const [words, message] of mistakes) {
    test(`a mistake is named and is exit code 2: ${words.join(' ')}`, async () => {
      const { output, errors, exitCode } = await run(words);
      assert.equal(exitCode, 2);
      assert.equal(output, '');
      assert.match(errors, message);
    });
  }
});

describe('places about', () => {
  test('names sources, licences and what must be shown', async () => {
    const { output } = await run(['about']);
    for (const part of [
      'GeoNames',
      'OurAirports',
      '© OpenStreetMap contributors',
      'CC-BY-4.0',
      'ODbL-1.0',
      '171,075',
    ]) {
      assert.ok(output.includes(part), part);
    }
  });

  test('as JSON', async () => {
    const { output } = await run(['about', '--json']);
    assert.equal((JSON.parse(output) as Attribution[]).length, 3);
  });
});
