// Every server in each of its lives that this one has heard of: one object each, so that it can be compared and be a key. As
// many as a large herd has; a neighbour that names more loses its link. Knows no vector and no link.
import { MalformedFrame } from '../wire/bytes.ts';
import { VECTOR_ENTRIES } from '../wire/limits.ts';
import { makeOrigin, type Origin } from '../wire/messages.ts';

export class Origins {
  private readonly known = new Map<string, Origin>();

  /** @throws {MalformedFrame} when there are too many */
  of(name: string, epoch: number): Origin {
    const key = `${name} ${epoch}`;
    let origin = this.known.get(key);
    if (origin !== undefined) return origin;
    if (this.known.size >= VECTOR_ENTRIES) throw new MalformedFrame('more origins than any herd has');
    origin = makeOrigin(name, epoch);
    this.known.set(key, origin);
    return origin;
  }

  /** A link is gone. If it has left many behind that nobody needs, they go: others must find room for theirs. */
  sweep(isNeeded: (origin: Origin) => boolean): void {
    if (this.known.size <= VECTOR_ENTRIES / 2) return;
    for (const [key, origin] of this.known) if (!isNeeded(origin)) this.known.delete(key);
  }
}
