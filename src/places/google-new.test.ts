import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import fc from 'fast-check';
import { type GoogleNewOptions, GoogleNewProvider } from './google-new.ts';
import { translateError, translatePlaces } from './google-new-json.ts';
import { GOOGLE_TURNS } from './live-limits.ts';
import { failure, googleSubject, KEY, QUERY, until } from './made-queries.ts';
import { checkNearbyJson } from './nearby-json.ts';
import { PlacesError, type PlacesQuery } from './provider.ts';
import { NearbyStandIn, type StandInBehaviour } from './stand-in.ts';
import { errorAnswer } from './stand-in-new.ts';
import { providerSuite } from './suite.ts';

const OPTIONS: GoogleNewOptions = { key: KEY, timeoutMs: 5000, answerBytes: 1_000_000, fields: 'pro' };

providerSuite('google', () => googleSubject((url) => new GoogleNewProvider({ ...OPTIONS, url })));

describe('google', () => {
  let standIn: NearbyStandIn;
  before(async () => {
    standIn = await NearbyStandIn.start();
  });
  beforeEach(() => {
    standIn.requests.length = 0;
    standIn.behaviour = 'places';
  });
  after(() => standIn.close());

  const make = (options: Partial<GoogleNewOptions> = {}): GoogleNewProvider =>
    new GoogleNewProvider({ ...OPTIONS, url: standIn.url, ...options });
  const ask = async (query: Partial<PlacesQuery> = {}, options: Partial<GoogleNewOptions> = {}): Promise<string> =>
    Buffer.from(await make(options).near({ ...QUERY, ...query }, new AbortController().signal)).toString();
  const read = (text: string) =>
    JSON.parse(text) as { status: string; error_message?: string; results: Record<string, unknown>[] };

  test('asks for the nearest, within metres, as many as are wanted, with the key in a header', async () => {
    const document = read(await ask({ radiusKm: 1.1, limit: 7 }));
    const [request] = standIn.requests;
    assert.equal(request?.path, '/v1/places:searchNearby');
    assert.equal(
      request.body,
      '{"locationRestriction":{"circle":{"center":{"latitude":34.068930,"longitude":-118.445127},"radius":1100}},' +
        '"maxResultCount":7,"rankPreference":"DISTANCE"}',
    );
    assert.equal(request.headers['x-goog-api-key'], KEY);
    assert.equal(request.query, '');
    assert.equal(document.results.length, 7);
  });

  test('the edges of radius and bound are edges that Google takes', async () => {
    const bodies: [Partial<PlacesQuery>, RegExp][] = [
      [{ radiusKm: 0 }, /"radius":1\}/],
      [{ radiusKm: 50 }, /"radius":50000\}/],
      [{ radiusKm: 8.2 }, /"radius":8200\}/],
      [{ limit: 0 }, /"maxResultCount":1,/],
      [{ limit: 20 }, /"maxResultCount":20,/],
    ];
    for (const [query] of bodies) assert.equal(read(await ask(query)).status, 'OK');
    for (const [at, [, pattern]] of bodies.entries()) assert.match(standIn.requests[at]?.body ?? '', pattern);
  });

  test('asks for the fields that cost less unless told otherwise', async () => {
    const [plain] = read(await ask()).results;
    const [rich] = read(await ask({}, { fields: 'enterprise' })).results;
    assert.deepEqual([plain?.['rating'], rich?.['rating']], [undefined, 4.5]);
    assert.match(String(standIn.requests[0]?.headers['x-goog-fieldmask']), /^places\.id,places\.displayName,/);
    assert.doesNotMatch(String(standIn.requests[0]?.headers['x-goog-fieldmask']), /rating|price|Hours|\*/);
  });

  test('type and language are asked for; what every place is, is not', async () => {
    const document = read(await ask({ type: 'bakery', language: 'pt-BR' }));
    assert.match(standIn.requests[0]?.body ?? '', /"includedTypes":\["bakery"\],"languageCode":"pt-BR"/);
    assert.deepEqual(document.results[0]?.['types'], ['bakery', 'point_of_interest', 'establishment']);
    assert.equal(read(await ask({ type: 'establishment' })).status, 'OK');
    assert.doesNotMatch(standIn.requests[1]?.body ?? '', /included/);
  });

  test('a keyword is looked for by the text search, and what is beyond the radius is left out', async () => {
    const document = read(await ask({ keyword: 'tea "house"', type: 'cafe', radiusKm: 5 }));
    const [request] = standIn.requests;
    assert.equal(request?.path, '/v1/places:searchText');
    assert.match(
      request.body,
      /^\{"textQuery":"tea \\"house\\"","locationBias":\{"circle":.*"radius":5000\}\},"pageSize":20,/,
    );
    assert.match(request.body, /"includedType":"cafe","strictTypeFiltering":true/);
    // 0.01 degrees apart, of 111.2 km each.
    assert.deepEqual(
      document.results.map(({ name }) => name),
      ['Place 1', 'Place 2', 'Place 3', 'Place 4', 'Place 5'].map((name) => `tea "house" ${name}`),
    );
  });

  test('translates every field, and copies the digits of numbers', async () => {
    standIn.behaviour = 'awkward';
    assert.equal(await ask(), TRANSLATED);
  });

  test('an answer without places is ZERO_RESULTS', async () => {
    for (const body of ['{}', ' {\n}\n\n', '{"places":[]}', '{"routingSummaries":[{}]}', '{"places":[null,5,[],{}]}']) {
      standIn.behaviour = { status: 200, body };
      assert.equal(
        await ask(),
        '{\n   "html_attributions" : [],\n   "results" : [],\n   "status" : "ZERO_RESULTS"\n}\n',
        body,
      );
    }
  });

  test('whatever JSON comes, the answer is a document or an error', () => {
    const fields = [
      'id',
      'displayName',
      'location',
      'viewport',
      'types',
      'photos',
      'attributions',
      'plusCode',
      'priceLevel',
    ];
    const place = fc.dictionary(
      fc.constantFrom(...fields),
      fc.oneof(fc.jsonValue(), fc.record({ latitude: fc.double() })),
    );
    const answer = fc.record({ places: fc.oneof(fc.array(place), fc.jsonValue()) });
    const error = fc.record({
      error: fc.record({ status: fc.jsonValue(), message: fc.jsonValue(), details: fc.jsonValue() }),
    });
    fc.assert(
      fc.property(fc.oneof(answer, error, fc.jsonValue()), fc.constantFrom(200, 400, 403, 404, 429), (json, status) => {
        const bytes = Buffer.from(JSON.stringify(json));
        try {
          checkNearbyJson(status === 200 ? translatePlaces(bytes, () => true) : translateError(bytes, status));
        } catch (reason) {
          assert.ok(reason instanceof PlacesError, String(reason));
        }
      }),
    );
  });

  const refusals: [StandInBehaviour, string, RegExp][] = [
    ['request-denied', 'REQUEST_DENIED', /API key not valid/],
    ['over-query-limit', 'OVER_QUERY_LIMIT', /Quota exceeded/],
    [errorAnswer(400, 'INVALID_ARGUMENT', 'Unsupported types: x.', 'BAD'), 'INVALID_REQUEST', /Unsupported types: x\./],
    [errorAnswer(401, 'UNAUTHENTICATED', 'no', 'X'), 'REQUEST_DENIED', /no/],
    [errorAnswer(403, 'PERMISSION_DENIED', 'disabled', 'SERVICE_DISABLED'), 'REQUEST_DENIED', /disabled/],
  ];
  for (const [behaviour, status, message] of refusals) {
    test(`an error of Google's is what legacy Nearby Search would have said: ${status}, ${message}`, async () => {
      standIn.behaviour = behaviour;
      const document = read(await ask());
      assert.deepEqual([document.status, document.results], [status, []]);
      assert.match(document.error_message ?? '', message);
    });
  }

  test('without a key sends none, and Google denies', async () => {
    const { key: _, ...keyless } = { ...OPTIONS, url: standIn.url };
    const answer = await new GoogleNewProvider(keyless).near(QUERY, new AbortController().signal);
    assert.match(Buffer.from(answer).toString(), /"REQUEST_DENIED"/);
    assert.ok(!('x-goog-api-key' in (standIn.requests[0]?.headers ?? {})));
  });

  test('takes a base with a path, and refuses one that is no plain URL', async () => {
    const prefixed = await NearbyStandIn.start({ pathPrefix: '/proxy/google' });
    assert.match(await ask({}, { url: `${prefixed.url}/` }), /"OK"/);
    await prefixed.close();
    assert.throws(() => make({ url: 'http://user:word@example.org' }), PlacesError);
  });

  test('not more are under way at once than sockets can be spared for', async () => {
    standIn.behaviour = 'held';
    standIn.mostOpenAnswers = 0;
    const provider = make();
    const { signal } = new AbortController();
    const all = Array.from({ length: GOOGLE_TURNS + 5 }, () => provider.near(QUERY, signal));
    await until(() => standIn.requests.length === GOOGLE_TURNS);
    standIn.release();
    await Promise.all(all);
    assert.deepEqual([standIn.requests.length, standIn.mostOpenAnswers], [GOOGLE_TURNS + 5, GOOGLE_TURNS]);
  });

  test('a request that may not be made is not made', async () => {
    const spend = (): void => {
      throw new PlacesError('spent');
    };
    assert.equal((await failure(ask({}, { spend }))).message, 'spent');
    assert.equal(standIn.requests.length, 0);
  });

  const faults: [StandInBehaviour, RegExp, Partial<GoogleNewOptions>?][] = [
    ['server-error', /HTTP 503/],
    ['html', /not JSON/],
    ['truncated', /HTTP 200, the answer is not JSON/],
    ['broken-off', /broke off/],
    ['redirect', /redirected: HTTP 302/],
    ['too-large', /larger than 1000000 bytes/],
    ['never', /within 150 ms/, { timeoutMs: 150 }],
    ['stalled', /within 150 ms/, { timeoutMs: 150 }],
    [{ status: 404, body: '<html>not found</html>' }, /HTTP 404, the answer is not JSON/],
    [errorAnswer(404, 'NOT_FOUND', 'x', 'X'), /HTTP 404, it is no error of/],
    [{ status: 400, body: '{"message":"who are you"}' }, /HTTP 400, it is no error of/],
    [{ status: 200, body: '{"error":{"code":500}}' }, /no answer of Places API/],
    [{ status: 200, body: '{"places":{"a":1}}' }, /no answer of Places API/],
    [{ status: 200, body: '' }, /not JSON/],
    [errorAnswer(400, 'INVALID_ARGUMENT', `${KEY} is bad`, 'API_KEY_INVALID'), /repeats the API key/],
  ];
  for (const [behaviour, message, options] of faults) {
    const what = typeof behaviour === 'string' ? behaviour : `HTTP ${behaviour.status}, ${message}`;
    test(`an unusable answer is an error without the key: ${what}`, async () => {
      standIn.behaviour = behaviour;
      assert.match((await failure(ask({}, options))).message, message);
      await until(() => standIn.openAnswers === 0);
    });
  }
});

