// Who talks with whom in simulated herds: the graphs that seeds are drawn from and that the figures are measured on.
import type { Chance } from './chance.ts';
import { CLASS_GRAPH } from './herd.ts';

export type Edge = readonly [string, string];

/** Names sort as their numbers do, which keeps transcripts readable. */
function nameOf(index: number): string {
  return `S${String(index).padStart(3, '0')}`;
}

function edge(left: number, right: number): Edge {
  return [nameOf(left), nameOf(right)];
}

export function classGraph(): Edge[] {
  return [...CLASS_GRAPH];
}

/** Everybody talks with everybody. */
export function meshGraph(servers: number): Edge[] {
  const edges: Edge[] = [];
  for (let right = 1; right < servers; right += 1) {
    for (let left = 0; left < right; left += 1) edges.push(edge(left, right));
  }
  return edges;
}

export function gridGraph(width: number): Edge[] {
  const edges: Edge[] = [];
  for (let index = 0; index < width * width; index += 1) {
    if ((index + 1) % width !== 0) edges.push(edge(index, index + 1));
    if (index + width < width * width) edges.push(edge(index, index + width));
  }
  return edges;
}

export function lineGraph(servers: number): Edge[] {
  return Array.from({ length: servers - 1 }, (_, index) => edge(index, index + 1));
}

export function ringGraph(servers: number): Edge[] {
  return [...lineGraph(servers), edge(0, servers - 1)];
}

/** A random tree with random edges added, until servers have `degree` neighbours on average. */
export function randomGraph(servers: number, degree: number, chance: Chance): Edge[] {
  const taken = new Set<string>();
  const edges: Edge[] = [];
  const add = (left: number, right: number): void => {
    const [low, high] = left < right ? [left, right] : [right, left];
    if (low === high || taken.has(`${low} ${high}`)) return;
    taken.add(`${low} ${high}`);
    edges.push(edge(low, high));
  };
  for (let index = 1; index < servers; index += 1) add(chance.below(index), index);
  const wanted = Math.min((servers * degree) / 2, (servers * (servers - 1)) / 2);
  while (edges.length < Math.floor(wanted)) add(chance.below(servers), chance.below(servers));
  return edges;
}

export function serversOf(edges: readonly Edge[]): string[] {
  return [...new Set(edges.flat())].sort();
}
