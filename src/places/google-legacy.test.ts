import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type GoogleLegacyOptions, GoogleLegacyProvider } from './google-legacy.ts';
import { failure, googleSubject, KEY, QUERY, until } from './made-queries.ts';
import { PlacesError, type PlacesQuery } from './provider.ts';
import { NearbyStandIn, type StandInBehaviour, type StandInOptions } from './stand-in.ts';
import { AWKWARD_ANSWER, LEGACY_NOT_ENABLED } from './stand-in-legacy.ts';
import { providerSuite } from './suite.ts';

const ZERO_RESULTS = '{ "html_attributions" : [], "results" : [], "status" : "ZERO_RESULTS" }';

providerSuite('google-legacy', () =>
  googleSubject((url) => new GoogleLegacyProvider({ url, key: KEY, timeoutMs: 5000, answerBytes: 1_000_000 })),
);

describe('google-legacy', () => {
  let standIn: NearbyStandIn;
  const start = async (options: StandInOptions = {}): Promise<void> => {
    standIn = await NearbyStandIn.start(options);
  };
  before(() => start());
  beforeEach(() => {
    standIn.requests.length = 0;
    standIn.behaviour = 'places';
  });
  after(() => standIn.close());

  const make = (options: Partial<GoogleLegacyOptions> = {}): GoogleLegacyProvider =>
    new GoogleLegacyProvider({ url: standIn.url, key: KEY, timeoutMs: 5000, answerBytes: 1_000_000, ...options });
  const ask = async (query: Partial<PlacesQuery> = {}, options: Partial<GoogleLegacyOptions> = {}): Promise<string> =>
    Buffer.from(await make(options).near({ ...QUERY, ...query }, new AbortController().signal)).toString();

  test('sends position, metres and key, and no sign that a server would read as a space', async () => {
    await ask({ radiusKm: 1.1, type: 'cafe' });
    const [request] = standIn.requests;
    assert.equal(request?.path, '/maps/api/place/nearbysearch/json');
    assert.ok(request.query.startsWith('location=34.068930,-118.445127&radius=1100&type=cafe&key='));
    assert.ok(!request.query.includes('+'));
    assert.equal(request.parameters.get('key'), KEY);
  });

  test('passes keyword and language on', async () => {
    await ask({ keyword: 'a & b', language: 'pt-BR' });
    assert.match(standIn.requests[0]?.query ?? '', /&keyword=a%20%26%20b&language=pt-BR&key=/);
  });

  test('a project that may not use the legacy API is advised once, and the answer is passed on', async () => {
    const advice: string[] = [];
    const provider = make({ advise: (text) => advice.push(text) });
    standIn.behaviour = 'request-denied';
    await provider.near(QUERY, new AbortController().signal);
    assert.deepEqual(advice, []);
    standIn.behaviour = LEGACY_NOT_ENABLED;
    for (const _ of [1, 2]) {
      const answer = await provider.near(QUERY, new AbortController().signal);
      assert.equal(Buffer.from(answer).toString(), LEGACY_NOT_ENABLED.body);
    }
    assert.equal(advice.length, 1);
    assert.match(advice[0] ?? '', /use the provider google$/);
  });

  test('metres are without the noise of binary fractions', async () => {
    for (const radiusKm of [0, 0.3, 1.001, 4.35, 8.2, 50]) await ask({ radiusKm });
    const radii = standIn.requests.map((request) => request.parameters.get('radius'));
    assert.deepEqual(radii, ['0', '300', '1001', '4350', '8200', '50000']);
  });

  test('passes the answer through byte for byte', async () => {
    standIn.behaviour = 'awkward';
    assert.equal(await ask(), AWKWARD_ANSWER);
    standIn.behaviour = 'slow';
    assert.equal(await ask(), AWKWARD_ANSWER);
  });

  test('passes statuses through, also of an HTTP 4xx', async () => {
    for (const [behaviour, status] of [
      ['request-denied', 'REQUEST_DENIED'],
      ['over-query-limit', 'OVER_QUERY_LIMIT'],
      ['zero-results', 'ZERO_RESULTS'],
    ] as const) {
      standIn.behaviour = behaviour;
      assert.equal((JSON.parse(await ask()) as { status: string }).status, status);
    }
    standIn.behaviour = { status: 403, body: ZERO_RESULTS };
    assert.equal(await ask(), ZERO_RESULTS);
  });

  test('without a key sends none, and Google denies', async () => {
    const { key: _, ...keyless } = { url: standIn.url, key: KEY, timeoutMs: 5000, answerBytes: 1_000_000 };
    const answer = await new GoogleLegacyProvider(keyless).near(QUERY, new AbortController().signal);
    assert.match(Buffer.from(answer).toString(), /"REQUEST_DENIED"/);
    assert.equal(standIn.requests[0]?.parameters.has('key'), false);
  });

  test('takes a base with a slash, with a path, and with both', async () => {
    const prefixed = await NearbyStandIn.start({ pathPrefix: '/proxy/google' });
    for (const url of [`${standIn.url}/`, prefixed.url, `${prefixed.url}//`]) {
      assert.match(await ask({}, { url }), /"OK"/);
    }
    await prefixed.close();
  });

  test('refuses a base that is no plain URL', () => {
    for (const url of [
      'maps.example',
      'ftp://example.org',
      'http://user:word@example.org',
      'http://example.org/?a=b',
    ]) {
      assert.throws(() => make({ url }), PlacesError);
    }
  });

  const faults: [StandInBehaviour, RegExp, Partial<GoogleLegacyOptions>?][] = [
    ['server-error', /HTTP 503/],
    ['html', /not JSON/],
    ['truncated', /cut short/],
    ['broken-off', /broke off/],
    ['redirect', /redirected: HTTP 302/],
    ['too-large', /larger than 1000000 bytes/],
    ['never', /within 150 ms/, { timeoutMs: 150 }],
    ['stalled', /within 150 ms/, { timeoutMs: 150 }],
    [{ status: 404, body: 'not found' }, /HTTP 404, the answer is not JSON/],
    [{ status: 200, body: '{}' }, /neither results nor a status/],
    [{ status: 200, body: '{"html_attributions":[],"status":"OK"}' }, /says OK and has no results/],
    [{ status: 200, body: '' }, /not JSON/],
    [{ status: 200, body: `{"status":"REQUEST_DENIED","error_message":"${KEY} is bad"}` }, /repeats the API key/],
    [{ status: 200, body: '{"status":"OK","results":["proxy-key"]}' }, /repeats the API key/, { key: 'proxy-key' }],
  ];
  for (const [behaviour, message, options] of faults) {
    const what = typeof behaviour === 'string' ? behaviour : `HTTP ${behaviour.status} with '${behaviour.body}'`;
    test(`an unusable answer is an error without the key: ${what}`, async () => {
      standIn.behaviour = behaviour;
      const error = await failure(ask({}, options));
      assert.match(error.message, message);
      await until(() => standIn.openAnswers === 0);
    });
  }

  test('nobody there', async () => {
    const gone = await NearbyStandIn.start();
    const { url } = gone;
    await gone.close();
    assert.match((await failure(ask({}, { url }))).message, /ECONNREFUSED/);
  });

  test('a client that is gone ends the exchange', async () => {
    standIn.behaviour = 'stalled';
    const client = new AbortController();
    const answer = failure(Promise.resolve(make().near(QUERY, client.signal)));
    await until(() => standIn.requests.length === 1);
    client.abort();
    assert.match((await answer).message, /client that asked is gone/);
    await until(() => standIn.openAnswers === 0);
  });

  test('closing ends what is under way', async () => {
    standIn.behaviour = 'never';
    const provider = make();
    const answer = failure(Promise.resolve(provider.near(QUERY, new AbortController().signal)));
    await until(() => standIn.requests.length === 1);
    provider.close();
    assert.match((await answer).message, /closed/);
  });
});
