import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { makeOrigin } from '../wire/messages.ts';
import { type Coverage, Outbox } from './outbox.ts';
import { NO_SLOT } from './table.ts';

const HOLD_MS = 10;
const origin = makeOrigin('origin', 1);

interface Waiting {
  /** Of the record that the client has now. */
  sequence: number;
  releaseAtMs: number | undefined;
}

const step = fc.tuple(
  fc.constantFrom('put', 'put', 'hold', 'hold', 'drop', 'take', 'release', 'acknowledge', 'barrier'),
  fc.nat({ max: 12 }),
  fc.nat({ max: 8 }),
);

test('each client has one place; nothing is lost, held too long or let through before the barrier', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const outbox = new Outbox();
      const model = new Map<number, Waiting>();
      let beforeBarrier = new Set<number>();
      let nowMs = 0;
      let sequence = 0;
      const acknowledged = new Set<number>();
      const neighbour: Coverage = {
        has: (_origin, number) => acknowledged.has(number),
        hasRecordOf: (slot) => acknowledged.has(model.get(slot)?.sequence ?? Number.NaN),
      };
      for (const [what, slot, passMs] of steps) {
        nowMs += passMs;
        if (what === 'put' || what === 'hold') {
          const releaseAtMs = what === 'hold' ? nowMs + HOLD_MS : undefined;
          sequence += 1;
          if (releaseAtMs === undefined) outbox.put(slot);
          else outbox.hold(slot, origin, sequence, releaseAtMs);
          const known = model.get(slot);
          if (known === undefined) model.set(slot, { sequence, releaseAtMs });
          else {
            known.sequence = sequence;
            if (releaseAtMs === undefined) known.releaseAtMs = undefined;
          }
        } else if (what === 'drop') {
          outbox.drop(slot);
          model.delete(slot);
          beforeBarrier.delete(slot);
        } else if (what === 'take') {
          const first = outbox.first();
          const ready = [...model].filter(([, { releaseAtMs }]) => releaseAtMs === undefined);
          if (first === NO_SLOT) assert.equal(ready.length, 0);
          else assert.ok(model.delete(first));
          outbox.drop(first);
          beforeBarrier.delete(first);
        } else if (what === 'acknowledge') acknowledged.add(Math.max(1, sequence - slot));
        else if (what === 'release') {
          outbox.release(nowMs, neighbour);
          for (const [held, waiting] of model) {
            if (waiting.releaseAtMs === undefined) continue;
            if (acknowledged.has(waiting.sequence) && !outbox.has(held)) {
              model.delete(held);
              beforeBarrier.delete(held);
            } else if (waiting.releaseAtMs <= nowMs) {
              assert.ok(!acknowledged.has(waiting.sequence) || outbox.has(held));
              waiting.releaseAtMs = undefined;
            }
          }
        } else {
          outbox.setBarrier();
          beforeBarrier = new Set(model.keys());
        }
        assert.equal(outbox.size, model.size);
        const held = [...model.values()].filter(({ releaseAtMs }) => releaseAtMs !== undefined);
        // One that left and is held again may be released as if it had stayed: sooner, never later.
        assert.ok(outbox.readySize >= model.size - held.length);
        const nextMs = outbox.nextReleaseMs();
        assert.equal(nextMs === Number.POSITIVE_INFINITY, outbox.readySize === outbox.size);
        // And when all of those have been, there is nothing to wait for.
        if (outbox.readySize < outbox.size) {
          assert.ok(nextMs <= Math.max(...held.map(({ releaseAtMs }) => releaseAtMs ?? 0)));
        }
        if (outbox.barrierPassed) assert.equal(beforeBarrier.size, 0);
        if (model.size === 0) assert.ok(outbox.barrierPassed);
      }
      // Everything comes out, each once.
      acknowledged.clear();
      outbox.release(nowMs + HOLD_MS, neighbour);
      for (let left = model.size; left > 0; left -= 1) {
        const first = outbox.first();
        assert.ok(model.delete(first));
        outbox.drop(first);
      }
      assert.equal(outbox.first(), NO_SLOT);
      assert.ok(outbox.barrierPassed);
    }),
    { numRuns: 1000 },
  );
});

test('clients come out in the order in which they came, however often each reports', () => {
  const outbox = new Outbox();
  for (let round = 0; round < 5; round += 1) for (let slot = 0; slot < 1000; slot += 1) outbox.put(slot);
  outbox.drop(7);
  const upcoming = new Int32Array(16);
  for (let slot = 0; slot < 1000; slot += 1) {
    if (slot === 7) continue;
    assert.equal(outbox.first(), slot);
    const count = outbox.upcoming(upcoming);
    assert.deepEqual(
      [...upcoming.subarray(0, count)],
      Array.from({ length: Math.min(16, 1000 - slot) }, (_, next) => slot + next),
    );
    outbox.drop(slot);
  }
});

test('those who are upcoming are told as far as a piece of the line goes, and are never none while somebody stands there', () => {
  const outbox = new Outbox();
  for (let slot = 0; slot < 10_000; slot += 1) outbox.put(slot);
  const upcoming = new Int32Array(32);
  for (let slot = 0; slot < 10_000; slot += 1) {
    assert.equal(outbox.first(), slot);
    assert.ok(outbox.upcoming(upcoming) > 0);
    assert.equal(upcoming[0], slot);
    outbox.drop(slot);
  }
});

test('who leaves and comes again a million times takes no more memory than its place', () => {
  const outbox = new Outbox();
  outbox.put(0);
  for (let round = 0; round < 1_000_000; round += 1) {
    if (round % 2 === 0) outbox.put(1);
    else outbox.hold(1, origin, round, round);
    outbox.drop(1);
  }
  assert.ok(outbox.bytes < 200_000, `${outbox.bytes} bytes`);
  assert.equal(outbox.size, 1);
});
