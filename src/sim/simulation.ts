// Runs one plan: moves a simulated herd through everything that happens to it, mends it, waits until all servers are equal and
// at rest, and says what was not as it must be.
//
//   lost       the best record of a client that any server still had, or that was acknowledged where nothing is ever lost
//   unequal    servers differ, long after everything was mended
//   unrest     records still travel, although all servers are equal
//   heights    servers differ in how far they have each other's updates

import { OLDEST_VERSION } from '../wire/frame.ts';
import { AUDIT_INTERVAL_MS, AUDIT_SOON_MS } from '../wire/limits.ts';
import type { StoredRecord } from '../wire/record.ts';
import { Chance } from './chance.ts';
import { Disk } from './disk.ts';
import { serversOf } from './graphs.ts';
import { clientOf, Inspector, told } from './inspector.ts';
import { judge } from './judge.ts';
import { Network } from './network.ts';
import type { Plan, PlanEvent } from './plan.ts';
import { rot } from './rot.ts';
import { SimulatedServer } from './server.ts';
import { ServerClock } from './server-clock.ts';
import { Timeline } from './timeline.ts';

/** The longest wait that a mended herd can need: a dial gives up after 5 s, backs off for 5 s, and a silent link takes 4 s to notice. */
const HEAL_MS = 20_000;
/** No records for this long is rest. */
const REST_MS = 5000;
const LOOK_EVERY_MS = 50;
/** Life numbers are milliseconds of POSIX time, and no two lives of a server begin in the same one. */
const EPOCH_LEAST_STEP = 1;
/** Whoever looks after a server that cannot start tries again after this. */
const START_AGAIN_MS = 200;

export interface Outcome {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly faults: number;
  readonly acknowledged: number;
  readonly virtualMs: number;
  /** From mended to equal. */
  readonly healedMs: number | undefined;
  /** Memory rotted, and what it lost may have waited for an audit. */
  readonly rotted: boolean;
  readonly happened: number;
  readonly hash: number;
}

export class Simulation {
  readonly timeline: Timeline = new Timeline();
  readonly servers: ReadonlyMap<string, SimulatedServer>;
  readonly inspector: Inspector;
  readonly network: Network;
  private readonly plan: Plan;
  private readonly chance: Chance;

  constructor(plan: Plan) {
    this.plan = plan;
    this.chance = new Chance(plan.seed, 2);
    this.inspector = new Inspector(this.timeline);
    this.network = new Network(this.timeline, this.chance, plan.network);
    const disks = new Chance(plan.seed, 4);
    this.servers = new Map(
      serversOf(plan.edges).map((name, index) => {
        const { offsetMs = 0, drift = 0 } = plan.clocks[index] ?? {};
        const clock = new ServerClock(offsetMs, drift);
        const disk = new Disk(this.timeline, disks, plan.disk);
        return [name, new SimulatedServer(name, clock, disk, this.network, this.inspector)];
      }),
    );
    for (const name of plan.oldServers) this.server(name).newestVersion = OLDEST_VERSION;
    for (const [one, other] of plan.edges) {
      this.server(one).befriend(this.server(other));
      this.server(other).befriend(this.server(one));
    }
  }

  run(): Outcome {
    const { plan, timeline } = this;
    for (const server of this.servers.values()) {
      timeline.at(this.chance.fraction() * 50, () => this.startAgain(server, 0));
    }
    for (const event of plan.events) timeline.at(event.atMs, () => this.perform(event));
    for (let atMs = 500; atMs < plan.faultsEndMs; atMs += 500) timeline.at(atMs, () => this.inspectAll());
    timeline.runUntil(plan.faultsEndMs);
    this.mend();
    const expected = this.expected();
    const healedMs = this.waitForEqual();
    if (healedMs !== undefined) {
      this.checkLost(expected);
      this.waitForRest();
      this.checkHeights();
    }
    this.inspectAll();
    return this.outcome(healedMs);
  }

  outcome(healedMs: number | undefined): Outcome {
    const { plan, timeline, inspector } = this;
    return {
      seed: plan.seed,
      violations: inspector.violations,
      faults: plan.events.filter(({ kind }) => kind !== 'reports').length,
      acknowledged: inspector.acknowledgements,
      virtualMs: timeline.nowMs,
      healedMs,
      rotted: this.hasRot,
      happened: timeline.happened,
      hash: this.network.hash,
    };
  }

  private server(name: string): SimulatedServer {
    return this.servers.get(name) as SimulatedServer;
  }

  private inspectAll(): void {
    for (const server of this.servers.values()) this.inspector.inspect(server);
  }

