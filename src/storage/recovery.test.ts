import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { gotOf } from '../core/got.ts';
import { compareRecords } from '../core/order.ts';
import { clientOf, Holding, madeRecord } from '../journal/made-records.ts';
import type { Origin } from '../wire/messages.ts';
import type { StoredRecord } from '../wire/record.ts';
import { Store } from './store.ts';

// More on request: DROVER_TEST_RUNS=20000 node --test dist/src/storage/recovery.test.js
const numRuns = Number(process.env['DROVER_TEST_RUNS'] ?? 150);

type Step =
  | { readonly kind: 'own'; readonly client: number; readonly time: number }
  | { readonly kind: 'heard'; readonly update: number }
  | { readonly kind: 'mark' | 'commit' | 'snapshot' | 'restart' | 'crash' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('own'), client: fc.nat(5), time: fc.nat(99) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('heard'), update: fc.nat(7) }) },
  { weight: 4, arbitrary: fc.constant({ kind: 'mark' }) },
  { weight: 4, arbitrary: fc.constant({ kind: 'commit' }) },
  { weight: 1, arbitrary: fc.constantFrom({ kind: 'snapshot' }, { kind: 'restart' }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'crash' }) },
) as fc.Arbitrary<Step>;

const damage = fc.record({
  kind: fc.constantFrom('none', 'cut', 'flip', 'remove', 'noise', 'tail', 'middle'),
  file: fc.nat(),
  at: fc.nat(),
  noise: fc.uint8Array({ minLength: 1, maxLength: 40 }),
});
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

/** One server's lives in one directory, and everything that was ever numbered. */
class Life {
  readonly made: StoredRecord[] = [];
  /** The table after each commit. */
  readonly committed: string[][] = [[]];
  /** What a neighbour numbered: clients and times are arbitrary, but fixed. */
  readonly heard: StoredRecord[];
  holding = new Holding();
  directory: string;
  private readonly elsewhere: Holding = new Holding();
  private store: Store | undefined;
  private self: Origin | undefined;
  private sequence = 0;

  constructor(directory: string) {
    this.directory = directory;
    const neighbour = this.elsewhere.origin('Hands', 77);
    this.heard = Array.from({ length: 8 }, (_, index) =>
      madeRecord(neighbour, index + 1, `c${(index * 7) % 6}`, (index * 37) % 100),
    );
    this.made.push(...this.heard);
  }

  async open(): Promise<Store> {
    const store = await Store.open({
      directory: this.directory,
      herd: 'ucla',
      name: 'Goloman',
      acknowledge: 'wal',
      nowMs: 1000,
    });
    this.holding = new Holding();
    store.recover(this.holding);
    store.start(this.holding);
    this.store = store;
    this.self = this.holding.origin('Goloman', store.epoch);
    this.sequence = 0;
    return store;
  }

  async close(snapshot: boolean): Promise<void> {
    await this.store?.close({ snapshot });
    this.store = undefined;
  }

  async step(step: Step): Promise<void> {
    const store = this.store as Store;
    if (step.kind === 'own') {
      this.sequence += 1;
      this.take(madeRecord(this.self as Origin, this.sequence, `c${step.client}`, step.time));
    } else if (step.kind === 'heard') this.take(this.heard[step.update] as StoredRecord);
    else if (step.kind === 'mark') this.mark();
    else if (step.kind === 'commit') this.commit();
    else if (step.kind === 'snapshot') {
      this.commit();
      assert.ok(await store.snapshot());
    } else if (step.kind === 'restart') {
      this.commit();
      await this.close(true);
      await this.open();
    } else await this.crash();
  }

  commit(): void {
    assert.ok(this.store?.commit());
    this.committed.push(this.holding.lines());
  }

  /** What lies on the disk at this moment goes on in another directory. */
  async crash(): Promise<void> {
    const copy = mkdtempSync(path.join(path.dirname(this.directory), 'crash-'));
    copyStore(this.directory, copy);
    await this.close(false);
    this.directory = copy;
    await this.open();
    // What was appended since the last commit is gone.
    assert.deepEqual(this.holding.lines(), this.committed.at(-1));
  }

