import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import { BudgetSpent } from './budget.ts';
import { type ChainObserver, ProviderChain } from './chain.ts';
import { CoalescedProvider } from './coalesced.ts';
import { EmbeddedProvider } from './embedded.ts';
import { FileProvider } from './file.ts';
import { GoogleNewProvider } from './google-new.ts';
import { BREAKER_FAILURES, BREAKER_PAUSE_MS } from './live-limits.ts';
import { withFolder, writeMadePlaces } from './made-places.ts';
import { failure, KEY, QUERY, until } from './made-queries.ts';
import { PlacesError, type PlacesProvider, type PlacesQuery } from './provider.ts';
import { NearbyStandIn } from './stand-in.ts';
import { providerSuite } from './suite.ts';

/** What was said to the observer, a line each. */
class Notes implements ChainObserver {
  readonly lines: string[] = [];
  answered({ provider }: { provider: string }, status: string, errorMessage: string): void {
    this.lines.push([provider, status, errorMessage].join(' ').trimEnd());
  }
  failed({ provider }: { provider: string }, reason: string): void {
    this.lines.push(`${provider} failed: ${reason}`);
  }
  broke({ provider }: { provider: string }): void {
    this.lines.push(`${provider} broke`);
  }
  paused(provider: string): void {
    this.lines.push(`${provider} paused`);
  }
  resumed(provider: string): void {
    this.lines.push(`${provider} resumed`);
  }
}

providerSuite('google,embedded', async () => {
  const standIn = await NearbyStandIn.start();
  standIn.behaviour = 'server-error';
  const google = new GoogleNewProvider({
    url: standIn.url,
    key: KEY,
    timeoutMs: 5000,
    answerBytes: 1e6,
    fields: 'pro',
  });
  const chain = new ProviderChain([google, new EmbeddedProvider()], { timeoutMs: 5000, observer: new Notes() });
  const provider = new CoalescedProvider(chain);
  const empty = { ...QUERY, latitude: 0, longitude: -150, latitudeLongitude: '0,-150' };
  return { provider: { ...bound(provider), about: async () => [] }, busy: QUERY, empty, stop: () => standIn.close() };
});

function bound(provider: PlacesProvider): PlacesProvider {
  return {
    name: provider.name,
    near: (query, signal) => provider.near(query, signal),
    about: () => provider.about(),
    close: () => provider.close(),
  };
}

const document = (status: string, ...names: string[]): Buffer =>
  Buffer.from(JSON.stringify({ results: names.map((name) => ({ name })), status }));

type Answer = Buffer | Error | Promise<Buffer> | ((query: PlacesQuery, signal: AbortSignal) => Promise<Buffer>);

/** Gives its answers one after the other, and the last one for ever. */
class Scripted implements PlacesProvider {
  readonly name: string;
  readonly answers: Answer[];
  asked = 0;
  constructor(name: string, ...answers: Answer[]) {
    this.name = name;
    this.answers = answers;
  }
  near(query: PlacesQuery, signal: AbortSignal): Uint8Array | Promise<Uint8Array> {
    const answer = this.answers[Math.min(this.asked, this.answers.length - 1)] as Answer;
    this.asked += 1;
    if (answer instanceof Error) throw answer;
    return typeof answer === 'function' ? answer(query, signal) : answer;
  }
  async about(): Promise<readonly []> {
    return [];
  }
  close(): void {}
}

test('the next is asked when a file has nothing near', () =>
  withFolder(async (folder) => {
    const files = ['here', 'elsewhere'].map((name) => path.join(folder, name));
    for (const [at, file] of files.entries())
      writeMadePlaces(file, [{ name: `at ${at}`, latitude: 60 * at, longitude: 10, types: ['cafe'] }]);
    const notes = new Notes();
    const chain = new ProviderChain(
      files.map((file, at) => new FileProvider(`file ${at}`, [file])),
      { timeoutMs: 5000, observer: notes },
    );
    const signal = new AbortController().signal;
    for (let lookup = 0; lookup < 2; lookup += 1) {
      const answer = Buffer.from(await chain.near({ ...QUERY, latitude: 60, longitude: 10 }, signal)).toString();
      assert.match(answer, /"name" : "at 1"/);
    }
    assert.deepEqual(notes.lines.slice(0, 2), ['file 0 ZERO_RESULTS', 'file 1 OK']);
    assert.deepEqual(
      chain.counts.map(({ answered, nothing }) => [answered, nothing]),
      [
        [0, 2],
        [2, 0],
      ],
    );
    chain.close();
  }));

