// Who may be linked with, and which of two connections to the same neighbour stays. Knows names, lives and versions; no table.
import { OLDEST_VERSION } from '../wire/frame.ts';
import type { Hello } from '../wire/messages.ts';
import type { Link } from './link.ts';

export class Admission {
  private readonly herd: string;
  private readonly self: string;
  private readonly neighbours: ReadonlySet<string>;

  constructor(herd: string, self: string, neighbours: ReadonlySet<string>) {
    this.herd = herd;
    this.self = self;
    this.neighbours = neighbours;
  }

  /** Why who says this hello cannot be linked with, or undefined if it can. */
  objection(link: Link, hello: Hello): string | undefined {
    const { self, herd } = this;
    const newest = link.herd.newestVersion;
    if (hello.newestVersion < OLDEST_VERSION || hello.oldestVersion > newest)
      return `${self} speaks ${OLDEST_VERSION} to ${newest}`;
    if (hello.herd !== herd) return `${self} is of herd ${herd}, not ${hello.herd}`;
    if (link.provenName !== undefined && link.provenName !== hello.from) {
      return `${hello.from} showed the certificate of ${link.provenName || `no server of herd ${herd}`}`;
    }
    if (hello.to !== self) return `this is ${self}, not ${hello.to}; check hosts and ports`;
    if (hello.purpose === 'status') return undefined;
    if (hello.from === self) return `the name ${self} is taken: two servers run under it`;
    if (!this.neighbours.has(hello.from)) return `${hello.from} is no neighbour of ${self}`;
    if (link.dialled && hello.from !== link.neighbour) return `dialled ${link.neighbour}, but ${hello.from} answered`;
    return undefined;
  }

  /**
   * Both sides may dial at once. One connection stays, and both sides choose the same: of one life of the neighbour, the one
   * that the smaller name dialled, and of two dialled by the same side the newer, since nobody redials a link that works.
   * Returns why there is no room for `link` among `links`, or undefined when there is, made if need be.
   */
  noRoom(link: Link, hello: Hello, links: Iterable<Link>, nowMs: number): string | undefined {
    for (const other of links) {
      if (other === link || other.neighbour !== hello.from) continue;
      if (other.state === 'leaving' || other.state === 'asking' || other.state === 'closed') continue;
      if (other.epoch > hello.epoch) return `superseded by a later life of ${hello.from}`;
      const sameLife = other.state === 'greeting' || other.epoch === hello.epoch;
      if (sameLife && other.dialled !== link.dialled && this.dialledBySmaller(other, hello.from)) {
        return 'there is a connection already';
      }
      if (sameLife) other.leave('replaced by another connection', nowMs);
      else other.close(`${hello.from} was started again`);
    }
    return undefined;
  }

  private dialledBySmaller(link: Link, neighbour: string): boolean {
    return link.dialled === this.self < neighbour;
  }
}
