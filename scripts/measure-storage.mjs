// Measures the store on the disk that holds the directory given (default: the system's temporary one), and prints the figures of
// docs/storage.md: `npm run build && node scripts/measure-storage.mjs [DIRECTORY]`.
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { Replica } from '../dist/src/core/replica.js';
import { Holding, madeRecord } from '../dist/src/journal/made-records.js';
import { Store } from '../dist/src/storage/store.js';

const CLIENTS = 1_000_000;
const HERD = 'ucla';
const root = mkdtempSync(path.join(process.argv[2] ?? os.tmpdir(), 'drover-measure-'));
const observer = new Proxy({}, { get: () => () => {} });

function print(what, value) {
  console.log(`| ${what} | ${value} |`);
}

/** IDs of 20 bytes. */
const client = (index) => `device-${String(index).padStart(13, '0')}`;

async function open(name, acknowledge, more = {}) {
  const store = await Store.open({ directory: root, herd: HERD, name, acknowledge, nowMs: Date.now(), ...more });
  const options = { herd: HERD, self: name, neighbours: [], nowMs: 0, hashSeed: 1, observer };
  const replica = new Replica({ ...options, epoch: store.epoch });
  return { store, replica };
}

async function measureAppends() {
  for (const batch of [1, 64]) {
    for (const acknowledge of ['memory', 'wal']) {
      const { store } = await open(`append-${acknowledge}-${batch}`, acknowledge);
      const holding = new Holding();
      store.recover(holding);
      const self = holding.origin('Goloman', store.epoch);
      const records = Array.from({ length: 64_000 }, (_, index) => madeRecord(self, index + 1, client(index), index));
      const rounds = [];
      for (let round = 0; round < 5; round += 1) {
        const start = performance.now();
        for (let index = 0; index < records.length; index += 1) {
          store.append(records[index]);
          if ((index + 1) % batch === 0) store.commit(() => {});
        }
        rounds.push(((performance.now() - start) * 1000) / records.length);
      }
      const median = rounds.sort((left, right) => left - right)[2];
      print(`append and commit, --ack ${acknowledge}, turns of ${batch}`, `${median.toFixed(2)} µs a record`);
      await store.close({ snapshot: false });
    }
  }
}

/** Clients that each send the next report when the last was acknowledged, as many as `waiting`. */
async function measureGroups(waiting, turnRecords) {
  const { store } = await open(`fsync-${waiting}-${turnRecords}`, 'fsync');
  const holding = new Holding();
  store.recover(holding);
  const self = holding.origin('Goloman', store.epoch);
  let sequence = 0;
  let kept = 0;
  const delays = [];
  const start = performance.now();
  await new Promise((resolve) => {
    let open = waiting;
    const turn = () => {
      if (performance.now() - start > 3000) {
        open -= 1;
        if (open === 0) resolve();
        return;
      }
      for (let index = 0; index < turnRecords; index += 1) {
        sequence += 1;
        store.append(madeRecord(self, sequence, client(sequence % 1000), sequence));
      }
      const begun = performance.now();
      store.commit(() => {
        kept += turnRecords;
        delays.push(performance.now() - begun);
        setImmediate(turn);
      });
    };
    for (let index = 0; index < waiting; index += 1) turn();
  });
  const seconds = (performance.now() - start) / 1000;
  delays.sort((left, right) => left - right);
  const at = (part) => delays[Math.floor(delays.length * part)].toFixed(2);
  const figures = `${Math.round(kept / seconds)} records/s; reply after p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
  print(`--ack fsync, ${waiting} connections, turns of ${turnRecords}`, figures);
  await store.close({ snapshot: false });
}

function sizeOf(name, prefix) {
  const directory = path.join(root, name);
  const files = readdirSync(directory).filter((file) => file.startsWith(prefix));
  return files.reduce((sum, file) => sum + statSync(path.join(directory, file)).size, 0) / 2 ** 20;
}

/** The longest time that something else had to wait for its turn, asked at every turn. */
function watchTurns() {
  let longestMs = 0;
  let last = performance.now();
  let watching = true;
  const look = () => {
    const now = performance.now();
    longestMs = Math.max(longestMs, now - last);
    last = now;
    if (watching) setImmediate(look);
  };
  setImmediate(look);
  return () => {
    watching = false;
    return longestMs;
  };
}

async function measureMillion() {
  const name = 'million';
  const first = await open(name, 'wal');
  const { store, replica } = first;
  store.recover(replica);
  for (let index = 0; index < CLIENTS; index += 1) {
    const record = madeRecord(replica.self, index + 1, client(index), index);
    replica.restore(record);
    store.append(record);
    if (index % 64 === 63) store.commit();
  }
  store.commit();
  store.start({
    records: () => replica.records(),
    vector: () =>
      [...replica.vector].map(([{ name, epoch }, got]) => ({
        name,
        epoch,
        height: got.height,
        above: [...got.above()],
      })),
  });
  print(`log of ${CLIENTS} records`, `${sizeOf(name, 'wal-').toFixed(1)} MiB`);
  await store.close({ snapshot: false });
  const second = await measureRecovery(name, 'recovery from the log');
  second.store.start({
    records: () => second.replica.records(),
    vector: () =>
      [...second.replica.vector].map(([{ name, epoch }, got]) => ({ name, epoch, height: got.height, above: [] })),
  });
  await new Promise((resolve) => setTimeout(resolve, 500));
  const stopBefore = watchTurns();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  print('longest turn of the event loop in a second without a snapshot', `${stopBefore().toFixed(1)} ms`);
  const stop = watchTurns();
  const begun = performance.now();
  const before = process.cpuUsage();
  await second.store.snapshot();
  const { user, system } = process.cpuUsage(before);
  const took = `${Math.round(performance.now() - begun)} ms, of it CPU ${Math.round((user + system) / 1000)} ms`;
  print(`snapshot of ${CLIENTS} records`, `${sizeOf(name, 'snap-').toFixed(1)} MiB, ${took}`);
  print('longest turn of the event loop during the snapshot', `${stop().toFixed(1)} ms`);
  await second.store.close({ snapshot: false });
  const third = await measureRecovery(name, 'recovery from the snapshot');
  await third.store.close({ snapshot: false });
}

async function measureRecovery(name, what) {
  globalThis.gc?.();
  const { store, replica } = await open(name, 'wal');
  const begun = performance.now();
  const { records } = store.recover(replica);
  print(what, `${records} records in ${Math.round(performance.now() - begun)} ms`);
  return { store, replica };
}

try {
  console.log('| what | measured |\n|---|---|');
  await measureAppends();
  for (const [waiting, records] of [
    [1, 1],
    [50, 1],
    [500, 1],
    [500, 20],
  ]) {
    await measureGroups(waiting, records);
  }
  await measureMillion();
} finally {
  rmSync(root, { recursive: true, force: true });
}
