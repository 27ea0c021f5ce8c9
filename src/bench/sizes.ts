// Scenarios of one server at rest: what memory it needs for its clients, and how soon it is there.

import { ringsOfAll } from './fill.ts';
import { fillFrom } from './generator.ts';
import { residentBytesOf } from './processes.ts';
import type { Finding, Progress, Settings } from './scenario.ts';
import { ALONE, BenchHerd } from './servers.ts';

const CLIENTS = 1_000_000;
const STARTS = 5;
/** After this an idle server has done all that it does of its own accord at the start. */
const IDLE_MS = 1000;
const MEBIBYTE = 1024 * 1024;

/** Growth of a server's resident memory by so many clients, and what for, if the server tells. */
export async function memory({ clients = CLIENTS, ack, cores }: Settings, progress: Progress): Promise<Finding[]> {
  const herd = await BenchHerd.start({ ...ALONE, ack, cores: cores.one });
  try {
    await later(IDLE_MS);
    const pid = herd.pid('Bench');
    const before = residentBytesOf(pid);
    const rings = ringsOfAll('iamat', clients, Math.floor(Date.now() / 1000));
    const plan = { host: '127.0.0.1', port: herd.port('Bench'), replyStart: 'A', rings };
    await fillFrom(plan, (share) => progress('memory, filling', share));
    await herd.learnPositions('Bench');
    await later(IDLE_MS);
    const growth = residentBytesOf(pid) - before;
    const told = (await herd.status('Bench')).memory ?? {};
    const parts = Object.entries(told).map(([part, bytes]) => [`${part}PerClient`, bytes / clients]);
    const figures = {
      clients,
      bytesPerClient: growth / clients,
      idleMiB: before / MEBIBYTE,
      ...Object.fromEntries(parts),
    };
    return [{ scenario: 'memory', variant: `${clients} clients with IDs of 20 bytes`, figures }];
  } finally {
    await herd.stop();
  }
}

/** From the start of the process until it listens, and what memory it then has. */
export async function start({ ack, cores }: Settings, progress: Progress): Promise<Finding[]> {
  const herd = await BenchHerd.start({ ...ALONE, ack, cores: cores.all });
  try {
    const times: number[] = [];
    for (let index = 0; index < STARTS; index += 1) {
      progress('start', index / STARTS);
      await herd.stopServer('Bench');
      herd.wipe('Bench');
      times.push(await herd.startServer('Bench'));
    }
    await later(IDLE_MS);
    times.sort((left, right) => left - right);
    const [least = 0] = times;
    const figures = {
      medianMs: times[Math.floor(STARTS / 2)] ?? 0,
      leastMs: least,
      mostMs: times[STARTS - 1] ?? 0,
      idleMiB: residentBytesOf(herd.pid('Bench')) / MEBIBYTE,
    };
    return [{ scenario: 'start', variant: `${STARTS} starts with an empty directory`, figures }];
  } finally {
    await herd.stop();
  }
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
