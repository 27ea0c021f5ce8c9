// Asks once for what several want at the same time. One of them leaving does not disturb the others; when all have left, the asking
// ends. Knows neither what is asked nor whom.
import { PlacesError } from './provider.ts';

interface Asking<Answer> {
  readonly answer: Promise<Answer>;
  readonly aborter: AbortController;
  waiting: number;
}

export class InFlight<Answer> {
  readonly #askings = new Map<string, Asking<Answer>>();

  /**
   * What `start` gives, begun for this caller or for an earlier one with the same key. All of them get the same object.
   * @throws {PlacesError} when `signal` aborts first, or what `start` rejects with
   */
  async share(key: string, signal: AbortSignal, start: (signal: AbortSignal) => Promise<Answer>): Promise<Answer> {
    if (signal.aborted) throw gone();
    const asking = this.#askings.get(key) ?? this.#begin(key, start);
    asking.waiting += 1;
    let leave = (): void => {};
    const left = new Promise<never>((_, reject) => {
      leave = () => reject(gone());
    });
    signal.addEventListener('abort', leave);
    try {
      return await Promise.race([asking.answer, left]);
    } finally {
      signal.removeEventListener('abort', leave);
      asking.waiting -= 1;
      if (asking.waiting === 0) this.#end(key, asking);
    }
  }

  #begin(key: string, start: (signal: AbortSignal) => Promise<Answer>): Asking<Answer> {
    const aborter = new AbortController();
    const asking: Asking<Answer> = { answer: start(aborter.signal), aborter, waiting: 0 };
    this.#askings.set(key, asking);
    const end = (): void => this.#end(key, asking);
    // Whoever comes after the answer asks anew. A rejection is for those who wait.
    asking.answer.then(end, end);
    return asking;
  }

  #end(key: string, asking: Asking<Answer>): void {
    if (this.#askings.get(key) !== asking) return;
    this.#askings.delete(key);
    // Without effect on one that is answered.
    asking.aborter.abort();
  }
}

function gone(): PlacesError {
  return new PlacesError('the client that asked is gone');
}
