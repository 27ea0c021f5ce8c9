// Runs seeds: one as a plan and its outcome, and a failing one shrunk to what it needs to fail. Knows no terminal.
import { type Plan, type PlanEvent, planOf } from './plan.ts';
import { type Outcome, Simulation } from './simulation.ts';

/** Shrinking stops after this many runs: a plan that is small enough to read matters, not the smallest. */
const SHRINK_RUNS = 400;

/** One run. An exception out of the core is a violation like any other. */
export function runPlan(plan: Plan): Outcome {
  const simulation = new Simulation(plan);
  try {
    return simulation.run();
  } catch (error) {
    simulation.inspector.violation('crash', error instanceof Error ? (error.stack ?? error.message) : String(error));
    return simulation.outcome(undefined);
  }
}

export function runSeed(seed: number): Outcome {
  return runPlan(planOf(seed));
}

/** The kind of what failed: shrinking must not wander off to another bug. */
function kindOf(outcome: Outcome): string | undefined {
  return outcome.violations[0]?.split(':')[0];
}

/**
 * Leaves out events for as long as the plan fails in the same way: delta debugging, halves first, then smaller and smaller
 * parts. The network's chance is drawn anew in each run, so that what is left is a plan that fails, not always the smallest.
 */
export function shrink(plan: Plan): Plan {
  const kind = kindOf(runPlan(plan));
  if (kind === undefined) return plan;
  let { events } = plan;
  let runs = 0;
  const fails = (fewer: readonly PlanEvent[]): boolean => {
    runs += 1;
    return kindOf(runPlan({ ...plan, events: fewer })) === kind;
  };
  let size = Math.ceil(events.length / 2);
  while (size >= 1 && runs < SHRINK_RUNS) {
    const before = events.length;
    for (let start = 0; start < events.length && runs < SHRINK_RUNS; ) {
      const fewer = [...events.slice(0, start), ...events.slice(start + size)];
      if (fails(fewer)) events = fewer;
      else start += size;
    }
    // One that went may have been all that others were needed for.
    if (size > 1 || events.length === before) size = Math.floor(size / 2);
  }
  return { ...plan, events };
}

/** One event as a line that a person can read. */
export function describeEvent(event: PlanEvent): string {
  const { kind, atMs, ...rest } = event;
  const more = Object.entries(rest).map(([name, value]) => {
    const text = name === 'lines' ? (value as string[]).map((line) => line.slice(0, 60)) : value;
    return `${name} ${typeof text === 'number' ? text.toFixed(0) : JSON.stringify(text)}`;
  });
  return `${atMs.toFixed(0).padStart(6)} ms  ${kind}: ${more.join(', ')}`;
}
