import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Holding, madeRecord } from '../journal/made-records.ts';
import type { StoredRecord } from '../wire/record.ts';
import { type Acknowledgement, Store } from './store.ts';

function run(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** A real, small file system; nothing where this process may not make one. */
function smallDisk(t: TestContext, bytes: number): string | undefined {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'drover-disk-'));
  const isMounted = run('mount', '-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', directory);
  t.after(() => {
    if (isMounted) assert.ok(run('umount', '-l', directory));
    rmdirSync(directory);
  });
  return isMounted ? directory : undefined;
}

/** A store and what it acknowledged. */
class Working {
  readonly acknowledged = new Holding();
  readonly made: StoredRecord[] = [];
  readonly events: string[] = [];
  readonly holding = new Holding();
  store!: Store;
  private sequence = 0;

  async open(directory: string, acknowledge: Acknowledgement): Promise<void> {
    const observer = {
      failing: (reason: string) => this.events.push(`failing: ${reason}`),
      working: () => this.events.push('working'),
      snapshotFailed: (reason: string) => this.events.push(`snapshot failed: ${reason}`),
      snapshotWritten: () => this.events.push('snapshot'),
    };
    this.store = await Store.open({
      directory,
      herd: 'ucla',
      name: 'Goloman',
      acknowledge,
      nowMs: 1000,
      observer,
      tickMs: 5,
    });
    this.store.recover(this.holding);
    this.store.start(this.holding);
  }

  /** As a server does it: into the table, appended, committed; acknowledged only if that was kept. */
  report(client: string): Promise<boolean> {
    this.sequence += 1;
    const record = madeRecord(this.holding.origin('Goloman', this.store.epoch), this.sequence, client, this.sequence);
    this.made.push(record);
    this.holding.restore(record);
    this.store.append(record);
    return new Promise((resolve) =>
      this.store.commit((kept) => {
        if (kept) this.acknowledged.restore(record);
        resolve(kept);
      }),
    );
  }

  mark(): void {
    this.store.mark(this.holding.origin('Goloman', this.store.epoch), this.sequence);
    this.store.commit();
  }

