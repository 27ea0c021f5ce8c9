// Each scenario for a moment: that it ends, that it counts what it should, and that nothing stays. How fast anything was is not asked.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { runBench } from './bench.ts';
import { objectionAtServer, type ScenarioName } from './names.ts';
import type { Figures, Finding } from './scenario.ts';

const options = {
  seconds: 0.2,
  connections: 4,
  pipelines: [1, 8],
  clients: 400,
  ack: 'memory',
  at: undefined,
} as const;

function directories(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith(`drover-bench-${process.pid}-`));
}

async function findingsOf(scenario: ScenarioName): Promise<readonly Finding[]> {
  const { findings } = await runBench([scenario], options, () => {});
  assert.ok(findings.every((finding) => finding.scenario === scenario));
  return findings;
}

function positive(figures: Figures, ...names: readonly string[]): void {
  for (const name of names) assert.ok((figures[name] ?? 0) > 0, `${name}: ${JSON.stringify(figures)}`);
}

test('ingest: both kinds of moves at each depth, and what the generator could have done', async () => {
  const findings = await findingsOf('ingest');
  const variants = findings.map(({ variant }) => variant);
  assert.deepEqual(variants, ['random, P=1', 'random, P=8', 'step, P=1', 'step, P=8']);
  for (const { figures } of findings) {
    positive(figures, 'perSecond', 'p50Ms', 'p99Ms', 'generatorMostPerSecond');
    const { p50Ms = 0, p99Ms = 0, mostMs = 0, generatorBusyShare = -1 } = figures;
    assert.ok(p50Ms <= p99Ms && p99Ms <= mostMs);
    assert.ok(generatorBusyShare >= 0 && generatorBusyShare <= 1);
  }
  assert.deepEqual(directories(), []);
});

test('whatsat and places: every answer is whole', async () => {
  for (const scenario of ['whatsat', 'places'] as const) {
    const findings = await findingsOf(scenario);
    assert.equal(findings.length, 2);
    for (const { figures } of findings) positive(figures, 'perSecond', 'p50Ms');
  }
});

test('near: at each depth, alone and while reports come in, and somebody is found', async () => {
  const findings = await findingsOf('near');
  const variants = findings.map(({ variant }) => variant);
  const alone = ['P=1', 'P=8'];
  assert.deepEqual(variants, [...alone, ...alone.map((depth) => `${depth}, 10000 reports/s`)]);
  for (const { variant, figures } of findings) {
    positive(figures, 'perSecond', 'p50Ms', 'p99Ms', 'foundEach');
    // 400 clients in 20 towns: 20 are asked for, and no town has many more.
    assert.ok((figures['foundEach'] ?? 99) <= 20);
    assert.equal((figures['reportsPerSecond'] ?? 0) > 0, variant.endsWith('reports/s'), JSON.stringify(figures));
  }
  assert.deepEqual(directories(), []);
});

test('herd: every update reaches all, and the farthest server is asked for them', async () => {
  const findings = await findingsOf('herd');
  const isFarthest = ({ variant }: Finding): boolean => variant.startsWith('Hands to Welsh');
  const farthest = findings.filter(isFarthest);
  assert.equal(farthest.length, 1);
  const updates = findings.filter((finding) => !isFarthest(finding));
  assert.ok(updates.length > 0);
  for (const { figures } of updates) {
    positive(figures, 'perSecond');
    // Four others, each at least once, unless a newer report of the same client overtook it; never more than the graph allows.
    assert.ok((figures['copies'] ?? 0) > 0 && (figures['copies'] ?? 9) <= 8, JSON.stringify(figures));
  }
  // On a machine that is busy with other tests, reports may come too late for a question, or questions not be over in time.
  for (const { figures } of farthest) {
    const { answers = 0, missing = 0, unasked = 0 } = figures;
    assert.ok(answers + missing > 0, JSON.stringify(farthest));
    assert.ok(unasked >= 0);
    if (answers > 0) positive(figures, 'p50Ms', 'mostMs');
  }
});

test('memory, start and catch-up', async () => {
  const [memory] = await findingsOf('memory');
  assert.equal(memory?.figures['clients'], 400);
  const [start] = await findingsOf('start');
  positive(start?.figures ?? {}, 'medianMs');
  const [catchUp] = await findingsOf('catch-up');
  assert.equal(catchUp?.figures['clients'], 400);
  positive(catchUp?.figures ?? {}, 'seconds', 'perSecond');
});

test('at a running server there are only scenarios that need nothing else', () => {
  assert.equal(objectionAtServer(['ingest', 'whatsat', 'places']), undefined);
  assert.match(objectionAtServer(['ingest', 'herd']) ?? '', /^herd needs servers of its own/);
});
