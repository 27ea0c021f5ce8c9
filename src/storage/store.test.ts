import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { Replica } from '../core/replica.ts';
import type { Observer } from '../core/sink.ts';
import { Holding, madeRecord } from '../journal/made-records.ts';
import { REMOVED_PIECE_BYTES } from '../wire/limits.ts';
import type { StoredRecord } from '../wire/record.ts';
import { type Acknowledgement, OtherHerd, type Recovery, Store, type StoreOptions, UnknownFormat } from './store.ts';

function temporary(t: TestContext): string {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'drover-store-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

interface Opened {
  readonly store: Store;
  readonly holding: Holding;
  readonly recovery: Recovery;
  /** One record of this server for a client, kept. */
  keep(client: string, time: number): void;
}

async function open(
  directory: string,
  acknowledge: Acknowledgement,
  more: Partial<StoreOptions> = {},
): Promise<Opened> {
  const store = await Store.open({ directory, herd: 'ucla', name: 'Goloman', acknowledge, nowMs: 1000, ...more });
  const holding = new Holding();
  const recovery = store.recover(holding);
  store.start(holding);
  let sequence = 0;
  const keep = (client: string, time: number): void => {
    sequence += 1;
    const record = madeRecord(holding.origin('Goloman', store.epoch), sequence, client, time);
    holding.restore(record);
    assert.ok(store.append(record));
    assert.ok(store.commit());
  };
  return { store, holding, recovery, keep };
}

const files = (directory: string): string[] => readdirSync(path.join(directory, 'Goloman')).sort();
const at = (directory: string, name: string): string => path.join(directory, 'Goloman', name);

test('the checksum is the usual CRC-32', () => {
  assert.equal(crc32('123456789'), 0xcbf43926);
  assert.equal(crc32('56789', crc32('1234')), 0xcbf43926);
  assert.equal(crc32(new Uint8Array(32)), 0x190a55ad);
});

test('nobody else may read what is kept', async (t) => {
  const directory = temporary(t);
  const { store, keep } = await open(directory, 'wal');
  keep('kiwi', 1);
  await store.close();
  assert.equal(statSync(at(directory, '.')).mode & 0o777, 0o700);
  assert.deepEqual(files(directory), ['epoch', 'herd', 'lock-1', 'snap-2', 'wal-1', 'wal-2']);
  for (const name of files(directory)) assert.equal(statSync(at(directory, name)).mode & 0o777, 0o600, name);
});

test('every life has a later number than the one before, whatever the clock says (memberlist#311)', async (t) => {
  const directory = temporary(t);
  const epochs: number[] = [];
  for (const nowMs of [5000, 9000, 4000, 4000.9, 9001]) {
    const store = await Store.open({ directory, herd: 'ucla', name: 'Goloman', acknowledge: 'wal', nowMs });
    assert.equal(readFileSync(at(directory, 'epoch'), 'latin1'), `${store.epoch}\n`);
    epochs.push(store.epoch);
    await store.close();
  }
  assert.deepEqual(epochs, [5000, 9000, 9001, 9002, 9003]);
  writeFileSync(at(directory, 'epoch'), 'mud');
  const { store, recovery } = await open(directory, 'wal', { nowMs: 20_000 });
  assert.equal(store.epoch, 20_000);
  assert.match(recovery.warnings[0] ?? '', /^epoch: unreadable/);
  store.beginLife(30_000);
  assert.equal(readFileSync(at(directory, 'epoch'), 'latin1'), '30000\n');
  await store.close();
});

test('a directory is of one herd, whose records no other takes for its own', async (t) => {
  const directory = temporary(t);
  const first = await open(directory, 'wal');
  first.keep('kiwi', 1);
  await first.store.close();
  const before = readFileSync(at(directory, 'epoch'), 'latin1');
  const refused = (error: Error): boolean =>
    error instanceof OtherHerd &&
    /belongs to the herd ucla, .* that of farm: .*--data.*new name, remove/.test(error.message);
  await assert.rejects(open(directory, 'wal', { herd: 'farm' }), refused);
  await assert.rejects(open(directory, 'wal', { herd: 'farm' }), refused);
  assert.equal(readFileSync(at(directory, 'epoch'), 'latin1'), before);
  // As it was before directories said whose they are: it is taken, and from then on it is that herd's.
  rmSync(at(directory, 'herd'));
  const taken = await open(directory, 'wal');
  assert.equal(taken.holding.table.size, 1);
  await taken.store.close();
  await assert.rejects(open(directory, 'wal', { herd: 'farm' }), refused);
});

test('what decay made of the name cannot reach the terminal, and is not taken for this herd', async (t) => {
  const directory = temporary(t);
  const { store } = await open(directory, 'wal');
  await store.close();
  writeFileSync(at(directory, 'herd'), Buffer.from('u\x1b[2Jl\xe1\n', 'latin1'));
  await assert.rejects(open(directory, 'wal'), /belongs to the herd u\\x1b\[2Jl\\xe1, /);
});

test('a replica takes back table, vector and life', async (t) => {
  const directory = temporary(t);
  const first = await open(directory, 'wal');
  first.keep('kiwi', 1);
  first.keep('emu', 2);
  const hands = first.holding.origin('Hands', 5);
  first.store.mark(hands, 12);
  first.store.commit();
  await first.store.close({ snapshot: false });
  rmSync(at(directory, 'epoch'));
  const second = await Store.open({ directory, herd: 'ucla', name: 'Goloman', acknowledge: 'wal', nowMs: 10 });
  const silent = new Proxy(
    {},
    { get: (_, name) => (epoch: number) => name === 'lifeBegun' && second.beginLife(epoch) },
  );
  const options = {
    herd: 'ucla',
    self: 'Goloman',
    neighbours: ['Hands'],
    nowMs: 0,
    hashSeed: 7,
    expireAfterSeconds: 0,
  };
  const replica = new Replica({ ...options, epoch: second.epoch, observer: silent as Observer });
  second.recover(replica);
  assert.equal(replica.clients, 2);
  const heights = [...replica.vector].map(([origin, got]) => `${origin.name} ${origin.epoch} ${got.height}`);
  assert.deepEqual(heights.sort(), ['Goloman 1000 2', 'Hands 5 12']);
  // The epoch file was lost and the clock set back, but the log remembers a later life.
  assert.ok(second.epoch > 1000);
  assert.equal(replica.self.epoch, second.epoch);
  await second.close();
});

test('half a write at the end is dropped and said, and nothing else is lost', async (t) => {
  const directory = temporary(t);
  const first = await open(directory, 'wal');
  first.keep('kiwi', 1);
  first.keep('emu', 2);
  await first.store.close({ snapshot: false });
  truncateSync(at(directory, 'wal-1'), statSync(at(directory, 'wal-1')).size - 3);
  const second = await open(directory, 'wal');
  assert.deepEqual(second.holding.lines(), ['kiwi 1@Goloman.1000']);
  assert.deepEqual(second.recovery.warnings, []);
  assert.match(second.recovery.lines.join('\n'), /wal-1: ends in half a write, \d+ bytes dropped/);
  second.keep('emu', 3);
  await second.store.close({ snapshot: false });
  const third = await open(directory, 'wal');
  assert.deepEqual(third.holding.lines(), ['emu 1@Goloman.1001', 'kiwi 1@Goloman.1000']);
  assert.deepEqual(third.recovery.warnings, []);
  await third.store.close();
});

for (const harm of ['cut', 'removed'] as const) {
  test(`a mark after a log file that is ${harm} claims nothing`, async (t) => {
    const directory = temporary(t);
    const hands = { name: 'Hands', epoch: 5 };
    const first = await open(directory, 'wal');
    first.store.append(madeRecord(first.holding.origin(hands.name, hands.epoch), 1, 'lost', 1));
    await first.store.close({ snapshot: false });
    const second = await open(directory, 'wal');
    second.store.append(madeRecord(second.holding.origin(hands.name, hands.epoch), 2, 'kept', 1));
    second.store.mark(second.holding.origin(hands.name, hands.epoch), 2);
    await second.store.close({ snapshot: false });
    if (harm === 'removed') rmSync(at(directory, 'wal-1'));
    else truncateSync(at(directory, 'wal-1'), statSync(at(directory, 'wal-1')).size - 1);
    const third = await open(directory, 'wal');
    assert.deepEqual(third.holding.lines(), ['kept 2@Hands.5']);
    assert.deepEqual(third.holding.vector(), [{ ...hands, height: 0, above: [2, 2] }]);
    assert.match(third.recovery.warnings.join('\n'), /wal-2 continues from byte \d+ of wal-1, which is missing/);
    await third.store.close();
  });
}

test('a damaged snapshot is no loss: the one before it and the log give the same', async (t) => {
  const directory = temporary(t);
  const first = await open(directory, 'wal');
  for (let time = 0; time < 20; time += 1) {
    first.keep(`c${time % 7}`, time);
    if (time % 5 === 0) assert.ok(await first.store.snapshot());
  }
  await first.store.close({ snapshot: false });
  assert.deepEqual(files(directory), ['epoch', 'herd', 'lock-1', 'snap-4', 'snap-5', 'wal-4', 'wal-5']);
  const bytes = readFileSync(at(directory, 'snap-5'));
  bytes[60] = (bytes[60] ?? 0) ^ 1;
  writeFileSync(at(directory, 'snap-5'), bytes);
  const second = await open(directory, 'wal', { tickMs: 5 });
  assert.deepEqual(second.holding.lines(), first.holding.lines());
  assert.equal(second.recovery.snapshotsRejected, 1);
  assert.match(second.recovery.warnings.join('\n'), /^snap-5: block with a wrong checksum/);
  // What is damaged is replaced without being asked.
  while (files(directory).includes('snap-5')) await new Promise((resolve) => setTimeout(resolve, 5));
  await second.store.close();
  const third = await open(directory, 'wal');
  assert.deepEqual(third.recovery.warnings, []);
  assert.deepEqual(third.holding.lines(), first.holding.lines());
  await third.store.close();
});

test('a format of the future is left alone, with what to do', async (t) => {
  const directory = temporary(t);
  const { store, keep } = await open(directory, 'wal');
  keep('kiwi', 1);
  await store.close();
  const bytes = readFileSync(at(directory, 'snap-2'));
  bytes.writeUInt32BE(2, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 12)), 12);
  writeFileSync(at(directory, 'snap-2'), bytes);
  const later = await Store.open({ directory, herd: 'ucla', name: 'Goloman', acknowledge: 'wal', nowMs: 1 });
  assert.throws(
    () => later.recover(new Holding()),
    (error) => error instanceof UnknownFormat && /snap-2 has format 2.*start the newer Drover/.test(error.message),
  );
  await later.close();
  assert.deepEqual(readFileSync(at(directory, 'snap-2')), bytes);
});

