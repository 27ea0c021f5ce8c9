// What the log says of lookups, with the real providers and a server that answers as Google does.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { NearbyStandIn } from '../places/stand-in.ts';
import type { CannedAnswer } from '../places/stand-in-api.ts';
import { statusAnswer } from '../places/stand-in-legacy.ts';
import { errorAnswer } from '../places/stand-in-new.ts';
import { asciiBytes } from '../wire/bytes.ts';
import { RecordView } from '../wire/record.ts';
import { PlacesLookup } from './places.ts';

interface Answered {
  readonly msg: string;
  readonly status?: string;
  readonly errorMessage?: string;
  readonly reason?: string;
}

/** Of a client called kiwi. */
function record(): RecordView {
  const text = asciiBytes('kiwi +34.068930-118.445127 1');
  return Object.assign(new RecordView(), { text, textLength: text.length, clientLength: 4, locationLength: 21 });
}

/** What the log has of one lookup that was answered so. */
async function loggedOf(provider: 'google' | 'google-legacy', answer: CannedAnswer, key: string): Promise<Answered> {
  const standIn = await NearbyStandIn.start();
  standIn.behaviour = answer;
  const lines: string[] = [];
  const config = {
    providers: [provider],
    timeoutMs: 5000,
    google: { url: standIn.url, key, fields: 'pro' as const },
  };
  const logger = pino({ base: {} }, { write: (line) => void lines.push(line) });
  const lookup = new PlacesLookup({ config, logger, traffic: false, ledgerFile: path.join('nowhere', 'ledger') });
  try {
    await lookup.near(record(), 10, 5, new AbortController().signal);
  } finally {
    lookup.close();
    await standIn.close();
  }
  assert.equal(lines.length, 1);
  return JSON.parse(lines[0] as string) as Answered;
}

const KEY = 'AIza-a-whole-key';

test('a refusal is logged with the words of who refused, from both of Google’s', async () => {
  const words = 'The provided API key is invalid.';
  const legacy = await loggedOf('google-legacy', statusAnswer('REQUEST_DENIED', words), KEY);
  assert.deepEqual([legacy.msg, legacy.status, legacy.errorMessage], ['places answered', 'REQUEST_DENIED', words]);
  const answer = errorAnswer(403, 'PERMISSION_DENIED', words, 'API_KEY_SERVICE_BLOCKED');
  const recent = await loggedOf('google', answer, KEY);
  assert.deepEqual([recent.msg, recent.status, recent.errorMessage], ['places answered', 'REQUEST_DENIED', words]);
});

test('those words are cut and move nobody’s cursor, and where there are none nothing is made up', async () => {
  const { errorMessage } = await loggedOf(
    'google-legacy',
    statusAnswer('REQUEST_DENIED', `\\u001b[2J\u202eé \\"x\\"${'y'.repeat(500_000)}`),
    KEY,
  );
  assert.equal(errorMessage, `\\x1b[2J\\xe2\\x80\\xae\\xc3\\xa9 "x"${'y'.repeat(390)}`);
  const silent = await loggedOf('google-legacy', statusAnswer('INVALID_REQUEST'), KEY);
  assert.deepEqual([silent.status, 'errorMessage' in silent], ['INVALID_REQUEST', false]);
});

test('the key is not among them, however it is written, nor one as short as a word', async () => {
  const escaped = KEY.replace('A', '\\u0041');
  for (const provider of ['google', 'google-legacy'] as const) {
    const words = JSON.stringify({
      error: { status: 'PERMISSION_DENIED', message: 'KEY' },
      status: 'REQUEST_DENIED',
      error_message: 'KEY',
    });
    const answer = { status: provider === 'google' ? 403 : 200, body: words.replaceAll('"KEY"', `"no ${escaped}"`) };
    const { msg, reason } = await loggedOf(provider, answer, KEY);
    assert.deepEqual([msg, reason], ['places failed', "Google's answer repeats the API key, so nobody gets it"]);
  }
  const short = await loggedOf('google-legacy', statusAnswer('REQUEST_DENIED', 'who is tuna?'), 'tuna');
  assert.equal(short.errorMessage, 'who is KEY?');
});
