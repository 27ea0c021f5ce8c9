// Runs `drover sim`: whole herds in virtual time, with everything going wrong, seed after seed. A failing seed is shrunk, shown,
// and named in one line that repeats it. Knows the terminal; what is simulated and what must hold is sim/'s.
import { describeEvent, runSeed, shrink } from '../sim/campaign.ts';
import { copiesTable } from '../sim/copies.ts';
import { planOf } from '../sim/plan.ts';
import type { Outcome } from '../sim/simulation.ts';
import { EXIT_FAILED } from './failure.ts';
import type { SimOptions } from './sim.ts';

/** The sums of all runs. */
interface Summary {
  seeds: number;
  failed: number[];
  faults: number;
  acknowledged: number;
  virtualSeconds: number;
  wallSeconds: number;
  timesRealTime: number;
  healedMs: { p50: number; p99: number; most: number };
}

const PROGRESS_EVERY_MS = 1000;

export function simulate(options: SimOptions): void {
  if (options.copies === true) {
    for (const line of copiesTable()) process.stdout.write(`${line}\n`);
    return;
  }
  const summary = options.seed === undefined ? runSeeds(options) : runOne(options.seed);
  process.stdout.write(options.json === true ? `${JSON.stringify(summary)}\n` : describe(summary));
  if (summary.failed.length > 0) process.exitCode = EXIT_FAILED;
}

function runSeeds(options: SimOptions): Summary {
  const outcomes: Outcome[] = [];
  const beganMs = performance.now();
  let toldMs = beganMs;
  for (let seed = options.from; seed < options.from + options.seeds; seed += 1) {
    const outcome = runSeed(seed);
    outcomes.push(outcome);
    if (options.verbose === true) process.stderr.write(`${describeOutcome(outcome)}\n`);
    if (outcome.violations.length > 0) tellFailure(outcome);
    if (performance.now() - toldMs < PROGRESS_EVERY_MS || !process.stderr.isTTY) continue;
    toldMs = performance.now();
    process.stderr.write(`\r${outcomes.length} of ${options.seeds} seeds `);
  }
  if (process.stderr.isTTY) process.stderr.write('\r');
  return summarise(outcomes, performance.now() - beganMs);
}

function runOne(seed: number): Summary {
  const beganMs = performance.now();
  const outcome = runSeed(seed);
  const summary = summarise([outcome], performance.now() - beganMs);
  if (outcome.violations.length === 0) return summary;
  tellFailure(outcome);
  const small = shrink(planOf(seed));
  process.stderr.write(`it needs these ${small.events.length} of ${planOf(seed).events.length} events:\n`);
  for (const event of small.events) process.stderr.write(`  ${describeEvent(event)}\n`);
  return summary;
}

function tellFailure({ seed, violations }: Outcome): void {
  process.stderr.write(`seed ${seed} fails:\n${violations.map((text) => `  ${text}\n`).join('')}`);
  process.stderr.write(`repeat it with: drover sim --seed ${seed}\n`);
}

function describeOutcome(outcome: Outcome): string {
  const { seed, faults, acknowledged, virtualMs, healedMs, hash } = outcome;
  const healed = healedMs === undefined ? 'never equal' : `equal after ${healedMs.toFixed(0)} ms`;
  const seconds = (virtualMs / 1000).toFixed(1);
  return `seed ${seed}: ${faults} faults, ${acknowledged} updates, ${seconds} s, ${healed}, ${hash.toString(16)}`;
}

function summarise(outcomes: readonly Outcome[], wallMs: number): Summary {
  const sum = (of: (outcome: Outcome) => number): number => outcomes.reduce((total, one) => total + of(one), 0);
  // What waits for an audit says nothing of how fast links heal.
  const healed = outcomes
    .filter(({ rotted }) => !rotted)
    .map(({ healedMs }) => healedMs ?? Number.POSITIVE_INFINITY)
    .sort((a, b) => a - b);
  const at = (share: number): number => Math.round(healed[Math.floor(share * (healed.length - 1))] ?? 0);
  const virtualMs = sum((one) => one.virtualMs);
  return {
    seeds: outcomes.length,
    failed: outcomes.filter(({ violations }) => violations.length > 0).map(({ seed }) => seed),
    faults: sum((one) => one.faults),
    acknowledged: sum((one) => one.acknowledged),
    virtualSeconds: Math.round(virtualMs / 1000),
    wallSeconds: Math.round(wallMs / 100) / 10,
    timesRealTime: Math.round(virtualMs / wallMs),
    healedMs: { p50: at(0.5), p99: at(0.99), most: at(1) },
  };
}

function describe(summary: Summary): string {
  const { seeds, failed, faults, acknowledged, virtualSeconds, wallSeconds, timesRealTime, healedMs } = summary;
  const verdict = failed.length === 0 ? 'nothing was violated' : `${failed.length} FAILED: ${failed.join(' ')}`;
  return (
    `${seeds} seeds, ${faults} faults, ${acknowledged} acknowledged updates: ${verdict}\n` +
    `${virtualSeconds} virtual seconds in ${wallSeconds} s (${timesRealTime} times real time)\n` +
    `equal after mending: p50 ${healedMs.p50} ms, p99 ${healedMs.p99} ms, at most ${healedMs.most} ms\n`
  );
}
