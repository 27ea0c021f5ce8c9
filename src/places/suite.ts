// What every provider must do, whatever is behind it. Test files call it with a way to make theirs.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { checkNearbyJson, cutNearbyJson } from './nearby-json.ts';
import { PlacesError, type PlacesProvider, type PlacesQuery } from './provider.ts';

export interface SuiteSubject {
  readonly provider: PlacesProvider;
  /** A lookup that finds more than one place. */
  readonly busy: PlacesQuery;
  /** A lookup that finds none. */
  readonly empty: PlacesQuery;
  /** Ends what stands behind the provider; the provider is closed before. */
  readonly stop?: () => Promise<void>;
}

interface NearbyDocument {
  readonly html_attributions: readonly string[];
  readonly status: string;
  readonly results: readonly {
    readonly name: string;
    readonly place_id: string;
    readonly types: readonly string[];
    readonly geometry: { readonly location: { readonly lat: number; readonly lng: number } };
  }[];
}

export function providerSuite(name: string, makeSubject: () => Promise<SuiteSubject>): void {
  describe(`the contract of providers: ${name}`, () => {
    let subject: SuiteSubject;
    const neverAborted = new AbortController().signal;
    const ask = async (query: PlacesQuery): Promise<Uint8Array> => subject.provider.near(query, neverAborted);
    const read = (document: Uint8Array): NearbyDocument =>
      JSON.parse(Buffer.from(document).toString()) as NearbyDocument;

    before(async () => {
      subject = await makeSubject();
    });
    after(async () => {
      subject.provider.close();
      await subject.stop?.();
    });

    test('has the name that it is chosen by', () => assert.equal(subject.provider.name, name));

    test('concurrent first lookups are all answered alike', async () => {
      const [first, ...others] = await Promise.all(Array.from({ length: 5 }, () => ask(subject.busy)));
      for (const other of others) assert.deepEqual(other, first);
    });

    test('answers with a Nearby Search document', async () => {
      const document = await ask(subject.busy);
      checkNearbyJson(document);
      const { status, results, html_attributions } = read(document);
      assert.equal(status, 'OK');
      assert.ok(Array.isArray(html_attributions));
      assert.ok(results.length > 1);
      for (const result of results) {
        assert.ok(result.name !== '' && result.place_id !== '' && result.types.length > 0);
        assert.ok(Math.abs(result.geometry.location.lat) <= 90 && Math.abs(result.geometry.location.lng) <= 180);
      }
      assert.equal(new Set(results.map((result) => result.place_id)).size, results.length);
    });

    test('can be cut to the limit', async () => {
      const cut = read(cutNearbyJson(await ask({ ...subject.busy, limit: 1 }), 1).json);
      assert.equal(cut.results.length, 1);
      assert.equal(read(cutNearbyJson(await ask({ ...subject.busy, limit: 0 }), 0).json).results.length, 0);
    });

    test('says ZERO_RESULTS where there is nothing', async () => {
      const { status, results } = read(await ask(subject.empty));
      assert.deepEqual([status, results], ['ZERO_RESULTS', []]);
    });

    test('an answer is the caller’s own, to write into or to keep', async () => {
      const first = await ask(subject.busy);
      const kept = Buffer.from(first);
      first.fill(0);
      assert.deepEqual(Buffer.from(await ask(subject.busy)), kept);
    });

    test('a client that is gone does not leave a lookup hanging', async () => {
      const outcome = await Promise.resolve()
        .then(() => subject.provider.near(subject.busy, AbortSignal.abort()))
        .catch((error: unknown) => error);
      assert.ok(outcome instanceof Uint8Array || outcome instanceof PlacesError);
    });

    test('describes its sources', async () => {
      for (const source of await subject.provider.about()) {
        for (const text of [source.source, source.licence, source.attribution, source.version])
          assert.notEqual(text, '');
        assert.ok(URL.canParse(source.licenceUrl) && URL.canParse(source.url));
        assert.ok(source.places > 0);
      }
    });

    test('once closed refuses, as often as it is asked and closed', async () => {
      const { provider, stop } = await makeSubject();
      provider.close();
      provider.close();
      await assert.rejects(async () => provider.near(subject.busy, neverAborted), PlacesError);
      await stop?.();
    });
  });
}
