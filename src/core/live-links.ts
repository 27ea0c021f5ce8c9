// The links that records flow over: one to each neighbour that there is one to. Knows who is at the other end; no table and no record.
import type { Origin } from '../wire/messages.ts';
import type { Link } from './link.ts';
import type { Receiving } from './receiving.ts';
import type { Sending } from './sending.ts';

export class LiveLinks {
  private readonly byName = new Map<string, Link>();
  /** What goes to all of them. */
  all: readonly Sending[] = [];
  private receivings: readonly Receiving[] = [];

  get(neighbour: string): Link | undefined {
    return this.byName.get(neighbour);
  }

  values(): Iterable<Link> {
    return this.byName.values();
  }

  add(neighbour: string, link: Link): void {
    this.byName.set(neighbour, link);
    this.changed();
  }

  remove(link: Link): void {
    if (link.neighbour === undefined || this.byName.get(link.neighbour) !== link) return;
    this.byName.delete(link.neighbour);
    this.changed();
  }

  private changed(): void {
    this.all = this.but(undefined);
    this.receivings = Array.from(this.byName.values(), ({ receiving }) => receiving);
  }

  /** What goes to everybody but whoever is at the other end of this link. */
  but(from: Link | undefined): Sending[] {
    const sendings: Sending[] = [];
    for (const link of this.byName.values()) {
      if (link.sending !== undefined && !isSameLife(link, from)) sendings.push(link.sending);
    }
    return sendings;
  }

  /** What goes to whoever is at the other end of this link, which may be another connection that replaces this one. */
  to(from: Link): Sending | undefined {
    const link = from.neighbour === undefined ? undefined : this.byName.get(from.neighbour);
    return link !== undefined && isSameLife(link, from) ? link.sending : undefined;
  }

  /** What was put for any of them is not needed any more where it was read. */
  settle(): void {
    for (const sending of this.all) sending.settle();
  }

  /** This server has got something new of an origin. */
  gotMore(origin: Origin): void {
    for (const receiving of this.receivings) receiving.gotMore(origin);
  }
}

/** What an earlier life of the neighbour sent, over a connection that is still leaving, this life may not have. */
function isSameLife(link: Link, other: Link | undefined): boolean {
  return other !== undefined && link.neighbour === other.neighbour && link.epoch === other.epoch;
}
