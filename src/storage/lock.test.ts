import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { Holding, madeRecord } from '../journal/made-records.ts';
import { Lock, Locked } from './lock.ts';
import { thisProcess } from './owner.ts';
import { Store } from './store.ts';

function temporary(t: TestContext): string {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'drover-lock-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Another process that tries to take the directory, says what came of it, and then stays. */
function contender(t: TestContext, directory: string): { child: ChildProcess; said: Promise<string> } {
  const module = JSON.stringify(new URL('./lock.js', import.meta.url).href);
  const script = `import(${module}).then(({ Lock }) => Lock.take(process.argv[1])).then(
    (lock) => { globalThis.lock = lock; console.log('held'); },
    (error) => console.log(error.name + ': ' + error.message));
    setInterval(() => {}, 1000); process.stdin.resume().on('end', () => process.exit());`;
  const child = spawn(process.execPath, ['-e', script, directory], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const said = once(child.stdout, 'data').then(([chunk]) => String(chunk).trim());
  return { child, said };
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

test('a second process is refused and told who is there; after kill -9 of the first it is let in', async (t) => {
  const directory = temporary(t);
  const first = contender(t, directory);
  assert.equal(await first.said, 'held');
  const refusal = `process ${first.child.pid} uses ${directory}: stop it`;
  assert.ok((await contender(t, directory).said).startsWith(`Locked: ${refusal}`));
  await assert.rejects(Lock.take(directory), (error) => error instanceof Locked && error.message.startsWith(refusal));
  await kill(first.child);
  assert.equal(await contender(t, directory).said, 'held');
});

test('of many processes that find a dead lock at once, one takes it', async (t) => {
  const directory = temporary(t);
  for (let round = 0; round < 3; round += 1) {
    const contenders = Array.from({ length: 6 }, () => contender(t, directory));
    const said = await Promise.all(contenders.map((one) => one.said));
    assert.equal(said.filter((line) => line === 'held').length, 1, said.join('\n'));
    assert.equal(said.filter((line) => line.startsWith('Locked: ')).length, 5, said.join('\n'));
    // Some may be killed before others, the holder among them: nobody looks any more.
    await Promise.all(contenders.map((one) => kill(one.child)));
  }
});

test('the same process does not get it twice, but again after giving it back', async (t) => {
  const directory = temporary(t);
  const lock = await Lock.take(directory);
  await assert.rejects(Lock.take(directory), Locked);
  lock.release();
  const again = await Lock.take(directory);
  assert.deepEqual(readdirSync(directory), ['lock-2']);
  again.release();
});

test('a process number that was used again does not keep the lock', async (t) => {
  const self = thisProcess();
  if (self.started === '') return t.skip('this system does not tell when a process started');
  const directory = temporary(t);
  writeFileSync(path.join(directory, 'lock-7'), JSON.stringify({ ...self, started: '1' }));
  (await Lock.take(directory)).release();
  // Nor does one from before the machine was started again, or something that is no owner at all.
  writeFileSync(path.join(directory, 'lock-9'), JSON.stringify({ ...self, boot: 'earlier' }));
  (await Lock.take(directory)).release();
  writeFileSync(path.join(directory, 'lock-12'), '{"pid":-1}');
  (await Lock.take(directory)).release();
  assert.deepEqual(readdirSync(directory), ['lock-13']);
});

test('a lock of another container counts for as long as somebody touches it', async (t) => {
  const [dead, alive] = [temporary(t), temporary(t)];
  const elsewhere = JSON.stringify({ ...thisProcess(), namespace: 'pid:[1]', boot: 'other', host: 'container' });
  for (const directory of [dead, alive]) writeFileSync(path.join(directory, 'lock-1'), elsewhere);
  const touching = setInterval(() => utimesSync(path.join(alive, 'lock-1'), new Date(), new Date()), 100);
  t.after(() => clearInterval(touching));
  await Promise.all([
    Lock.take(dead).then((lock) => lock.release()),
    assert.rejects(Lock.take(alive), /^Locked: process \d+ on container, another machine or container, uses/),
  ]);
});

test('who was taken for dead and goes on writes nothing', async (t) => {
  const directory = temporary(t);
  const reasons: string[] = [];
  const observer = { failing: (reason: string) => reasons.push(reason) };
  const options = {
    directory,
    herd: 'ucla',
    name: 'Goloman',
    acknowledge: 'wal',
    nowMs: 1,
    tickMs: 2,
    observer,
  } as const;
  const store = await Store.open(options);
  store.recover({ origin: () => assert.fail(), restore: () => {}, restoreVector: () => {} });
  store.start({ records: () => [], vector: () => [] });
  assert.equal(store.state, 'working');
  const files = path.join(directory, 'Goloman');
  const owner = readFileSync(path.join(files, 'lock-1'));
  // What another process does that takes it.
  writeFileSync(path.join(files, 'lock-2'), owner);
  rmSync(path.join(files, 'lock-1'));
  while (reasons.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  assert.match(reasons[0] ?? '', /^another process took the data directory/);
  assert.equal(store.state, 'failing');
  await store.close();
  assert.ok(existsSync(path.join(files, 'lock-2')));
  assert.deepEqual(readFileSync(path.join(files, 'lock-2')), owner);
});

test('a server whose machine slept looks before it writes: the clock that only goes forward stood still', async (t) => {
  const directory = temporary(t);
  t.mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
  t.mock.method(performance, 'now', () => 5000);
  const options = { directory, herd: 'ucla', name: 'Goloman', acknowledge: 'wal', nowMs: 1, tickMs: 60_000 } as const;
  const store = await Store.open(options);
  const holding = new Holding();
  store.recover(holding);
  const report = (sequence: number): boolean => {
    store.append(madeRecord(holding.origin('Goloman', store.epoch), sequence, 'kiwi', sequence));
    return store.commit();
  };
  assert.ok(report(1));
  const files = path.join(directory, 'Goloman');
  writeFileSync(path.join(files, 'lock-2'), readFileSync(path.join(files, 'lock-1')));
  rmSync(path.join(files, 'lock-1'));
  t.mock.timers.tick(10_000);
  assert.equal(report(2), false);
  assert.equal(store.state, 'failing');
  await store.close();
});
