// What goes wrong with the disks of a simulated herd: drawn from the seed by a source of its own, so that what else a seed means
// stays as it is. Knows no workload.
import { Chance } from './chance.ts';
import type { DiskSettings } from './disk.ts';
import type { Ground } from './faults.ts';
import type { Refusal } from './platter.ts';

/** A thing that happens to a disk at a moment. */
export type DiskFault =
  | {
      readonly kind: 'power';
      readonly atMs: number;
      readonly server: string;
      readonly forMs: number;
      /** Where a bit decays meanwhile. */
      readonly decays: 'tail' | 'middle' | undefined;
    }
  | {
      readonly kind: 'refusal';
      readonly atMs: number;
      readonly server: string;
      readonly forMs: number;
      readonly refuses: Refusal;
    };

/** How often a seed has faults of disks at all. */
const SHARE = 0.4;

/** A disk without any fault. */
export const SOUND_DISK: DiskSettings = {
  acknowledge: 'wal',
  slowestSyncMs: 5,
  slowestCopyMs: 20,
  snapshotBytes: Number.POSITIVE_INFINITY,
};

export function diskFaultsOf(seed: number, ground: Ground): { settings: DiskSettings; faults: DiskFault[] } {
  const chance = new Chance(seed, 3);
  if (!chance.happens(SHARE)) return { settings: SOUND_DISK, faults: [] };
  const { servers, isDurable, endMs } = ground;
  const settings: DiskSettings = {
    acknowledge: chance.pick(['wal', 'fsync']),
    slowestSyncMs: chance.pick([1, 10, 80]),
    slowestCopyMs: chance.pick([5, 200, 3000]),
    snapshotBytes: chance.pick([2000, 20_000, Number.POSITIVE_INFINITY]),
  };
  // Where nothing acknowledged may be lost, no promise is made that a power failure breaks.
  const mayLosePower = !isDurable || settings.acknowledge === 'fsync';
  const everyMs = chance.pick([400, 1000, 3000]);
  const faults: DiskFault[] = [];
  for (let atMs = 300; atMs < endMs; atMs += chance.fraction() * 2 * everyMs) {
    const server = chance.pick(servers);
    if (mayLosePower && chance.happens(0.5)) {
      const decays = isDurable || chance.happens(0.5) ? undefined : chance.pick(['tail', 'middle'] as const);
      faults.push({ kind: 'power', atMs, server, forMs: chance.between(0, chance.pick([50, 1000, 6000])), decays });
    } else {
      const refuses = chance.pick<Refusal>(['space', 'writes', 'size', 'syncs']);
      faults.push({ kind: 'refusal', atMs, server, forMs: chance.between(0, chance.pick([100, 2500, 2500])), refuses });
    }
  }
  return { settings, faults };
}
