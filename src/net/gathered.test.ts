// Chunks that wait until all is read: what is taken, and that it is served in order, once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asciiBytes, asciiText } from '../wire/bytes.ts';
import { Kernel } from '../wire/kernel.ts';
import { GATHERED_BYTES, GATHERED_CHUNK_BYTES } from '../wire/limits.ts';
import { Gathered } from './gathered.ts';

test('small chunks of whole lines are kept side by side and served in order, others not', () => {
  const gathered = new Gathered(new Kernel());
  const served: string[] = [];
  const who = (name: string): { serveGathered(): void } => ({ serveGathered: () => void served.push(name) });
  const line = (bytes: number): Uint8Array => asciiBytes(`${'x'.repeat(bytes - 1)}\n`);
  assert.ok(gathered.isEmpty);
  assert.equal(gathered.add(asciiBytes('one\n'), who('first')), 0);
  assert.equal(gathered.add(asciiBytes('half'), who('half')), -1);
  assert.equal(gathered.add(line(GATHERED_CHUNK_BYTES + 1), who('large')), -1);
  assert.equal(gathered.add(line(GATHERED_CHUNK_BYTES), who('second')), 4);
  assert.equal(asciiText(gathered.bytes, 0, 4), 'one\n');
  gathered.serve(0);
  assert.deepEqual(served, ['first', 'second']);
  assert.ok(gathered.isEmpty);
  // The next turn begins anew, and what does not fit is not kept.
  let taken = 0;
  while (gathered.add(line(GATHERED_CHUNK_BYTES), who('more')) >= 0) taken += GATHERED_CHUNK_BYTES;
  assert.equal(taken, GATHERED_BYTES);
  gathered.serve(0);
  assert.equal(gathered.add(line(2), who('again')), 0);
});

test('what an earlier turn left is not read ahead', () => {
  const gathered = new Gathered(new Kernel());
  const report = 'IAMAT a +1+1 1\n';
  const counts: number[] = [];
  const who = {
    serveGathered: () => {
      gathered.ahead.read(gathered.bytes, 0, 100);
      counts.push(gathered.ahead.count);
    },
  };
  gathered.add(asciiBytes(report.repeat(3)), who);
  gathered.serve(0);
  gathered.add(asciiBytes(report), who);
  gathered.serve(0);
  assert.deepEqual(counts, [3, 1]);
  // Nor is it taken for what now stands in its place.
  gathered.add(asciiBytes(report), {
    serveGathered: () => assert.equal(gathered.ahead.next(gathered.bytes, 0, report.length), undefined),
  });
  gathered.serve(0);
});
