import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import fc from 'fast-check';
import { distanceKm } from '../wire/distance.ts';
import { EmbeddedProvider } from './embedded.ts';
import { OVERPASS_ELEMENTS } from './live-limits.ts';
import { failure, QUERY, until } from './made-queries.ts';
import { checkNearbyJson } from './nearby-json.ts';
import { type OverpassOptions, OverpassProvider } from './overpass.ts';
import { nearest, printOverpass, readOverpass } from './overpass-places.ts';
import { PlacesError, type PlacesQuery } from './provider.ts';
import { NearbyStandIn, type StandInBehaviour } from './stand-in.ts';
import { answerOf } from './stand-in-overpass.ts';
import { providerSuite } from './suite.ts';

const OPTIONS: OverpassOptions = { timeoutMs: 5000, keepMs: 3_600_000, userAgent: 'Drover/1.0 (test)' };
const SEA: PlacesQuery = { ...QUERY, latitude: 0, longitude: -150, latitudeLongitude: '0,-150' };

providerSuite('overpass', async () => {
  const standIn = await NearbyStandIn.start();
  const provider = new OverpassProvider({ ...OPTIONS, url: standIn.url });
  return { provider, busy: QUERY, empty: SEA, stop: () => standIn.close() };
});

interface Document {
  readonly html_attributions: readonly string[];
  readonly status: string;
  readonly results: readonly { readonly name: string; readonly place_id: string; readonly types: readonly string[] }[];
}

