// A neighbour that says anything at all. A failure prints the seed: DROVER_FUZZ_SEED=N repeats it alone, DROVER_FUZZ_RUNS=N
// goes on for longer.
import assert from 'node:assert/strict';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { test } from 'node:test';
import type { Keyring } from '../core/handshake.ts';
import type { LinkState } from '../core/link-actions.ts';
import { type Chance, chanceOf } from '../wire/chance.ts';
import { Conversation } from './fuzz.ts';

const runs = Number(process.env['DROVER_FUZZ_RUNS'] ?? 2000);
const only = process.env['DROVER_FUZZ_SEED'];
const seeds = only === undefined ? Array.from({ length: runs }, (_, index) => index) : [Number(only)];

function keyringOf(chance: Chance): Keyring {
  return {
    keys: [new Uint8Array(32).fill(7)],
    crypto: {
      random: (count) => Uint8Array.from({ length: count }, () => Math.floor(chance() * 256)),
      hmac: (key, parts) => {
        const hmac = createHmac('sha256', key);
        for (const part of parts) hmac.update(part);
        return hmac.digest();
      },
      equal: (left, right) => left.length === right.length && timingSafeEqual(left, right),
    },
  };
}

for (const secret of [false, true]) {
  test(`whatever a neighbour says, only its link suffers, ${secret ? 'with' : 'without'} a secret`, () => {
    const states = new Set<LinkState>();
    for (const seed of seeds) {
      const chance = chanceOf(seed);
      try {
        const result = new Conversation(chance, secret ? keyringOf(chance) : undefined).run();
        for (const state of result.states) states.add(state);
      } catch (error) {
        throw new Error(`DROVER_FUZZ_SEED=${seed}: ${error instanceof Error ? error.message : error}`, {
          cause: error,
        });
      }
    }
    // Otherwise a part of the machine was never tried.
    if (only === undefined) {
      assert.deepEqual([...states].sort(), [
        'asking',
        'closed',
        'greeting',
        'leaving',
        'live',
        'looking',
        'proving',
        'syncing',
      ]);
    }
  });
}
