// How often a record travels in a herd at rest, and how long until every server has it: pure flooding against holding back what
// comes sooner by another way. Writes the table of docs/replication.md.

import { Chance } from './chance.ts';
import { SOUND_DISK } from './disk-faults.ts';
import { classGraph, type Edge, gridGraph, meshGraph, randomGraph, serversOf } from './graphs.ts';
import type { Plan } from './plan.ts';
import type { SimulatedServer } from './server.ts';
import { BEGIN_SECONDS } from './server-clock.ts';
import { Simulation } from './simulation.ts';

const SETTLE_MS = 6000;
const MEASURED_MS = 20_000;
const REPORTS_PER_SECOND = 100;
const CLIENTS = 500;

export interface Copies {
  readonly copiesPerUpdate: number;
  readonly bytesPerUpdate: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

function planFor(edges: readonly Edge[]): Plan {
  return {
    seed: 7,
    edges,
    isDurable: true,
    disk: SOUND_DISK,
    oldServers: [],
    clocks: [],
    events: [],
    faultsEndMs: 0,
    backlogMs: 0,
    network: {
      latencyMs: 10,
      jitterMs: 5,
      bytesPerMs: Number.POSITIVE_INFINITY,
      capacityBytes: 262_144,
      splitProbability: 0,
    },
  };
}

/** Lets every link send at once, whatever the neighbour asks for: what a plain flood does. */
function neverHold(servers: Iterable<SimulatedServer>): void {
  for (const server of servers) {
    for (const { link } of server.streams) {
      const { sending } = link ?? {};
      if (sending !== undefined) sending.heldOrigins.add = () => sending.heldOrigins;
    }
  }
}

export function measureCopies(edges: readonly Edge[], holds: boolean): Copies {
  const simulation = new Simulation(planFor(edges));
  const { timeline, inspector, network } = simulation;
  const servers = [...simulation.servers.values()];
  const chance = new Chance(99);
  for (const server of servers) server.start(BEGIN_SECONDS * 1000);
  timeline.runUntil(1000);
  if (!holds) neverHold(servers);
  let places = 0;
  const reportUntil = (untilMs: number): void => {
    while (timeline.nowMs < untilMs) {
      timeline.runUntil(timeline.nowMs + 1000 / REPORTS_PER_SECOND);
      places += 1;
      const stamp = (BEGIN_SECONDS + timeline.nowMs / 1000).toFixed(6);
      const line = `IAMAT c${chance.below(CLIENTS)} +${places % 90}.${places}-118.445127 ${stamp}`;
      chance.pick(servers).reports([line]);
    }
  };
  reportUntil(SETTLE_MS);
  const before = { forwards: inspector.forwards, updates: inspector.acknowledgements, bytes: network.bytes };
  inspector.watchArrivals(servers.length);
  reportUntil(SETTLE_MS + MEASURED_MS);
  const updates = inspector.acknowledgements - before.updates;
  const copiesPerUpdate = (inspector.forwards - before.forwards) / updates;
  const bytesPerUpdate = (network.bytes - before.bytes) / updates;
  timeline.runUntil(timeline.nowMs + 1000);
  const latencies = inspector.arrivedEverywhereMs.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor(share * (latencies.length - 1))] ?? Number.NaN;
  return { copiesPerUpdate, bytesPerUpdate, p50Ms: at(0.5), p99Ms: at(0.99) };
}

export function figureGraphs(): readonly (readonly [string, Edge[]])[] {
  return [
    ['class graph', classGraph()],
    ['mesh 10', meshGraph(10)],
    ['grid 25', gridGraph(5)],
    ['random 50, degree 4', randomGraph(50, 4, new Chance(4))],
    ['random 100, degree 5', randomGraph(100, 5, new Chance(5))],
  ];
}

/** The table's lines, each as soon as it is measured. */
export function* copiesTable(): Generator<string> {
  yield '| graph | N | E | N-1 | 2E-N+1 | copies, flood | copies, held back | of N-1 | p50 / p99 ms, flood | p50 / p99 ms, held back |';
  yield '|---|---|---|---|---|---|---|---|---|---|';
  for (const [name, edges] of figureGraphs()) {
    const servers = serversOf(edges).length;
    const [flood, held] = [measureCopies(edges, false), measureCopies(edges, true)];
    const cells = [
      name,
      servers,
      edges.length,
      servers - 1,
      2 * edges.length - servers + 1,
      flood.copiesPerUpdate.toFixed(2),
      held.copiesPerUpdate.toFixed(2),
      (held.copiesPerUpdate / (servers - 1)).toFixed(3),
      `${flood.p50Ms.toFixed(0)} / ${flood.p99Ms.toFixed(0)}`,
      `${held.p50Ms.toFixed(0)} / ${held.p99Ms.toFixed(0)}`,
    ];
    yield `| ${cells.join(' | ')} |`;
  }
}
