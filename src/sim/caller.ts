// Keeps a simulated server trying to reach one neighbour, as net/dialer.ts does with real sockets: at once, then with
// full-jitter backoff, for as long as there is no link to it.
import { DIAL_TIMEOUT_MS, REDIAL_FIRST_MS, REDIAL_MOST_MS } from '../wire/limits.ts';
import type { Network } from './network.ts';
import type { SimulatedServer } from './server.ts';
import type { Stream } from './stream.ts';

/** A lost SYN is sent again after this, and again after twice this... */
const SYN_AGAIN_MS = 1000;

export class Caller {
  private readonly server: SimulatedServer;
  private readonly other: SimulatedServer;
  private readonly network: Network;
  private attempt = 0;
  private timed = false;
  private busy = false;
  private stopped = false;

  constructor(server: SimulatedServer, other: SimulatedServer, network: Network) {
    this.server = server;
    this.other = other;
    this.network = network;
  }

  /** There is a link now, whoever dialled it. */
  linked(): void {
    this.attempt = 0;
  }

  lost(): void {
    this.dialLater();
  }

  stop(): void {
    this.stopped = true;
  }

  dial(): void {
    if (this.stopped || this.isLinked) return;
    this.busy = true;
    this.knock(this.network.timeline.nowMs + DIAL_TIMEOUT_MS, SYN_AGAIN_MS);
  }

  private get isLinked(): boolean {
    return this.server.replica?.linkTo(this.other.name) !== undefined;
  }

  private dialLater(): void {
    if (this.stopped || this.timed || this.busy || this.isLinked) return;
    this.timed = true;
    const delayMs = this.network.chance.fraction() * Math.min(REDIAL_MOST_MS, REDIAL_FIRST_MS * 2 ** this.attempt);
    this.server.later(delayMs, () => {
      this.timed = false;
      this.dial();
    });
  }

  private knock(giveUpMs: number, againMs: number): void {
    const { timeline } = this.network;
    if (this.stopped) return;
    if (timeline.nowMs >= giveUpMs) return this.failed();
    const { name } = this.server;
    timeline.after(this.network.delayMs(), () => {
      const there = this.network.path(name, this.other.name);
      const back = this.network.path(this.other.name, name);
      if (there.cuts > 0 || back.cuts > 0) {
        timeline.after(Math.min(againMs, giveUpMs - timeline.nowMs), () => this.knock(giveUpMs, 2 * againMs));
      } else if (!this.other.isUp) timeline.after(this.network.delayMs(), () => this.failed());
      else if (!this.stopped) this.connected();
    });
  }

  private connected(): void {
    const [near, far] = this.network.join(this.server, this.other);
    this.other.takes(far, undefined, () => {});
    this.network.timeline.after(this.network.delayMs(), () => {
      if (this.stopped) return near.vanish(false);
      this.server.run(() => {
        // The neighbour's own dial may have come through meanwhile.
        if (this.isLinked) {
          near.vanish(false);
          return this.gone(near);
        }
        this.server.takes(near, this.other.name, () => this.gone(near));
      });
    });
  }

  private gone(stream: Stream): void {
    this.busy = false;
    if (stream.link === undefined || stream.link.epoch === 0) this.attempt = Math.min(this.attempt + 1, 16);
    this.dialLater();
  }

  private failed(): void {
    this.server.run(() => {
      this.busy = false;
      this.attempt = Math.min(this.attempt + 1, 16);
      this.dialLater();
    });
  }
}
