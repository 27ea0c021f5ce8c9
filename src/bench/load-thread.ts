// A thread that puts load on a server: takes one plan, tells how it goes, ends.
import { parentPort, workerData } from 'node:worker_threads';
import { type FarthestPlan, type FarthestResult, timeToFarthest } from './farthest.ts';
import { type FillPlan, fill } from './fill.ts';
import { type LoadPlan, type LoadResult, runLoad } from './load.ts';

export type ThreadWork =
  | { readonly kind: 'load'; readonly plan: LoadPlan }
  | { readonly kind: 'farthest'; readonly plan: FarthestPlan }
  | { readonly kind: 'fill'; readonly plan: FillPlan };

/** What the thread says. */
export type ThreadMessage =
  | { readonly kind: 'measuring' }
  | { readonly kind: 'progress'; readonly share: number }
  | { readonly kind: 'done'; readonly result: LoadResult }
  | { readonly kind: 'arrived'; readonly result: FarthestResult }
  | { readonly kind: 'filled' }
  | { readonly kind: 'failed'; readonly message: string };

function say(message: ThreadMessage): void {
  parentPort?.postMessage(message);
}

async function work(): Promise<void> {
  const given = workerData as ThreadWork;
  const progress = (share: number): void => say({ kind: 'progress', share });
  switch (given.kind) {
    case 'fill':
      await fill(given.plan, progress);
      return say({ kind: 'filled' });
    case 'farthest':
      return say({ kind: 'arrived', result: await timeToFarthest(given.plan, progress) });
    case 'load': {
      const result = await runLoad(given.plan, { measuring: () => say({ kind: 'measuring' }), progress });
      return say({ kind: 'done', result });
    }
  }
}

work().catch((error: unknown) =>
  say({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
);