const TRANSLATED = `{
   "html_attributions" : [
      "<a href=\\"https://guide.example/?a=1&amp;b=2\\">Some &lt;Guide&gt;</a>",
      "Nobody"
   ],
   "results" : [
      {
         "business_status" : "CLOSED_PERMANENTLY",
         "geometry" : {
            "location" : {
               "lat" : 48.87380000000000001,
               "lng" : 2.0
            },
            "viewport" : {
               "northeast" : {
                  "lat" : 48.875,
                  "lng" : 2.30
               },
               "southwest" : {
                  "lat" : 48.8724510197085,
                  "lng" : 2.29
               }
            }
         },
         "icon" : "https://maps.gstatic.com/mapfiles/place_api/icons/v2/cafe_pinlet.png",
         "icon_background_color" : "#FF9E67",
         "icon_mask_base_uri" : "https://maps.gstatic.com/mapfiles/place_api/icons/v2/cafe_pinlet",
         "name" : "Caf\u00e9 \\"L\u2019\u00c9toile\\" ] } 42 \u0410\u0441\u0442\u0430\u043d\u0430 \ud83d\ude80 \\u2028",
         "opening_hours" : {
            "open_now" : false
         },
         "permanently_closed" : true,
         "photos" : [
            {
               "height" : 3024,
               "html_attributions" : [ "<a href=\\"//maps.google.com/maps/contrib/1\\">A &amp; B</a>" ],
               "photo_reference" : "places/a/photos/p",
               "width" : 4032
            }
         ],
         "place_id" : "a",
         "plus_code" : {
            "compound_code" : "V7G2+22 Paris",
            "global_code" : "8FW4V7G2+22"
         },
         "price_level" : 2,
         "rating" : 4.0,
         "reference" : "a",
         "scope" : "GOOGLE",
         "types" : [ "cafe", "food", "point_of_interest", "establishment" ],
         "user_ratings_total" : 12345678901234567890,
         "vicinity" : "1 Rue de l\u2019\u00c9toile, 75017 Paris, France"
      },
      {
         "geometry" : {
            "location" : {
               "lat" : 1e-7,
               "lng" : 0
            }
         },
         "place_id" : "b",
         "reference" : "b",
         "scope" : "GOOGLE"
      },
      {
         "place_id" : "c",
         "reference" : "c",
         "scope" : "GOOGLE"
      }
   ],
   "status" : "OK"
}
`;
