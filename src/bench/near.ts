// The scenario of who is near: questions about moving clients, over the link port on connections that stay open; while nobody
// reports, and while many do, since the near index learns where clients are only when somebody asks.
import { chanceOf } from '../wire/chance.ts';
import { GREETINGS_PENDING, NEAR_QUESTIONS } from '../wire/limits.ts';
import type { NearQuestion } from '../wire/near.ts';
import { ringsOfAll } from './fill.ts';
import { fillFrom, generate } from './generator.ts';
import type { LoadPlan } from './load.ts';
import { type RingPlan, townPosition } from './ring.ts';
import type { Finding, Progress, Settings } from './scenario.ts';
import { ALONE, BenchHerd } from './servers.ts';
import { figuresOf, WARM_UP_SECONDS } from './traffic.ts';

const CLIENTS = 1_000_000;
const RADIUS_KM = 10;
const MOST = 20;
/** Of one connection, then they are repeated: more than any cache of the processor's holds the answers of. */
const QUESTIONS = 4096;
/** Seeds of positions that are nobody's: those of clients begin at 1. */
const QUESTION_SEED = 1_000_000;
const REPORTS_PER_SECOND = 10_000;
/** Of the rings that fill the server, those that report on, each on a connection of its own: their requests must fit in memory. */
const REPORTING_RINGS = 8;
/** There and back again. */
const VISITS = 4;
const COUNTED_QUESTIONS = 100;
const HOST = '127.0.0.1';
const IN_TOWNS = { moves: 'step', area: 'towns' } as const;

/** How a server is asked: ours, or Redis. */
export interface NearTarget {
  readonly port: number;
  readonly question: 'near' | 'geosearch';
  /** Where and how clients report to it, and what replies begin with. */
  readonly reportPort: number;
  readonly report: 'iamat' | 'geoadd';
  readonly replyStart: string;
}

/** Has that many clients report from in and around towns; to each server from the same places. */
export function fillTowns(target: NearTarget, clients: number, progress?: (share: number) => void): Promise<void> {
  const rings = ringsOfAll(target.report, clients, secondsNow(), IN_TOWNS);
  return fillFrom({ host: HOST, port: target.reportPort, replyStart: target.replyStart, rings }, progress);
}

export interface Asking {
  readonly connections: number;
  /** On each connection. */
  readonly pipeline: number;
  readonly seconds: number;
  /** Whole metres, at most as a question may have. */
  readonly radiusKm?: number;
}

/** A closed load of questions. */
export function nearLoad(
  target: NearTarget,
  { connections, pipeline, seconds, radiusKm = RADIUS_KM }: Asking,
): LoadPlan {
  const { question: request, port } = target;
  const common = { request, ...IN_TOWNS, first: 0, clients: QUESTIONS, stride: 1, visits: 1, stampSeconds: 0 };
  // More that have asked nothing yet would be sent away.
  const rings = Array.from({ length: Math.min(connections, GREETINGS_PENDING) }, (_, index) => {
    return { ...common, seed: QUESTION_SEED + index, radiusKm, bound: MOST };
  });
  return {
    host: HOST,
    port,
    rings,
    replyEnd: request === 'near' ? 'frame' : 'array',
    replyStart: '',
    pipeline: Math.min(pipeline, NEAR_QUESTIONS),
    warmUpSeconds: WARM_UP_SECONDS,
    seconds,
  };
}

/** The same, while some of those that `fillTowns` made report how they move on. */
export function nearLoadAmongReports(target: NearTarget, load: LoadPlan, clients: number): LoadPlan {
  // Later than every report before: a measurement takes more than a second.
  const rings: RingPlan[] = ringsOfAll(target.report, clients, secondsNow() + 1, IN_TOWNS)
    .slice(0, REPORTING_RINGS)
    .map((ring) => ({ ...ring, visits: VISITS }));
  const { host, warmUpSeconds, seconds } = load;
  const common = {
    host,
    warmUpSeconds,
    seconds,
    replyEnd: 'line',
    replyStart: target.replyStart,
    pipeline: 1,
  } as const;
  return { ...load, beside: { ...common, port: target.reportPort, rings, ratePerSecond: REPORTS_PER_SECOND } };
}

/** Questions of the same kind, to be looked at one by one. */
export function nearQuestions(count: number): NearQuestion[] {
  const chance = chanceOf(QUESTION_SEED);
  return Array.from({ length: count }, () => {
    return { ...townPosition(chance), radiusMetres: RADIUS_KM * 1000, most: MOST };
  });
}

export async function near(settings: Settings, progress: Progress): Promise<Finding[]> {
  const { ack, cores, pipelines, threads, clients = CLIENTS } = settings;
  const herd = await BenchHerd.start({ ...ALONE, ack, cores: cores.one });
  try {
    const target = targetAmong(herd);
    await fillTowns(target, clients, (share) => progress('near, filling', share));
    let found = 0;
    for (const question of nearQuestions(COUNTED_QUESTIONS)) found += (await herd.near('Bench', question)).found;
    const findings: Finding[] = [];
    for (const reports of [false, true]) {
      for (const pipeline of pipelines) {
        const what = `P=${pipeline}${reports ? `, ${REPORTS_PER_SECOND} reports/s` : ''}`;
        const alone = nearLoad(target, { ...settings, pipeline });
        const load = reports ? nearLoadAmongReports(target, alone, clients) : alone;
        const watch = { threads, pids: herd.pids, progress: (share: number) => progress(`near, ${what}`, share) };
        const measured = await generate(load, watch);
        const more = reports ? { reportsPerSecond: measured.besidePerSecond ?? 0 } : {};
        const figures = { ...figuresOf(measured), ...more, foundEach: found / COUNTED_QUESTIONS };
        findings.push({ scenario: 'near', variant: what, figures });
      }
    }
    return findings;
  } finally {
    await herd.stop();
  }
}

/** The one server of such a herd. */
export function targetAmong(herd: BenchHerd): NearTarget {
  const [port, reportPort] = [herd.linkPort('Bench'), herd.port('Bench')];
  return { port, question: 'near', reportPort, report: 'iamat', replyStart: 'A' };
}

function secondsNow(): number {
  return Math.floor(Date.now() / 1000);
}
