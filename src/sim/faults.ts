// What goes wrong in a simulated herd: drawn from the seed, as events of its plan. Knows no workload.
import type { Chance } from './chance.ts';
import type { DiskFault } from './disk-faults.ts';
import type { Edge } from './graphs.ts';
import type { PlanEvent } from './plan.ts';

export interface Ground {
  readonly edges: readonly Edge[];
  readonly servers: readonly string[];
  /** Whether every process finds its disk again. */
  readonly isDurable: boolean;
  readonly endMs: number;
}

export type Fault = Exclude<PlanEvent, { kind: 'reports' } | DiskFault>;

type Draw = (ground: Ground, atMs: number, chance: Chance) => Fault;

const both = ([one, other]: Edge): Edge[] => [
  [one, other],
  [other, one],
];

const how = (chance: Chance): 'reset' | 'hold' | 'lose' => chance.pick(['reset', 'hold', 'lose']);

const kill: Draw = ({ servers, isDurable }, atMs, chance) => ({
  kind: 'kill',
  atMs,
  server: chance.pick(servers),
  forMs: chance.between(0, chance.pick([50, 1000, 6000])),
  silent: chance.happens(0.3),
  disk: isDurable || chance.happens(0.4) ? 'kept' : 'wiped',
  epochBackMs: isDurable || chance.happens(0.7) ? 0 : chance.between(1000, 100_000),
});

const stop: Draw = ({ servers }, atMs, chance) => ({
  kind: 'stop',
  atMs,
  server: chance.pick(servers),
  forMs: chance.between(0, chance.pick([300, 5000, 5000, 60_000])),
  clockSleeps: chance.happens(0.3),
});

const cutOne: Draw = ({ edges }, atMs, chance) => {
  const paths = both(chance.pick(edges));
  const forMs = chance.between(0, 7000);
  return { kind: 'cut', atMs, forMs, how: how(chance), paths: chance.happens(0.4) ? [chance.pick(paths)] : paths };
};

const partition: Draw = ({ edges, servers }, atMs, chance) => {
  const groups = 2 + chance.below(4);
  const groupOf = new Map(servers.map((server) => [server, chance.below(groups)]));
  const between = edges.filter(([one, other]) => groupOf.get(one) !== groupOf.get(other));
  return { kind: 'cut', atMs, forMs: chance.between(0, 7000), how: how(chance), paths: between.flatMap(both) };
};

const clog: Draw = ({ edges }, atMs, chance) => ({
  kind: 'clog',
  atMs,
  forMs: chance.between(0, 3000),
  path: chance.pick(both(chance.pick(edges))),
});

const reset: Draw = ({ edges }, atMs, chance) => ({ kind: 'reset', atMs, edge: chance.pick(edges) });

const step: Draw = ({ servers }, atMs, chance) => ({
  kind: 'step',
  atMs,
  server: chance.pick(servers),
  byMs: chance.between(-30_000, 30_000),
});

export function faultsOf(ground: Ground, chance: Chance): Fault[] {
  const everyMs = chance.pick([250, 700, 2000]);
  const draws: (readonly [number, Draw])[] = [
    [4, kill],
    [3, stop],
    [4, cutOne],
    [3, partition],
    [2, clog],
    [4, reset],
    [1, step],
  ];
  const faults: Fault[] = [];
  for (let atMs = 300; atMs < ground.endMs; atMs += chance.fraction() * 2 * everyMs) {
    faults.push(chance.weighted(draws)(ground, atMs, chance));
  }
  return faults;
}