describe('a chain', () => {
  const never = new AbortController().signal;
  const clock = { nowMs: 0 };
  function make(...providers: PlacesProvider[]) {
    const notes = new Notes();
    const chain = new ProviderChain(providers, { timeoutMs: 1000, observer: notes, nowMs: () => clock.nowMs });
    const ask = async (signal = never, limit = 20): Promise<string> =>
      Buffer.from(await chain.near({ ...QUERY, limit }, signal)).toString();
    return { chain, notes, ask };
  }

  const down = new PlacesError('down');
  const A = document('OK', 'a');
  const B = document('OK', 'b');
  const cases: [string, Answer[], Buffer | RegExp, number][] = [
    ['the first that has places', [A, B], A, 1],
    ['the next when one fails at once', [down, B], B, 2],
    ['the next when one fails later', [() => Promise.reject(down), B], B, 2],
    ['the next when one has nothing', [document('ZERO_RESULTS'), B], B, 2],
    ['the next when one refuses', [document('OVER_QUERY_LIMIT'), B], B, 2],
    ['the next when one gives what is no answer', [Buffer.from('<html>'), B], B, 2],
    ['the next when one has a bug', [new TypeError('x'), B], B, 2],
    ['an answer without a status', [Buffer.from('{"results":[]}'), B], Buffer.from('{"results":[]}'), 1],
    ['the next when one says OK and no more', [Buffer.from('{"status":"OK"}'), B], B, 2],
    [
      'nothing rather than a refusal',
      [document('REQUEST_DENIED'), document('ZERO_RESULTS')],
      document('ZERO_RESULTS'),
      2,
    ],
    ['nothing rather than a failure', [document('ZERO_RESULTS'), down], document('ZERO_RESULTS'), 2],
    ['a refusal rather than a failure', [down, document('REQUEST_DENIED'), down], document('REQUEST_DENIED'), 3],
    [
      'of refusals the first',
      [document('OVER_QUERY_LIMIT'), document('REQUEST_DENIED')],
      document('OVER_QUERY_LIMIT'),
      2,
    ],
    ['every reason when all fail', [down, new PlacesError('away')], /^p0: down; p1: away$/, 2],
  ];
  for (const [what, answers, expected, asked] of cases) {
    test(`gives ${what}`, async () => {
      const providers = answers.map((answer, at) => new Scripted(`p${at}`, answer));
      const { ask, chain } = make(...providers);
      if (expected instanceof RegExp) assert.match((await failure(ask())).message, expected);
      else assert.equal(await ask(), expected.toString());
      assert.equal(
        providers.reduce((sum, provider) => sum + provider.asked, 0),
        asked,
      );
      assert.equal(
        chain.counts.reduce((sum, counts) => sum + counts.asked, 0),
        asked,
      );
    });
  }

  test('says and counts who answered, and what became of the others', async () => {
    const denied = Buffer.from('{"status":"REQUEST_DENIED","error_message":"not \\u0079ou"}');
    const { ask, notes, chain } = make(
      new Scripted('one', down, denied, document('ZERO_RESULTS'), A),
      new Scripted('two', B),
    );
    for (const _ of [1, 2, 3, 4]) await ask();
    assert.deepEqual(notes.lines, [
      'one failed: down',
      'two OK',
      'one REQUEST_DENIED not you',
      'two OK',
      'one ZERO_RESULTS',
      'two OK',
      'one OK',
    ]);
    const [one, two] = chain.counts;
    assert.deepEqual(one, { provider: 'one', asked: 4, answered: 1, nothing: 1, refused: 1, failed: 1, skipped: 0 });
    assert.deepEqual(two, { provider: 'two', asked: 3, answered: 3, nothing: 0, refused: 0, failed: 0, skipped: 0 });
  });

  test('cuts to the limit', async () => {
    const { ask } = make(new Scripted('one', document('OK', 'a', 'b', 'c')));
    assert.equal(await ask(never, 2), '{"results":[{"name":"a"},{"name":"b"}],"status":"OK"}');
  });

  test('leaves alone who fails again and again, and tries it after a while', async () => {
    const one = new Scripted('one', ...Array.from({ length: BREAKER_FAILURES }, () => down), A);
    const { ask, notes, chain } = make(one, new Scripted('two', B));
    for (let time = 0; time < BREAKER_FAILURES + 3; time += 1) assert.equal(await ask(), B.toString());
    assert.equal(one.asked, BREAKER_FAILURES);
    assert.equal(chain.counts[0]?.skipped, 3);
    clock.nowMs += BREAKER_PAUSE_MS;
    assert.equal(await ask(), A.toString());
    assert.deepEqual(
      notes.lines.filter((line) => /paused|resumed/.test(line)),
      ['one paused', 'one resumed'],
    );
  });

  test('asks the last one always, and does not blame anyone for a budget of ours', async () => {
    const last = new Scripted('last', down);
    const { ask } = make(last);
    for (let time = 0; time < BREAKER_FAILURES * 2; time += 1) await failure(ask());
    assert.equal(last.asked, BREAKER_FAILURES * 2);
    const spent = new Scripted('spent', new BudgetSpent('spent'));
    const chain = make(spent, new Scripted('two', B));
    for (let time = 0; time < BREAKER_FAILURES * 2; time += 1) assert.equal(await chain.ask(), B.toString());
    assert.equal(spent.asked, BREAKER_FAILURES * 2);
  });

  const hanging = (_: PlacesQuery, signal: AbortSignal): Promise<Buffer> =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new PlacesError('aborted'))));

  test('one that hangs leaves time for the next', async () => {
    const notes = new Notes();
    const chain = new ProviderChain([new Scripted('one', hanging), new Scripted('two', B)], {
      timeoutMs: 100,
      observer: notes,
    });
    assert.equal(Buffer.from(await chain.near(QUERY, never)).toString(), B.toString());
    assert.match(notes.lines[0] ?? '', /^one failed: no answer within its (50|49) ms$/);
  });

  test('when all hang the lookup ends', async () => {
    const providers = ['one', 'two', 'three'].map((name) => new Scripted(name, hanging));
    const chain = new ProviderChain(providers, { timeoutMs: 40, observer: new Notes() });
    assert.match(
      (await failure(Promise.resolve(chain.near(QUERY, never)))).message,
      /one: no answer .*three: no answer/,
    );
  });

  test('one alone that asks again and again ends in time, too', async () => {
    const chain = new ProviderChain([new Scripted('one', hanging)], { timeoutMs: 20, observer: new Notes() });
    assert.match((await failure(Promise.resolve(chain.near(QUERY, never)))).message, /^one: no answer within its/);
  });

  test('a client that is gone is the end: nobody else is asked, and nobody is blamed', async () => {
    const [one, two] = [new Scripted('one', hanging), new Scripted('two', B)];
    const { chain, notes } = make(one, two);
    for (let time = 0; time < BREAKER_FAILURES; time += 1) {
      const client = new AbortController();
      const answer = failure(Promise.resolve(chain.near(QUERY, client.signal)));
      client.abort();
      await answer;
    }
    assert.equal(two.asked, 0);
    assert.deepEqual(chain.counts[0], { ...chain.counts[0], failed: 0 });
    assert.ok(!notes.lines.includes('one paused'));
  });
});

describe('identical lookups', () => {
  test('are asked once, each with bytes of its own, and one leaving does not disturb the others', async () => {
    const standIn = await NearbyStandIn.start();
    const google = new GoogleNewProvider({
      url: standIn.url,
      key: KEY,
      timeoutMs: 5000,
      answerBytes: 1e6,
      fields: 'pro',
    });
    const provider = new CoalescedProvider(google);
    standIn.behaviour = 'held';
    const leaver = new AbortController();
    const left = failure(provider.near(QUERY, leaver.signal));
    const stayed = [1, 2].map(() => provider.near(QUERY, new AbortController().signal));
    const other = provider.near({ ...QUERY, language: 'de' }, new AbortController().signal);
    await until(() => standIn.requests.length === 2);
    leaver.abort();
    await left;
    standIn.release();
    const [one, two] = await Promise.all(stayed);
    assert.deepEqual(one, two);
    one?.fill(0);
    assert.match(Buffer.from(two ?? []).toString(), /"OK"/);
    await other;
    assert.equal(standIn.requests.length, 2);
    provider.close();
    await standIn.close();
  });
});
