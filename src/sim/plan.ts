// What is to happen to a herd in one simulation, all drawn from the seed before it begins: the herd, its network, what clients
// report where, and what goes wrong. A plan is plain values, so that a part of it can be left out to find what a failure needs.
import { Chance } from './chance.ts';
import type { DiskSettings } from './disk.ts';
import { type DiskFault, diskFaultsOf } from './disk-faults.ts';
import { faultsOf } from './faults.ts';
import { classGraph, type Edge, gridGraph, lineGraph, meshGraph, randomGraph, ringGraph, serversOf } from './graphs.ts';
import type { NetworkSettings } from './network.ts';
import { type Rot, rotsOf } from './rot.ts';
import { reportsOf } from './workload.ts';

/** A thing that happens at a moment, to whoever is there then. */
export type PlanEvent =
  | DiskFault
  | { readonly kind: 'reports'; readonly atMs: number; readonly server: string; readonly lines: readonly string[] }
  | {
      readonly kind: 'kill';
      readonly atMs: number;
      readonly server: string;
      readonly forMs: number;
      /** Its machine dies too: no neighbour is told. */
      readonly silent: boolean;
      readonly disk: 'kept' | 'wiped';
      /** The number of its last life is lost, and its clock is this much behind: the next life's number is an earlier one. */
      readonly epochBackMs: number;
    }
  | {
      readonly kind: 'stop';
      readonly atMs: number;
      readonly server: string;
      readonly forMs: number;
      readonly clockSleeps: boolean;
    }
  | {
      readonly kind: 'cut';
      readonly atMs: number;
      readonly forMs: number;
      readonly paths: readonly Edge[];
      /** Connections break at once; or what is on its way waits; or they are never heard again. */
      readonly how: 'reset' | 'hold' | 'lose';
    }
  | { readonly kind: 'clog'; readonly atMs: number; readonly forMs: number; readonly path: Edge }
  | { readonly kind: 'reset'; readonly atMs: number; readonly edge: Edge }
  | Rot
  | { readonly kind: 'step'; readonly atMs: number; readonly server: string; readonly byMs: number };

export interface Plan {
  readonly seed: number;
  readonly edges: readonly Edge[];
  readonly network: NetworkSettings;
  readonly disk: DiskSettings;
  /** Every death of a process leaves its disk as it promised to, and the number of its life: nothing acknowledged may be lost at all. */
  readonly isDurable: boolean;
  /** These speak only the oldest version of the protocol. */
  readonly oldServers: readonly string[];
  /** By server, in the order of their names. */
  readonly clocks: readonly { readonly offsetMs: number; readonly drift: number }[];
  readonly events: readonly PlanEvent[];
  /** After this everything is mended. */
  readonly faultsEndMs: number;
  /** How long all the reports take a link of this herd. */
  readonly backlogMs: number;
}

function graphOf(chance: Chance): Edge[] {
  return chance.weighted<() => Edge[]>([
    [5, classGraph],
    [3, () => randomGraph(4 + chance.below(8), 3, chance)],
    [2, () => meshGraph(3 + chance.below(3))],
    [1, () => ringGraph(3 + chance.below(5))],
    [1, () => lineGraph(2 + chance.below(4))],
    [1, () => gridGraph(3)],
    [1, () => randomGraph(16, 3.5, chance)],
  ])();
}

export function planOf(seed: number): Plan {
  const chance = new Chance(seed, 1);
  const edges = graphOf(chance);
  const servers = serversOf(edges);
  const bytesPerMs = chance.weighted([
    [6, Number.POSITIVE_INFINITY],
    [2, 200],
    [2, 20],
    [1, 5],
  ]);
  const isDurable = chance.happens(0.5);
  const faultsEndMs = chance.between(4000, 14_000);
  const workload = { servers, bytesPerMs, endMs: faultsEndMs };
  const reports = reportsOf(workload, chance);
  const ground = { edges, servers, isDurable, endMs: faultsEndMs };
  const faults = faultsOf(ground, chance);
  const disk = diskFaultsOf(seed, ground);
  const aside = new Chance(seed, 4);
  const oldServers = aside.happens(0.2) ? servers.filter(() => aside.happens(0.5)) : [];
  const canRot = isDurable && oldServers.length === 0 && disk.faults.length === 0 && aside.happens(0.3);
  const rots = canRot ? rotsOf(servers, faultsEndMs, aside) : [];
  const reportBytes = reports.reduce(
    (sum, { lines }) => sum + lines.reduce((bytes, line) => bytes + line.length, 0),
    0,
  );
  return {
    seed,
    edges,
    isDurable,
    oldServers,
    faultsEndMs,
    disk: disk.settings,
    backlogMs: (3 * reportBytes) / bytesPerMs,
    network: {
      latencyMs: chance.between(0.05, 1) * chance.pick([1, 20, 60]),
      jitterMs: chance.fraction() * chance.pick([0, 5, 40]),
      bytesPerMs,
      capacityBytes: chance.pick([8, 64, 256]) * 1024,
      splitProbability: chance.pick([0, 0.1, 0.5]),
    },
    clocks: servers.map(() => ({ offsetMs: chance.between(-10_000, 10_000), drift: chance.between(-5e-4, 5e-4) })),
    events: [...reports, ...faults, ...disk.faults, ...rots].sort((left, right) => left.atMs - right.atMs),
  };
}