  /** What the disk gives back holds at least what was acknowledged, and claims nothing that it lacks. */
  async check(directory: string): Promise<Holding> {
    const store = await Store.open({ directory, herd: 'ucla', name: 'Goloman', acknowledge: 'wal', nowMs: 1000 });
    const found = new Holding();
    store.recover(found);
    await store.close({ snapshot: false });
    for (const [client, record] of this.acknowledged.table) {
      assert.ok((found.table.get(client)?.sequence ?? 0) >= record.sequence, `${client} ${record.sequence} is lost`);
    }
    assert.deepEqual(found.falseClaims(this.made), []);
    return found;
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

for (const acknowledge of ['wal', 'fsync'] as const) {
  test(`full disk, --ack ${acknowledge}: refused loudly, nothing acknowledged is lost, and freed it goes on`, async (t) => {
    const directory = smallDisk(t, 512 * 1024);
    if (directory === undefined) return t.skip('only root may mount a small disk');
    const working = new Working();
    await working.open(directory, acknowledge);
    const filler = path.join(directory, 'filler');
    const { bavail, bsize } = statfsSync(directory);
    writeFileSync(filler, new Uint8Array((bavail - 10) * bsize));
    let reports = 0;
    while (await working.report(`client-${reports % 50}`)) reports += 1;
    assert.ok(reports > 100, `${reports}`);
    assert.match(working.events.join(), /^failing: ENOSPC/);
    assert.equal(working.store.state, 'failing');
    // Neighbours' records still come in and marks too; none of that may be claimed later.
    for (let index = 0; index < 20; index += 1) assert.equal(await working.report(`lost-${index}`), false);
    working.mark();
    rmSync(filler);
    await until(() => working.store.state === 'working');
    working.mark();
    assert.ok(await working.report('after'));
    // The snapshot that fills the gap is made without being asked.
    await until(() => working.events.includes('snapshot'));
    working.mark();
    assert.ok(await working.report('later'));
    await working.store.close({ snapshot: false });
    const found = await working.check(directory);
    assert.deepEqual(found.lines(), working.holding.lines());
    // And the older way, without that snapshot, does not hide the gap.
    const snapshots = readdirSync(path.join(directory, 'Goloman')).filter((name) => name.startsWith('snap-'));
    for (const name of snapshots) rmSync(path.join(directory, 'Goloman', name));
    const without = new Holding();
    const again = await Store.open({ directory, herd: 'ucla', name: 'Goloman', acknowledge: 'wal', nowMs: 1000 });
    assert.match(again.recover(without).warnings.join('\n'), /continues from byte .* which is missing/);
    assert.deepEqual(without.falseClaims(working.made), []);
    await again.close({ snapshot: false });
  });
}

test('stopped while the disk is full, a server has what it acknowledged', async (t) => {
  const directory = smallDisk(t, 256 * 1024);
  if (directory === undefined) return t.skip('only root may mount a small disk');
  const working = new Working();
  await working.open(directory, 'wal');
  // A server needs a block to number its next life.
  const filler = path.join(directory, 'filler');
  writeFileSync(filler, new Uint8Array(8192));
  let reports = 0;
  while (await working.report(`client-${reports % 50}`)) reports += 1;
  assert.equal(statSync(path.join(directory, 'Goloman', 'wal-1')).size, working.store.logBytes);
  await working.store.close();
  rmSync(filler);
  await working.check(directory);
});

test('a disk that loses what it took: only a snapshot of everything makes up for it', async (t) => {
  // A disk whose own disk is full: writes succeed, and making them durable fails.
  const below = smallDisk(t, 3 * 1024 * 1024);
  if (below === undefined) return t.skip('only root may mount a small disk');
  const [image, directory] = [path.join(below, 'image'), mkdtempSync(path.join(os.tmpdir(), 'drover-disk-'))];
  let isMounted = false;
  t.after(() => {
    if (isMounted) assert.ok(run('umount', directory));
    rmdirSync(directory);
  });
  writeFileSync(image, '');
  const made = run('truncate', '-s', '16M', image) && run('mkfs.ext2', '-q', '-F', image);
  isMounted = made && run('mount', '-o', 'loop', image, directory);
  if (!isMounted) return t.skip('no loop devices, or no mkfs.ext2');
  const working = new Working();
  await working.open(directory, 'fsync');
  assert.ok(await working.report('first'));
  run('sync', '-f', directory);
  const filler = path.join(below, 'filler');
  const { bavail, bsize } = statfsSync(below);
  writeFileSync(filler, new Uint8Array(bavail * bsize));
  let reports = 0;
  while (await working.report(`client-${reports % 500}`)) reports += 1;
  assert.match(working.events.join(), /failing: \w+: .*, fdatasync/);
  rmSync(filler);
  await until(() => working.store.state === 'working');
  assert.ok(working.events.includes('snapshot'));
  assert.ok(await working.report('after'));
  await working.store.close({ snapshot: false });
  await working.check(directory);
});

test('files may not grow further: the log goes on in another', (t) => {
  const module = fileURLToPath(new URL('../journal/made-records.js', import.meta.url));
  const script = `
    const { Holding, madeRecord } = await import(${JSON.stringify(module)});
    const { Store } = await import(${JSON.stringify(fileURLToPath(new URL('./store.js', import.meta.url)))});
    const events = [];
    const observer = { failing: (reason) => events.push(reason), working: () => events.push('working') };
    const [directory] = process.argv.slice(1);
    const store = await Store.open({ directory, herd: 'ucla', name: 'Goloman', acknowledge: 'wal', nowMs: 1, tickMs: 2, observer });
    const holding = new Holding();
    store.recover(holding);
    store.start(holding);
    const acknowledged = new Holding();
    for (let sequence = 1; events.length < 4; sequence += 1) {
      const record = madeRecord(holding.origin('Goloman', store.epoch), sequence, 'client-' + sequence, sequence);
      holding.restore(record);
      store.append(record);
      if (store.commit()) acknowledged.restore(record);
      if (store.state === 'failing') await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await store.close({ snapshot: false });
    const again = await Store.open({ directory, herd: 'ucla', name: 'Goloman', acknowledge: 'wal', nowMs: 1 });
    const found = new Holding();
    const { lines } = again.recover(found);
    const lost = [...acknowledged.table.keys()].filter((client) => !found.table.has(client));
    console.log(JSON.stringify({ events, lost, kept: acknowledged.table.size, lines }));
    await again.close({ snapshot: false });`;
  if (process.platform === 'win32') return t.skip('no limit on the size of files');
  const directory = mkdtempSync(path.join(os.tmpdir(), 'drover-limit-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  // In blocks of 1 KiB or 512 bytes, as the shell likes.
  const shell = [
    '-c',
    'ulimit -f 48 && exec "$0" "$@"',
    process.execPath,
    '--input-type=module',
    '-e',
    script,
    directory,
  ];
  const { stdout, stderr } = spawnSync('sh', shell, { encoding: 'utf8' });
  assert.equal(stderr, '');
  const { events, lost, kept } = JSON.parse(stdout) as { events: string[]; lost: string[]; kept: number };
  assert.deepEqual(lost, []);
  assert.ok(kept > 100, `${kept}`);
  assert.deepEqual(events, ['EFBIG: file too large, write', 'working', 'EFBIG: file too large, write', 'working']);
});