  private perform(event: PlanEvent): void {
    const { timeline, network } = this;
    // What is planned for after the mending is a fault no more.
    const until = (undo: () => void, forMs: number): void =>
      timeline.at(Math.min(event.atMs + forMs, this.plan.faultsEndMs), undo);
    switch (event.kind) {
      case 'reports':
        this.server(event.server).reports(event.lines);
        return;
      case 'kill': {
        const server = this.server(event.server);
        if (!server.isUp) return;
        server.kill(event.silent);
        if (event.disk === 'wiped') server.disk.platter.wipe();
        return until(() => this.startAgain(server, event.epochBackMs), event.forMs);
      }
      case 'power': {
        const server = this.server(event.server);
        if (!server.isUp) return;
        this.inspector.losingPower(server);
        server.kill(true);
        server.disk.platter.losePower();
        if (event.decays !== undefined) server.disk.platter.flip(event.decays);
        return until(() => this.startAgain(server, 0), event.forMs);
      }
      case 'refusal': {
        const { platter } = this.server(event.server).disk;
        platter.refuses = event.refuses;
        return until(() => {
          platter.refuses = undefined;
        }, event.forMs);
      }
      case 'stop': {
        const server = this.server(event.server);
        server.stop(event.clockSleeps);
        return until(() => server.resume(), event.forMs);
      }
      case 'cut':
        for (const [from, to] of event.paths) {
          network.cut(from, to, event.how === 'lose');
          if (event.how === 'reset') network.reset(from, to);
        }
        return until(() => {
          for (const [from, to] of event.paths) network.heal(from, to);
        }, event.forMs);
      case 'clog':
        network.path(...event.path).cloggedUntilMs = event.atMs + event.forMs;
        return;
      case 'rot':
        return rot(this.server(event.server), event, this.servers.values(), this.inspector);
      case 'reset':
        return network.reset(...event.edge);
      case 'step':
        return this.server(event.server).clock.step(event.byMs);
    }
  }

  private startAgain(server: SimulatedServer, epochBackMs: number): void {
    if (server.isUp) return;
    // A life's number must be durable first.
    if (server.disk.platter.refuses !== undefined) {
      return this.timeline.after(START_AGAIN_MS, () => this.startAgain(server, epochBackMs));
    }
    const wallMs = server.clock.wallMs(this.timeline.nowMs);
    const epoch =
      epochBackMs > 0
        ? Math.floor(Math.min(wallMs, server.disk.epoch) - epochBackMs)
        : Math.max(wallMs, server.disk.epoch + EPOCH_LEAST_STEP);
    server.start(epoch);
  }

  private mend(): void {
    // The undoing of every fault is planned for this moment at the latest, and has happened.
    for (const server of this.servers.values()) {
      server.resume();
      this.startAgain(server, 0);
    }
  }

  /** The least that every server must have in the end, by client. */
  private expected(): Map<string, StoredRecord> {
    if (this.plan.isDurable) return new Map(this.inspector.best);
    const best = new Map<string, StoredRecord>();
    for (const server of this.servers.values()) {
      for (const [client, record] of this.inspector.shownBy(server)) {
        const known = best.get(client);
        if (known === undefined || judge(record, known) > 0) best.set(client, record);
      }
    }
    return best;
  }

  private waitForEqual(): number | undefined {
    const { timeline, plan } = this;
    const limitMs = plan.faultsEndMs + HEAL_MS + plan.backlogMs + this.auditMs();
    while (timeline.nowMs < limitMs) {
      timeline.runUntil(timeline.nowMs + LOOK_EVERY_MS);
      if (this.difference() === undefined) return timeline.nowMs - plan.faultsEndMs;
    }
    this.inspector.violation('unequal', this.difference() ?? '');
    return undefined;
  }

  /** How long audits may take to mend what rotted: one is due within a minute, and another server soon after each that was mended. */
  private auditMs(): number {
    return this.hasRot ? 2 * AUDIT_INTERVAL_MS + this.servers.size * AUDIT_SOON_MS : 0;
  }

  private get hasRot(): boolean {
    return this.plan.events.some(({ kind }) => kind === 'rot');
  }

  private difference(): string | undefined {
    const [first, ...others] = [...this.servers.values()];
    if (first === undefined) return undefined;
    const known = this.inspector.shownBy(first);
    for (const other of others) {
      const shown = this.inspector.shownBy(other);
      if (shown.size !== known.size) return `${first.name} has ${known.size} clients, ${other.name} has ${shown.size}`;
      for (const [client, record] of shown) {
        const same = known.get(client);
        if (same === undefined || judge(same, record) !== 0) {
          return `${other.name} has ${told(record)}, ${first.name} has ${same ? told(same) : 'nothing'}`;
        }
      }
    }
    return undefined;
  }

  private checkLost(expected: ReadonlyMap<string, StoredRecord>): void {
    for (const server of this.servers.values()) {
      const shown = this.inspector.shownBy(server);
      for (const record of expected.values()) {
        const known = shown.get(clientOf(record));
        if (known === undefined || judge(known, record) < 0) {
          this.inspector.violation('lost', `${server.name} has lost ${told(record)}`);
        }
      }
    }
  }

  private waitForRest(): void {
    const { timeline, inspector, plan } = this;
    const limitMs = timeline.nowMs + REST_MS + HEAL_MS + plan.backlogMs + this.auditMs();
    let quietSinceMs = timeline.nowMs;
    while (timeline.nowMs - quietSinceMs < REST_MS) {
      timeline.runUntil(timeline.nowMs + LOOK_EVERY_MS * 10);
      quietSinceMs = Math.max(quietSinceMs, inspector.lastForwardMs);
      if (timeline.nowMs > limitMs) return inspector.violation('unrest', 'records still travel between equal servers');
    }
  }

  private checkHeights(): void {
    const heights = new Map<string, readonly [number, string]>();
    for (const server of this.servers.values()) {
      for (const [origin, { height }] of server.replica?.vector ?? []) {
        if (height === 0) continue;
        const key = `${origin.name} ${origin.epoch}`;
        const [known, who] = heights.get(key) ?? [height, server.name];
        if (known !== height) {
          this.inspector.violation('heights', `${who} has ${key} up to ${known}, ${server.name} up to ${height}`);
        }
        heights.set(key, [known, who]);
      }
    }
  }
}
