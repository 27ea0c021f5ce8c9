// Seeds that once failed, each with what was wrong: they are run with every test, so that a bug does not come back.
// A seed draws the same plan only while plan.ts, workload.ts and faults.ts draw as they did; after a change there these are
// seeds like any other, and the tests beside the fix are what keeps the bug away.

export const CORPUS: readonly (readonly [number, string])[] = [
  [1, 'core: marks that waited for the barrier woke the server every millisecond'],
  [2, 'core: so did a link whose vector had not come'],
  [3, 'core: a life begun anew took a number that an earlier one had taken'],
  [97, 'core: a pause was forgiven into the future, and a silent neighbour kept for too long'],
  [188, 'core: the same number of a life twice, on the class graph'],
  [262, 'core: the same, with records that neighbours took for known'],
  [300, 'core: the same, with the disk kept'],
  [572, 'core: news during a catch-up of more than 1,000 clients was sent twice'],
  [1256, 'core: the same, at two servers at once'],
];
