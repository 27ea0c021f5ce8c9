// Lets so many do something at once; the others wait in line, first come first served. Knows nothing of what they do.
import { PlacesError } from './provider.ts';

interface Waiting {
  readonly go: () => void;
}

export class Turns {
  readonly #most: number;
  readonly #mostWaiting: number;
  #taken = 0;
  /** In the order of arrival. */
  readonly #line = new Set<Waiting>();

  constructor(most: number, mostWaiting: number) {
    this.#most = most;
    this.#mostWaiting = mostWaiting;
  }

  /**
   * Waits for a turn; what it gives ends it, and must be called once.
   * @throws {PlacesError} when the line is too long, or `signal` aborts while waiting
   */
  async take(signal: AbortSignal): Promise<() => void> {
    if (this.#taken < this.#most) this.#taken += 1;
    else await this.#wait(signal);
    return () => this.#pass();
  }

  #wait(signal: AbortSignal): Promise<void> {
    if (this.#line.size >= this.#mostWaiting) throw new PlacesError(`${this.#line.size} lookups wait already`);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#line.delete(waiting);
        reject(new PlacesError('its turn did not come'));
      };
      const waiting: Waiting = {
        go: () => {
          signal.removeEventListener('abort', leave);
          resolve();
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#line.add(waiting);
    });
  }

  /** The turn goes to who has waited longest, or back. */
  #pass(): void {
    const [next] = this.#line;
    if (next === undefined) {
      this.#taken -= 1;
      return;
    }
    this.#line.delete(next);
    next.go();
  }
}
