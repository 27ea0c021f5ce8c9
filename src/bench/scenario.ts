// What a scenario is given and what it comes back with.
import type { Cores } from './processes.ts';
import type { RingPlan } from './ring.ts';
import { visitsFor } from './ring.ts';
import type { Acknowledgement } from './servers.ts';

export interface Settings {
  /** Of each measurement. */
  readonly seconds: number;
  readonly connections: number;
  /** Requests in flight on each connection: each is measured. */
  readonly pipelines: readonly number[];
  /** Undefined: what the scenario is usually run with. */
  readonly clients: number | undefined;
  readonly ack: Acknowledgement;
  readonly cores: Cores;
  /** Generator threads. */
  readonly threads: number;
  /** A server that runs already, instead of one of our own. */
  readonly at: { readonly host: string; readonly port: number } | undefined;
}

/** Numbers by name; the name ends with the unit. */
export type Figures = Readonly<Record<string, number>>;

export interface Finding {
  readonly scenario: string;
  /** What sets it apart from the scenario's other findings. */
  readonly variant: string;
  readonly figures: Figures;
}

/** Tells how far something is, 0 to 1. */
export type Progress = (what: string, share: number) => void;

export type Scenario = (settings: Settings, progress: Progress) => Promise<Finding[]>;

/** What the rings of a load have in common. */
export type RingKind = Pick<RingPlan, 'request' | 'moves' | 'area'> & Partial<RingPlan>;

/**
 * A ring for each connection, with clients of its own: so the reports of one client stay in order.
 * Clients are numbered from 0; with `among`, they are that many, spread evenly over so many.
 */
export function ringsFor(kind: RingKind, connections: number, clients: number, among: number = clients): RingPlan[] {
  const each = Math.max(1, Math.floor(clients / connections));
  const stride = Math.max(1, Math.floor(among / clients));
  const stampSeconds = Math.floor(Date.now() / 1000);
  return Array.from({ length: connections }, (_, index) => {
    const first = index * each * stride;
    return { first, clients: each, stride, visits: visitsFor(each), seed: index + 1, stampSeconds, ...kind };
  });
}
