import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runPlan, runSeed, shrink } from './campaign.ts';
import { CORPUS } from './corpus.ts';
import { classGraph, type Edge, serversOf } from './graphs.ts';
import { type Plan, planOf } from './plan.ts';

/** About ten seconds on one core; `drover sim` runs as many as you like. */
const SEEDS = 100;

/** Other seeds than `drover sim` begins with: two ways to meet the same bug are better than one. */
const FIRST_SEED = 1_000_000;

const steady = { offsetMs: 0, drift: 0 };

function check(seed: number): void {
  const { violations } = runSeed(seed);
  assert.deepEqual(violations, [], `repeat it with: drover sim --seed ${seed}`);
}

test(`${SEEDS} seeds of faults, and every invariant holds`, () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed += 1) check(seed);
});

test('seeds that failed once do not fail again', () => {
  for (const [seed] of CORPUS) check(seed);
});

test('servers that were cut off for ten minutes, each alone, are one herd again without an operator (EMQX#5367)', () => {
  const [cutMs, cutForMs] = [5000, 600_000];
  const edges = classGraph();
  const servers = serversOf(edges);
  const reports = [1000, 60_000, 600_000].flatMap((atMs) =>
    servers.map((server) => {
      const lines = ['everywhere', `only-${server}`].map((client) => `IAMAT ${client} +1+1 ${1_700_000_000 + atMs}`);
      return { kind: 'reports', atMs, server, lines } as const;
    }),
  );
  const paths = edges.flatMap(([one, other]): Edge[] => [
    [one, other],
    [other, one],
  ]);
  const cut = { kind: 'cut', atMs: cutMs, forMs: cutForMs, paths, how: 'hold' } as const;
  const faultsEndMs = cutMs + cutForMs;
  const plan = { ...planOf(1), edges, isDurable: true, oldServers: [], events: [...reports, cut], faultsEndMs };
  const { violations, acknowledged, healedMs } = runPlan({ ...plan, backlogMs: 0, clocks: servers.map(() => steady) });
  assert.deepEqual(violations, []);
  assert.equal(acknowledged, 6 * servers.length);
  assert.notEqual(healedMs, undefined);
});

test('the same seed is the same run, to the byte and the microsecond', () => {
  for (const seed of [1, 7, 42]) {
    const [first, again, other] = [runSeed(seed), runSeed(seed), runSeed(seed + 1)];
    assert.deepEqual(first, again);
    assert.notEqual(first.hash, other.hash);
  }
});

test('plans have everything that goes wrong in them', () => {
  const kinds = new Set<string>();
  for (let seed = 1; seed <= 50; seed += 1) for (const { kind } of planOf(seed).events) kinds.add(kind);
  const all = ['clog', 'cut', 'kill', 'power', 'refusal', 'reports', 'reset', 'rot', 'step', 'stop'];
  assert.deepEqual([...kinds].sort(), all);
});

/** A plan that must fail: it is taken for durable, and the only server that knew something is wiped. */
function failingPlan(): Plan {
  const plan = planOf(5);
  const [server = ''] = plan.edges[0] ?? [];
  const report = { kind: 'reports', atMs: 2000, server, lines: ['IAMAT lost +1+1 1700000002'] } as const;
  const kill = { kind: 'kill', atMs: 2000, server, forMs: 10, silent: true, disk: 'wiped', epochBackMs: 0 } as const;
  const others = plan.events.filter((event) => event.kind === 'reports');
  return { ...plan, isDurable: true, events: [...others, report, kill] };
}

test('a failure is found, and shrunk to the events that it needs', () => {
  const plan = failingPlan();
  assert.match(runPlan(plan).violations[0] ?? '', /^lost/);
  const small = shrink(plan);
  assert.ok(plan.events.length > 20, `${plan.events.length} events to begin with`);
  assert.ok(small.events.length <= 3, `${small.events.length} events are left`);
  assert.match(runPlan(small).violations[0] ?? '', /^lost/);
});
