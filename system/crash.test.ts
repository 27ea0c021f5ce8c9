// The store's promise, kept through kill -9. `npm run crash -- --rounds 1000` is the same for longer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crashRounds } from './crash/rounds.ts';

const ROUNDS = { wal: 50, fsync: 10 } as const;

for (const acknowledge of ['wal', 'fsync'] as const) {
  test(`kill -9 at ${ROUNDS[acknowledge]} random instants with --ack ${acknowledge}, also while a snapshot takes the place of another: nothing acknowledged is lost (serf's remove, then rename)`, async (t) => {
    const tally = await crashRounds(ROUNDS[acknowledge], 1, acknowledge);
    t.diagnostic(JSON.stringify(tally));
    assert.equal(tally.rounds, ROUNDS[acknowledge]);
    assert.ok(tally.acknowledged > 0);
    assert.deepEqual([tally.lost, tally.falseClaims, tally.warnings], [[], [], []]);
  });
}
