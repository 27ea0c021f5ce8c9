// Seeds that once failed, each with what was wrong: they are run with every test, so that a bug does not come back.
// A seed draws the same plan only while plan.ts, workload.ts, faults.ts and disk-faults.ts draw as they did; after a change
// there these are seeds like any other, and the tests beside the fix are what keeps the bug away.

export const CORPUS: readonly (readonly [number, string])[] = [
  [1, 'core: marks that waited, and a link whose vector had not come, woke the server every millisecond'],
  [72, 'core: a life begun anew took a number that an earlier one had taken'],
  [97, 'core: a pause was forgiven into the future, and a silent neighbour kept for too long'],
  [179, 'journal: a snapshot that was under way when a sync failed mended the log, which had a hole then'],
  [337, 'journal: what a killed life had acknowledged was never made durable by the next'],
  [640, 'simulator: a long write came in one piece over a slow link, which then was taken for silent'],
  [1120, 'simulator: the same, with several neighbours'],
  [1256, 'core: news during a catch-up of more than 1,000 clients was sent twice'],
  [3618, 'core: a pause was forgiven into the future, as plans are drawn since a greeting has three messages'],
  [5324, 'journal: when one file could not be synced, those behind it were left out, and thought durable'],
  [700392, 'simulator: of two pauses that a server need not forgive itself only one was allowed for'],
  [700774, 'simulator: a connection that broke before its server took it was never dialled again'],
];
