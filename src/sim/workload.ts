// What the clients of a simulated herd report, and where: they roam, come in bursts, and send stamps that are equal, out of
// order, long past or far ahead. Knows no fault.
import type { Chance } from './chance.ts';
import type { PlanEvent } from './plan.ts';
import { BEGIN_SECONDS } from './server-clock.ts';

export interface Workload {
  readonly servers: readonly string[];
  readonly bytesPerMs: number;
  readonly endMs: number;
}

type Reports = Extract<PlanEvent, { kind: 'reports' }>;

/** How one seed's clients behave. */
interface Manners {
  readonly clients: number;
  readonly idPadding: string;
  readonly perSecond: number;
  /** How often a stamp is cut to the second, so that reports at different servers are equal. */
  readonly coarse: number;
  readonly odd: number;
}

/** With so much behind its ID a client's text is now longer, now shorter than there is room for in its row of the table. */
const LONG_ID = 32;

function mannersOf(chance: Chance): Manners {
  const padding = chance.weighted([
    [8, 0],
    [1, LONG_ID],
    [1, 400],
  ]);
  return {
    clients: chance.pick([1, 3, 12, 60, 300]),
    idPadding: 'x'.repeat(padding),
    perSecond: chance.pick([10, 40, 120, 300]),
    coarse: chance.pick([0.2, 0.6, 1]),
    odd: chance.pick([0, 0.1, 0.3]),
  };
}

/** A stamp in the client's own mind, which servers' clocks are not asked about. */
function stampOf(atMs: number, manners: Manners, chance: Chance): string {
  let ms = atMs;
  if (chance.happens(manners.odd)) {
    ms += chance.weighted([
      [4, -chance.between(0, 5000)],
      [2, -chance.between(0, 100_000)],
      [2, chance.between(0, 8000)],
      [1, 3_600_000],
    ]);
  }
  if (chance.happens(manners.coarse)) return String(BEGIN_SECONDS + Math.floor(ms / 1000));
  return (BEGIN_SECONDS + ms / 1000).toFixed(chance.pick([1, 3, 6]));
}

export function reportsOf(workload: Workload, chance: Chance): Reports[] {
  const manners = mannersOf(chance);
  const events: Reports[] = [];
  let places = 0;
  const line = (atMs: number, client: number): string => {
    places += 1;
    const location = `+${places % 90}.${places}-${places % 180}.5`;
    return `IAMAT c${client}${manners.idPadding} ${location} ${stampOf(atMs, manners, chance)}`;
  };
  // Some herds begin with more clients than a link looks at in one turn.
  if (workload.bytesPerMs > 1000 && manners.idPadding === '' && chance.happens(0.06)) {
    const crowd = 1200 + chance.below(1500);
    const server = chance.pick(workload.servers);
    const lines = Array.from({ length: crowd }, (_, index) => line(50, 1000 + index));
    events.push({ kind: 'reports', atMs: 50, server, lines });
  }
  for (let atMs = 100; atMs < workload.endMs; atMs += (chance.fraction() * 2000) / manners.perSecond) {
    const client = chance.below(manners.clients);
    const burst = chance.happens(0.05) ? 2 + chance.below(8) : 1;
    const oneClient = chance.happens(0.5);
    const lines = Array.from({ length: burst }, () => line(atMs, oneClient ? client : chance.below(manners.clients)));
    events.push({ kind: 'reports', atMs, server: chance.pick(workload.servers), lines });
    // The same moment elsewhere: a client that was heard twice.
    if (chance.happens(0.1)) {
      events.push({ kind: 'reports', atMs, server: chance.pick(workload.servers), lines: [line(atMs, client)] });
    }
  }
  return events;
}