describe('overpass', () => {
  let standIn: NearbyStandIn;
  before(async () => {
    standIn = await NearbyStandIn.start();
  });
  beforeEach(() => {
    standIn.requests.length = 0;
    standIn.behaviour = 'places';
    standIn.mostOpenAnswers = 0;
  });
  after(() => standIn.close());

  const make = (options: Partial<OverpassOptions> = {}): OverpassProvider =>
    new OverpassProvider({ ...OPTIONS, url: standIn.url, ...options });
  const textFrom = async (provider: OverpassProvider, query: Partial<PlacesQuery> = {}): Promise<string> =>
    Buffer.from(await provider.near({ ...QUERY, ...query }, new AbortController().signal)).toString();
  const ask = async (query: Partial<PlacesQuery> = {}, provider = make()): Promise<Document> =>
    JSON.parse(await textFrom(provider, query)) as Document;
  const names = ({ results }: Document): string[] => results.map(({ name }) => name);
  const queries = (): string[] => standIn.requests.map(({ body }) => new URLSearchParams(body).get('data') ?? '');

  test('answers with named places of every kind, nearest first, in the style of the embedded ones', async () => {
    assert.equal(await textFrom(make(), { radiusKm: 1, limit: 3 }), TOWN_ANSWER);
  });

  test('says who asks, and asks for little', async () => {
    await ask({ radiusKm: 0.4 });
    const [request] = standIn.requests;
    assert.equal(request?.headers['user-agent'], 'Drover/1.0 (test)');
    assert.match(
      queries()[0] ?? '',
      /^\[out:json\]\[timeout:8\]\[maxsize:67108864\];\(nwr\(around:900,34\.070,-118\.445\)/,
    );
    assert.match(queries()[0] ?? '', /\["name"\]\[~"\^\(amenity\|shop\|.*\)\$"~"\."\];\);out tags center 3000;$/);
  });

  test('looks further, ring by ring, until there are as many as are wanted', async () => {
    const rings = (): string[] => queries().map((query) => /around:(\d+)/.exec(query)?.[1] ?? '');
    assert.equal((await ask({ limit: 2 })).results.length, 2);
    assert.deepEqual(rings(), ['900']);
    standIn.requests.length = 0;
    assert.deepEqual(names(await ask({ limit: 20, radiusKm: 10 })).slice(-2), ['Park', 'Far Café']);
    assert.deepEqual(rings(), ['900', '2400', '10400']);
  });

  test('none is beyond the radius, and none is missing that is within, wherever in its cell the position is', async () => {
    const provider = make();
    for (let step = 0; step < 40; step += 1) {
      const latitude = 34.0589 + step * 0.0007;
      const radiusKm = 0.1 + step * 0.3;
      const document = await ask({ latitude, latitudeLongitude: `${latitude},-118.445127`, radiusKm }, provider);
      const expected = [0.0001, 0.002, 0.003, 0.012, 0.04, 0.3].filter(
        (north) => distanceKm(latitude, QUERY.longitude, QUERY.latitude + north, QUERY.longitude) <= radiusKm,
      );
      assert.equal(document.results.length, expected.length, `${latitude} ${radiusKm}`);
    }
  });

  test('an answer is kept for its cell, and searched for each position', async () => {
    const provider = make();
    const first = await ask({ radiusKm: 0.2, limit: 1 }, provider);
    const other = { latitude: 34.0709, latitudeLongitude: '34.0709,-118.445127' };
    const second = await ask({ ...other, radiusKm: 0.2, limit: 1 }, provider);
    assert.deepEqual([names(first), names(second)], [['Bäckerei "Süß"'], ['Café Астана 🚀']]);
    assert.equal(standIn.requests.length, 1);
  });

  test('is asked again when the time to keep an answer is over, and each time when none is kept', async () => {
    let nowMs = 0;
    const provider = make({ keepMs: 1000, nowMs: () => nowMs });
    const lookUp = () => ask({ radiusKm: 0.2 }, provider);
    await lookUp();
    nowMs = 999;
    await lookUp();
    assert.equal(standIn.requests.length, 1);
    nowMs = 1000;
    await lookUp();
    assert.equal(standIn.requests.length, 2);
    const forgetful = make({ keepMs: 0 });
    for (const _ of [1, 2]) await ask({ radiusKm: 0.2 }, forgetful);
    assert.equal(standIn.requests.length, 4);
  });

  test('one request for all that want the same cell at the same time, and two at once at most', async () => {
    standIn.behaviour = 'held';
    const provider = make();
    const cells = Array.from({ length: 6 }, (_, at) => ({
      radiusKm: 0.4,
      limit: 1,
      longitude: QUERY.longitude + at / 50,
    }));
    const answers = [...cells, ...cells, ...cells].map((query) => ask(query, provider));
    await until(() => standIn.openAnswers === 2);
    standIn.release();
    await Promise.all(answers);
    assert.equal(standIn.requests.length, 6);
    assert.equal(standIn.mostOpenAnswers, 2);
  });

  test('a type is asked for by its tags; one that OpenStreetMap has not is not asked for', async () => {
    assert.deepEqual(names(await ask({ type: 'cafe', radiusKm: 50 })), ['Café Астана 🚀', 'Far Café', 'Faraway Café']);
    assert.match(queries()[0] ?? '', /\["amenity"~"\^\(cafe\|internet_cafe\)\$"\];\);out/);
    standIn.requests.length = 0;
    assert.equal((await ask({ type: 'airport' })).status, 'ZERO_RESULTS');
    assert.equal(standIn.requests.length, 0);
  });

  test('a keyword is looked for in names, in any language, and in types', async () => {
    assert.deepEqual(names(await ask({ keyword: 'SÜSS' })), []);
    assert.deepEqual(names(await ask({ keyword: 'bäcker' })), ['Bäckerei "Süß"']);
    assert.deepEqual(names(await ask({ keyword: 'LIBR' })), ['City Library']);
    assert.deepEqual(names(await ask({ keyword: 'cafe', type: 'cafe' })), ['Café Астана 🚀', 'Far Café']);
    assert.deepEqual(names(await ask({ keyword: 'a.*b"\\]' })), []);
    assert.deepEqual(names(await ask({ keyword: 'astana', language: 'en' })), ['Astana Café']);
  });

  test('names in a language, where there are, without another id', async () => {
    const plain = await ask({ limit: 2, radiusKm: 1 });
    const english = await ask({ limit: 2, radiusKm: 1, language: 'en-GB' });
    assert.deepEqual(names(english), ['Bäckerei "Süß"', 'Astana Café']);
    const ids = ({ results }: Document): string[] => results.map(({ place_id }) => place_id);
    assert.deepEqual(ids(english), ids(plain));
  });

  test('a place has the id that it has among the embedded ones', async () => {
    const embedded = new EmbeddedProvider();
    const montevideo = { latitude: -34.9059, longitude: -56.1913, latitudeLongitude: '-34.9059,-56.1913', radiusKm: 1 };
    const query = { ...montevideo, limit: 1, type: 'establishment' };
    const [known] = (
      JSON.parse(Buffer.from(await embedded.near(query, new AbortController().signal)).toString()) as {
        results: { name: string; place_id: string; geometry: { location: { lat: number; lng: number } } }[];
      }
    ).results;
    const { lat, lng } = known?.geometry.location ?? { lat: 0, lng: 0 };
    standIn.behaviour = answerOf([
      { type: 'node', id: 1, latitude: lat, longitude: lng, tags: { name: known?.name ?? '', tourism: 'attraction' } },
    ]);
    assert.equal((await ask(montevideo)).results[0]?.place_id, known?.place_id);
    embedded.close();
  });

  test('whatever else stands in an answer, and elements that are none, do no harm', async () => {
    standIn.behaviour = 'awkward';
    assert.equal(await textFrom(make(), { radiusKm: 1, limit: 3 }), TOWN_ANSWER);
    const elements = [null, 7, {}, { lat: 'x', lon: 1, tags: {} }, { lat: 91, lon: 0, tags: { name: 'a', shop: 'x' } }];
    const odd = [
      { lat: 34.069, lon: -118.445, tags: { name: 'b', amenity: 'constructor', shop: '__proto__' } },
      { lat: 34.07, lon: -118.445, tags: { name: 'c', amenity: 'place_of_worship', religion: 'constructor' } },
    ];
    standIn.behaviour = { status: 200, body: JSON.stringify({ elements: [...elements, ...odd, ...odd] }) };
    const { results } = await ask();
    assert.deepEqual(
      results.map(({ name, types }) => [name, types[0]]),
      [
        ['b', 'store'],
        ['c', 'point_of_interest'],
      ],
    );
  });

  test('whatever JSON comes, the answer is a document or an error', () => {
    const tags = fc.oneof(
      fc.dictionary(fc.constantFrom('name', 'amenity', 'shop', 'religion', 'addr:street', 'name:de'), fc.jsonValue()),
      fc.jsonValue(),
    );
    const element = fc.oneof(
      fc.record({ lat: fc.double(), lon: fc.double(), tags, center: fc.jsonValue() }),
      fc.jsonValue(),
    );
    const answer = fc.record({ elements: fc.oneof(fc.array(element), fc.jsonValue()), remark: fc.jsonValue() });
    fc.assert(
      fc.property(fc.oneof(answer, fc.jsonValue()), fc.option(fc.string(), { nil: undefined }), (json, keyword) => {
        try {
          const wanted = { language: 'de', ...(keyword === undefined ? {} : { keyword }) };
          const { places } = readOverpass(Buffer.from(JSON.stringify(json)), wanted);
          checkNearbyJson(printOverpass(nearest(places, 0, 0, 1e5), true));
        } catch (error) {
          assert.ok(error instanceof PlacesError, String(error));
        }
      }),
    );
  });

  test('when Overpass has more than it may send, the nearest of what it sent are the answer', async () => {
    const elements = Array.from({ length: OVERPASS_ELEMENTS }, (_, at) => ({
      ...{ type: 'node' as const, id: at, tags: { name: `n${at}`, shop: 'yes' } },
      ...{ latitude: QUERY.latitude + 0.002 + at * 1e-6, longitude: QUERY.longitude },
    }));
    standIn.behaviour = answerOf(elements);
    assert.deepEqual(names(await ask({ limit: 2 })), ['n0', 'n1']);
  });

  test('the address may be that of the server, of its API, or of the interpreter itself', async () => {
    for (const path of ['', '/', '/api', '/api/', '/api/interpreter']) {
      assert.equal((await ask({}, make({ url: standIn.url + path }))).status, 'OK', path);
    }
    assert.throws(() => make({ url: 'overpass.example' }), PlacesError);
  });

  test('when it has had enough it is left alone, for as long as it says', async () => {
    let nowMs = 0;
    const provider = make({ nowMs: () => nowMs });
    const lookUp = () => textFrom(provider, { radiusKm: 0.2 });
    standIn.behaviour = { status: 429, body: '<html>slow down</html>', headers: { 'retry-after': '60' } };
    assert.match((await failure(lookUp())).message, /HTTP 429.*left alone for 60 s/);
    standIn.behaviour = 'places';
    nowMs = 59_999;
    assert.match((await failure(lookUp())).message, /another 1 s/);
    assert.equal(standIn.requests.length, 1);
    nowMs = 60_000;
    assert.match(await lookUp(), /"OK"/);
  });

  test('and longer each time when it does not say', async () => {
    let nowMs = 0;
    const provider = make({ nowMs: () => nowMs });
    const rests: string[] = [];
    for (const status of [504, 429, 504]) {
      standIn.behaviour = { status, body: '<html>busy</html>' };
      const { message } = await failure(textFrom(provider));
      rests.push(/for (\d+) s/.exec(message)?.[1] ?? message);
      nowMs += 3_600_000;
    }
    assert.deepEqual(rests, ['15', '30', '60']);
    for (const when of ['0', new Date(Date.now() - 1e6).toUTCString()]) {
      standIn.behaviour = { status: 429, body: '', headers: { 'retry-after': when } };
      assert.match((await failure(textFrom(provider))).message, /for 1 s/);
      nowMs += 1000;
    }
  });

  test('two requests that were out together are one refusal', async () => {
    let nowMs = 0;
    const provider = make({ nowMs: () => nowMs });
    standIn.behaviour = { status: 429, body: '' };
    for (const expected of ['15', '30']) {
      const both = [0, 1].map((longitude) => failure(textFrom(provider, { longitude })));
      for (const { message } of await Promise.all(both)) assert.match(message, new RegExp(`for ${expected} s`));
      nowMs += 3_600_000;
    }
  });

  const faults: [StandInBehaviour, RegExp, Partial<OverpassOptions>?][] = [
    ['server-error', /HTTP 503/],
    ['html', /not JSON/],
    ['truncated', /not JSON/],
    ['broken-off', /broke off/],
    ['redirect', /redirected: HTTP 302/],
    ['too-large', /larger than 4194304 bytes/],
    ['never', /within 150 ms/, { timeoutMs: 150 }],
    ['stalled', /within 150 ms/, { timeoutMs: 150 }],
    ['request-denied', /HTTP 403/],
    [
      answerOf([], 'runtime error: Query timed out in "query" at line 1\u202e'),
      /Query timed out in "query" at line 1\?$/,
    ],
    [{ status: 200, body: '{}' }, /no elements/],
    [{ status: 200, body: 'null' }, /no elements/],
  ];
  for (const [behaviour, message, options] of faults) {
    const what = typeof behaviour === 'string' ? behaviour : `${message}`;
    test(`an unusable answer is an error, and is not kept: ${what}`, async () => {
      const large = await NearbyStandIn.start({ largeBytes: 5_000_000 });
      large.behaviour = behaviour;
      const provider = make({ ...options, url: large.url });
      assert.match((await failure(textFrom(provider))).message, message);
      await until(() => large.openAnswers === 0);
      large.behaviour = 'places';
      if (options === undefined) assert.match(await textFrom(provider), /"OK"/);
      await large.close();
    });
  }

  test('closing ends what is under way and what waits for its turn', async () => {
    standIn.behaviour = 'never';
    const provider = make();
    const answers = [0, 1, 2, 3].map((at) => failure(textFrom(provider, { longitude: at })));
    await until(() => standIn.requests.length === 2);
    provider.close();
    for (const { message } of await Promise.all(answers)) assert.match(message, /closed/);
    await until(() => standIn.openAnswers === 0);
  });
});

