// `drover bench` as a person meets it: what it prints, what it refuses, and its exit codes. The scenarios themselves: bench/.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { BenchReport } from '../bench/bench.ts';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));
const SMALL = ['--seconds', '0.2', '--connections', '2', '--pipeline', '4', '--clients', '100', '--ack', 'memory'];

function bench(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, 'bench', ...args], { timeout: 60_000 }, (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });
}

test('JSON for programs: the circumstances and every finding', async () => {
  const { code, out, err } = await bench('ingest', ...SMALL, '--json');
  assert.equal(err, '');
  assert.equal(code, 0);
  const report = JSON.parse(out) as BenchReport;
  assert.equal(report.node, process.version);
  assert.equal(report.ack, 'memory');
  assert.deepEqual(
    report.findings.map(({ scenario, variant }) => `${scenario}: ${variant}`),
    ['ingest: random, P=4', 'ingest: step, P=4'],
  );
});

test('a table for people, and no progress bar without a terminal', async () => {
  const { code, out, err } = await bench('start', ...SMALL);
  assert.equal(code, 0);
  assert.equal(err, '');
  const lines = out.split('\n');
  assert.match(lines[0] ?? '', /^start +medianMs +leastMs +mostMs +idleMiB$/);
  assert.match(lines[1] ?? '', /^5 starts with an empty directory( +[\d.]+){4}$/);
  assert.match(out, /Node v[\d.]+, \d+ cores, .*; 2 connections, 0\.2 s each, --ack memory\n$/);
});

test('what cannot be meant is refused with exit code 2, before anything starts', async () => {
  for (const [args, pattern] of [
    [['ingets'], /Allowed choices are ingest, whatsat/],
    [['--pipeline', '16,0'], /whole number from 1 to 512/],
    [['--seconds', '0'], /number of seconds/],
    [['herd', '--at', '127.0.0.1:1'], /herd needs servers of its own/],
    [['herd', '--config', 'farm.json'], /--config and --port-offset only tell where --at finds a server/],
    [['herd', '--port-offset', '100'], /only tell where --at finds a server/],
  ] as const) {
    const { code, err } = await bench(...args);
    assert.equal(code, 2, err);
    assert.match(err, pattern);
  }
});

test('a server that is not there: one line, exit code 1', async () => {
  const { code, err } = await bench('ingest', '--at', '127.0.0.1:1', ...SMALL);
  assert.equal(code, 1);
  assert.match(err, /^drover: the benchmark ended early: .*ECONNREFUSED.*\n$/);
});
