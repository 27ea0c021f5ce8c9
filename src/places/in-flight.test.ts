import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InFlight } from './in-flight.ts';
import { failure } from './made-queries.ts';

/** Askings that a test answers when it likes. */
class Asked {
  readonly signals: AbortSignal[] = [];
  readonly answers: ((answer: string) => void)[] = [];
  readonly faults: ((error: Error) => void)[] = [];
  readonly start = (signal: AbortSignal): Promise<string> => {
    this.signals.push(signal);
    return new Promise((resolve, reject) => {
      this.answers.push(resolve);
      this.faults.push(reject);
    });
  };
}

const never = new AbortController().signal;

test('is asked once for all that come before the answer, and anew afterwards', async () => {
  const [inFlight, asked] = [new InFlight<string>(), new Asked()];
  const both = [inFlight.share('a', never, asked.start), inFlight.share('a', never, asked.start)];
  const other = inFlight.share('b', never, asked.start);
  assert.equal(asked.answers.length, 2);
  asked.answers[0]?.('A');
  asked.answers[1]?.('B');
  assert.deepEqual(await Promise.all([...both, other]), ['A', 'A', 'B']);
  const again = inFlight.share('a', never, asked.start);
  asked.answers[2]?.('C');
  assert.equal(await again, 'C');
});

test('one leaving does not disturb the others; when all have left the asking ends', async () => {
  const [inFlight, asked] = [new InFlight<string>(), new Asked()];
  const [one, other] = [new AbortController(), new AbortController()];
  const left = failure(inFlight.share('a', one.signal, asked.start));
  const stayed = inFlight.share('a', other.signal, asked.start);
  one.abort();
  assert.match((await left).message, /client that asked is gone/);
  assert.equal(asked.signals[0]?.aborted, false);
  asked.answers[0]?.('A');
  assert.equal(await stayed, 'A');

  const last = failure(inFlight.share('a', other.signal, asked.start));
  other.abort();
  await last;
  assert.equal(asked.signals[1]?.aborted, true);
});

test('who comes after all have left asks anew, and is not ended with them', async () => {
  const [inFlight, asked] = [new InFlight<string>(), new Asked()];
  const leaver = new AbortController();
  const left = failure(inFlight.share('a', leaver.signal, asked.start));
  leaver.abort();
  await left;
  const stayed = inFlight.share('a', never, asked.start);
  asked.faults[0]?.(new Error('aborted'));
  await new Promise(setImmediate);
  assert.equal(asked.signals[1]?.aborted, false);
  asked.answers[1]?.('A');
  assert.equal(await stayed, 'A');
});

test('a failure is everybody’s, and the next asks anew', async () => {
  const [inFlight, asked] = [new InFlight<string>(), new Asked()];
  const both = [1, 2].map(() => inFlight.share('a', never, asked.start));
  asked.faults[0]?.(new Error('no'));
  for (const answer of both) await assert.rejects(answer, /no/);
  void inFlight.share('a', never, asked.start);
  assert.equal(asked.signals.length, 2);
});

test('who has left before does not ask', async () => {
  const [inFlight, asked] = [new InFlight<string>(), new Asked()];
  await failure(inFlight.share('a', AbortSignal.abort(), asked.start));
  assert.equal(asked.signals.length, 0);
});
