// Kills a writing process at random instants, again and again over the same directory, and holds what is found afterwards
// against what was acknowledged. Run by a test, and longer by `npm run crash`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Holding } from '../../src/journal/made-records.ts';
import { type Acknowledgement, Store } from '../../src/storage/store.ts';
import { clientAt, randomFrom, SERVER, timeOf } from './story.ts';

const WRITER = fileURLToPath(new URL('./writer.js', import.meta.url));

/** Longest life of a writer after its first acknowledgement: dozens of snapshots. */
const LIFE_MS = 60;

export interface CrashTally {
  rounds: number;
  acknowledged: number;
  /** `client: acknowledged time, found time`: must stay empty. */
  readonly lost: string[];
  /** Numbers that the vector claims and the table lacks: must stay empty. */
  readonly falseClaims: string[];
  /** Kills that met a snapshot half-written. */
  halfSnapshots: number;
  /** Kills that left half a write at the end of the log. */
  halfWrites: number;
  readonly warnings: string[];
}

export async function crashRounds(rounds: number, seed: number, acknowledge: Acknowledgement): Promise<CrashTally> {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'drover-crash-'));
  const random = randomFrom(seed);
  const tally: CrashTally = {
    rounds: 0,
    acknowledged: 0,
    lost: [],
    falseClaims: [],
    halfSnapshots: 0,
    halfWrites: 0,
    warnings: [],
  };
  const acknowledged = new Map<string, number>();
  try {
    for (let round = 0; round < rounds && tally.lost.length === 0; round += 1) {
      const lines = await writeAndDie(directory, acknowledge, Math.floor(random() * 2 ** 32), random() * LIFE_MS);
      for (const line of lines) {
        for (const report of line.split(' ')) {
          const [client = '', time] = report.split(':');
          acknowledged.set(client, Number(time));
          tally.acknowledged += 1;
        }
      }
      await judge(directory, acknowledged, tally);
      tally.rounds += 1;
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return tally;
}

/** The acknowledged turns of one life. */
async function writeAndDie(directory: string, acknowledge: string, seed: number, lifeMs: number): Promise<string[]> {
  const child = spawn(process.execPath, [WRITER, directory, acknowledge, String(seed)]);
  let said = '';
  let complained = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString('latin1');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    complained += chunk.toString();
  });
  const closed = once(child, 'close');
  await Promise.race([once(child.stdout, 'data'), closed]);
  await pause(lifeMs);
  child.kill('SIGKILL');
  await closed;
  if (child.signalCode !== 'SIGKILL') throw new Error(`the writer ended by itself: ${complained}`);
  // What follows the last line's end was not said.
  return said.split('\n').slice(0, -1);
}

async function judge(directory: string, acknowledged: ReadonlyMap<string, number>, tally: CrashTally): Promise<void> {
  const names = readdirSync(path.join(directory, SERVER));
  if (names.some((name) => name.startsWith('snap-') && name.endsWith('.tmp'))) tally.halfSnapshots += 1;
  const store = await Store.open({ directory, herd: 'ucla', name: SERVER, acknowledge: 'wal', nowMs: Date.now() });
  const found = new Holding();
  const { lines, warnings } = store.recover(found);
  await store.close({ snapshot: false });
  tally.warnings.push(...warnings);
  if (lines.some((line) => line.includes('half a write'))) tally.halfWrites += 1;
  for (const [client, time] of acknowledged) {
    const record = found.table.get(client);
    const foundTime = record === undefined ? 0 : timeOf(record);
    if (foundTime < time) tally.lost.push(`${client}: ${time}, ${foundTime}`);
  }
  for (const claim of falseClaims(found)) tally.falseClaims.push(claim);
}

/** Of each life of which a record is left, since that tells the times of all its others. */
function falseClaims(found: Holding): string[] {
  const claims: string[] = [];
  for (const [origin, got] of found.got) {
    const left = [...found.table.values()].find((record) => record.origin === origin);
    if (left === undefined) continue;
    const most = Math.max(got.height, got.above().at(-1) ?? 0);
    for (let sequence = 1; sequence <= most; sequence += 1) {
      if (!got.has(sequence)) continue;
      const client = clientAt(origin.epoch, sequence);
      const known = found.table.get(client);
      const time = timeOf(left) - left.sequence + sequence;
      if (known === undefined || timeOf(known) < time) claims.push(`${sequence}@${origin.epoch} of ${client}`);
    }
  }
  return claims;
}