const TOWN_ANSWER = `{
   "html_attributions" : [
      "© <a href=\\"https://www.openstreetmap.org/copyright\\">OpenStreetMap contributors</a> (<a href=\\"https://opendatacommons.org/licenses/odbl/1-0/\\">ODbL 1.0</a>)"
   ],
   "results" : [
      {
         "geometry" : {
            "location" : {
               "lat" : 34.06903,
               "lng" : -118.445127
            }
         },
         "name" : "Bäckerei \\"Süß\\"",
         "place_id" : "drv8f0f8a4b4b9de843",
         "reference" : "drv8f0f8a4b4b9de843",
         "types" : [ "bakery", "point_of_interest", "establishment" ],
         "vicinity" : "Hauptstraße 1"
      },
      {
         "geometry" : {
            "location" : {
               "lat" : 34.07093,
               "lng" : -118.445127
            }
         },
         "name" : "Café Астана 🚀",
         "place_id" : "drv3594a81904066a8c",
         "reference" : "drv3594a81904066a8c",
         "types" : [ "cafe", "point_of_interest", "establishment" ]
      },
      {
         "geometry" : {
            "location" : {
               "lat" : 34.07193,
               "lng" : -118.445127
            }
         },
         "name" : "City Library",
         "place_id" : "drv33865115d3603efc",
         "reference" : "drv33865115d3603efc",
         "types" : [ "library", "point_of_interest", "establishment" ]
      }
   ],
   "status" : "OK"
}`;
