// Leaves a provider alone that has failed again and again, and lets one lookup try it when some time has passed. Knows neither the
// provider nor what a failure is; the time comes in.

export class Breaker {
  readonly #failuresToOpen: number;
  readonly #pauseMs: number;
  readonly #nowMs: () => number;
  #failures = 0;
  #openUntilMs = 0;
  #probing = false;

  constructor(failuresToOpen: number, pauseMs: number, nowMs: () => number) {
    this.#failuresToOpen = failuresToOpen;
    this.#pauseMs = pauseMs;
    this.#nowMs = nowMs;
  }

  get isOpen(): boolean {
    return this.#failures >= this.#failuresToOpen;
  }

  /** Whether the provider may be asked. Whoever is admitted says afterwards how it went, with one of the other three. */
  admit(): boolean {
    if (!this.isOpen) return true;
    if (this.#probing || this.#nowMs() < this.#openUntilMs) return false;
    this.#probing = true;
    return true;
  }

  /** True if this closed it. */
  succeeded(): boolean {
    const wasOpen = this.isOpen;
    this.#failures = 0;
    this.#probing = false;
    return wasOpen;
  }

  /** True if this opened it; a probe that failed keeps it open. */
  failed(): boolean {
    const wasOpen = this.isOpen;
    this.#failures += 1;
    this.#probing = false;
    if (this.isOpen) this.#openUntilMs = this.#nowMs() + this.#pauseMs;
    return !wasOpen && this.isOpen;
  }

  /** The lookup ended before anything was learnt: the next one may try. */
  abandoned(): void {
    this.#probing = false;
  }
}
