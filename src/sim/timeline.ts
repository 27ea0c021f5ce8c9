// Virtual time: what is to happen, in order. Things due at the same moment happen in the order they were planned, so that a
// run is repeatable. Knows nothing of what happens.

interface Planned {
  readonly atMs: number;
  readonly order: number;
  readonly action: () => void;
}

function isBefore(left: Planned, right: Planned): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);
}

export class Timeline {
  nowMs = 0;
  /** Everything that ever happened. */
  happened = 0;
  private planned = 0;
  /** A binary heap: the next is first, and none is before its parent. */
  private readonly heap: Planned[] = [];

  /** Plans `action`; what is over by now happens now. */
  at(atMs: number, action: () => void): void {
    this.planned += 1;
    this.push({ atMs: Math.max(atMs, this.nowMs), order: this.planned, action });
  }

  after(delayMs: number, action: () => void): void {
    this.at(this.nowMs + delayMs, action);
  }

  /** Lets everything happen that is due until then. */
  runUntil(untilMs: number): void {
    for (let next = this.heap[0]; next !== undefined && next.atMs <= untilMs; next = this.heap[0]) {
      this.pop();
      this.nowMs = next.atMs;
      this.happened += 1;
      next.action();
    }
    this.nowMs = untilMs;
  }

  private push(planned: Planned): void {
    const { heap } = this;
    let index = heap.length;
    heap.push(planned);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Planned;
      if (!isBefore(planned, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = planned;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop() as Planned;
    const { length } = heap;
    if (length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= length) break;
      if (child + 1 < length && isBefore(heap[child + 1] as Planned, heap[child] as Planned)) child += 1;
      const below = heap[child] as Planned;
      if (!isBefore(below, last)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
  }
}