test('memory: nothing is written for a report, and a stop keeps all', async (t) => {
  const directory = temporary(t);
  const first = await open(directory, 'memory');
  first.keep('kiwi', 1);
  assert.deepEqual(files(directory), ['epoch', 'herd', 'lock-1']);
  await first.store.close();
  const second = await open(directory, 'wal');
  assert.deepEqual(second.holding.lines(), first.holding.lines());
  await second.store.close();
});

test('memory: a stop keeps all, also while a snapshot is being written', async (t) => {
  for (const isNewsAfter of [false, true]) {
    const directory = temporary(t);
    const { store, holding, keep } = await open(directory, 'memory');
    for (let client = 0; client < 5000; client += 1) keep(`c${client}`, client);
    let passed = 0;
    holding.records = function* (): Generator<StoredRecord> {
      for (const record of this.table.values()) {
        passed += 1;
        yield record;
      }
    };
    const snapshot = store.snapshot();
    while (passed === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(passed < 5000);
    // The copy has passed this one.
    if (isNewsAfter) keep('c0', 6000);
    await store.close();
    await snapshot;
    const second = await open(directory, 'memory');
    assert.deepEqual(second.holding.lines(), holding.lines());
    await second.store.close();
  }
});

test('memory between two lives with a log leaves no gap that a mark could hide', async (t) => {
  const directory = temporary(t);
  const first = await open(directory, 'wal');
  first.keep('kiwi', 1);
  await first.store.close();
  const second = await open(directory, 'memory');
  second.keep('emu', 1);
  await second.store.close();
  const third = await open(directory, 'wal');
  third.store.mark(third.holding.origin('Goloman', second.store.epoch), 1);
  await third.store.close({ snapshot: false });
  const newest =
    files(directory)
      .filter((name) => name.startsWith('snap-'))
      .at(-1) ?? '';
  truncateSync(at(directory, newest), 20);
  const fourth = await open(directory, 'wal');
  assert.deepEqual(fourth.holding.lines(), ['kiwi 1@Goloman.1000']);
  assert.deepEqual(fourth.holding.falseClaims(second.holding.table.values()), []);
  await fourth.store.close();
});

test('fsync: replies wait for the disk and leave in the order of the commits, with or without anything to keep', async (t) => {
  const { store, holding } = await open(temporary(t), 'fsync');
  const order: string[] = [];
  const seen = new Promise<void>((resolve) => {
    for (let turn = 1; turn <= 50; turn += 1) {
      if (turn % 3 !== 0) store.append(madeRecord(holding.origin('Goloman', store.epoch), turn, `c${turn}`, turn));
      store.commit((kept) => {
        order.push(`${turn} ${kept}`);
        // A reply that lets the next command of its connection in.
        if (turn % 10 === 0) store.commit((again) => order.push(`after ${turn} ${again}`));
        if (turn === 50) setImmediate(resolve);
      });
    }
  });
  assert.equal(order.length, 0);
  await seen;
  const turns = order.filter((line) => !line.startsWith('after'));
  assert.deepEqual(
    turns,
    Array.from({ length: 50 }, (_, index) => `${index + 1} true`),
  );
  assert.equal(order.length, 55);
  let now = false;
  store.commit((kept) => {
    now = kept;
  });
  assert.ok(now, 'nothing to wait for');
  await store.close();
});

test('the log does not grow for ever', async (t) => {
  const directory = temporary(t);
  const { store, holding, keep } = await open(directory, 'wal', { snapshotLeastBytes: 2000, tickMs: 1 });
  let time = 0;
  while (!files(directory).includes('snap-6')) {
    for (let index = 0; index < 20; index += 1) keep(`c${index}`, time + index);
    time += 20;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await store.close();
  assert.ok(files(directory).filter((name) => name.startsWith('wal-')).length <= 3, files(directory).join(' '));
  assert.equal(files(directory).filter((name) => name.startsWith('snap-')).length, 2);
  const again = await open(directory, 'wal');
  assert.deepEqual(again.holding.lines(), holding.lines());
  await again.store.close();
});

test('a server that is started again and again leaves no heap of files', async (t) => {
  const directory = temporary(t);
  for (let life = 0; life < 20; life += 1) await (await open(directory, 'wal')).store.close();
  assert.deepEqual(files(directory), ['epoch', 'herd', 'lock-20', 'wal-1']);
});

test('two snapshots without anything between are still two', async (t) => {
  const directory = temporary(t);
  const { store, keep } = await open(directory, 'wal');
  keep('kiwi', 1);
  for (let round = 0; round < 3; round += 1) assert.ok(await store.snapshot());
  await store.close();
  assert.deepEqual(files(directory), ['epoch', 'herd', 'lock-1', 'snap-3', 'snap-4', 'wal-3', 'wal-4']);
});

test('a large file that is not needed any more goes in pieces, and under a name that nothing reads', async (t) => {
  const directory = temporary(t);
  const { store, keep } = await open(directory, 'wal');
  keep('kiwi', 1);
  // All of it a hole: what counts is its length.
  truncateSync(at(directory, 'wal-1'), 2.5 * REMOVED_PIECE_BYTES);
  const sizes = new Set<number>();
  let watching = true;
  const watch = (): void => {
    sizes.add(statSync(at(directory, 'wal-1.tmp'), { throwIfNoEntry: false })?.size ?? 0);
    if (watching) setImmediate(watch);
  };
  watch();
  for (let round = 0; round < 3; round += 1) assert.ok(await store.snapshot());
  watching = false;
  assert.deepEqual(
    [0.5, 1.5].filter((pieces) => !sizes.has(pieces * REMOVED_PIECE_BYTES)),
    [],
  );
  await store.close();
  assert.deepEqual(files(directory), ['epoch', 'herd', 'lock-1', 'snap-3', 'snap-4', 'wal-3', 'wal-4']);
});