  private take(record: StoredRecord): void {
    const own = { ...record, origin: this.holding.origin(record.origin.name, record.origin.epoch) };
    if (own.origin === this.self) this.made.push(own);
    const known = this.holding.table.get(clientOf(own));
    const wins = known === undefined || compareRecords(own, known) > 0;
    this.holding.restore(own);
    if (wins) assert.ok(this.store?.append(own));
  }

  /** As high as a neighbour might truthfully say: up to the first update that the table has nothing as new for. */
  private mark(): void {
    let height = 0;
    for (const update of this.heard) {
      const known = this.holding.table.get(clientOf(update));
      if (known === undefined || compareRecords(known, update) < 0) break;
      height = update.sequence;
    }
    const origin = this.holding.origin('Hands', 77);
    if (gotOf(this.holding.got, origin).raise(height)) assert.ok(this.store?.mark(origin, height));
  }
}

function copyStore(from: string, to: string): void {
  cpSync(from, to, { recursive: true });
  const files = path.join(to, 'Goloman');
  // The copy's lock would name a process that lives: this one.
  for (const name of readdirSync(files)) if (name.startsWith('lock-')) rmSync(path.join(files, name));
}

/** True if all that was committed must still be there, `prefix` if some end of it may be missing. */
function harm(directory: string, { kind, file, at, noise }: Damage): 'whole' | 'prefix' | 'less' {
  const files = readdirSync(directory).filter((name) => /^(wal|snap|epoch)/.test(name));
  const logs = files.filter((name) => name.startsWith('wal-')).sort((a, b) => Number(a.slice(4)) - Number(b.slice(4)));
  const last = logs.at(-1);
  let name = files[file % files.length] as string;
  if (kind === 'tail' && last !== undefined) name = last;
  if (kind === 'middle' && logs.length > 1) name = logs[file % (logs.length - 1)] as string;
  const target = path.join(directory, name);
  const bytes = readFileSync(target);
  const place = at % Math.max(1, bytes.length);
  if (kind === 'none') return 'whole';
  if (kind === 'remove') rmSync(target);
  else if (kind === 'noise') writeFileSync(target, Buffer.concat([bytes, noise]));
  else if (kind === 'flip') {
    bytes[place] = (bytes[place] ?? 0) ^ (1 << (at % 8));
    writeFileSync(target, bytes);
  } else truncateSync(target, place);
  // Bytes after the end of the epoch or of a finished snapshot, or of the log, take nothing away.
  if (name === 'epoch') return 'whole';
  if (kind === 'noise') return 'whole';
  return name === last ? 'prefix' : 'less';
}

test('whatever is done, cut and damaged, recovery claims nothing that it lacks', async (t) => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'drover-recovery-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), damage, async (steps, harmDone) => {
      const directory = mkdtempSync(path.join(root, 'life-'));
      const life = new Life(directory);
      await life.open();
      for (const one of steps) await life.step(one);
      const [before, made] = [life.committed, life.made];
      await life.close(false);
      // A close writes what waits.
      before.push(life.holding.lines());
      const left = harm(path.join(life.directory, 'Goloman'), harmDone);
      await life.open();
      const found = life.holding.lines();
      assert.deepEqual(life.holding.falseClaims(made), []);
      if (left === 'whole') assert.deepEqual(found, before.at(-1));
      if (left === 'prefix') assert.ok(before.some((lines) => lines.join() === found.join()));
      const known = new Set(made.map((record) => `${record.origin.name} ${record.origin.epoch} ${record.sequence}`));
      for (const { origin, sequence } of life.holding.table.values()) {
        assert.ok(known.has(`${origin.name} ${origin.epoch} ${sequence}`));
      }
      // The next life, on what was left, keeps the promise too.
      for (const one of steps.slice(0, 20)) if (one.kind !== 'crash') await life.step(one);
      await life.close(false);
      const end = life.holding.lines();
      await life.open();
      assert.deepEqual(life.holding.falseClaims(life.made), []);
      if (left !== 'less') assert.deepEqual(life.holding.lines(), end);
      await life.close(false);
    }),
    { numRuns },
  );
});
