// The life that this server is in, and the numbers it gives in it: none is given twice, whatever was lost of earlier lives.
import { EPOCHS_BELOW, LIFE_LEAP_MS } from '../wire/limits.ts';
import type { Origin } from '../wire/messages.ts';
import type { Origins } from './origins.ts';

export class OwnLife {
  self: Origin;
  /** The number that was given last. */
  sequence = 0;
  private readonly origins: Origins;
  private readonly begun: (epoch: number) => void;

  /** `begun` is told when the server goes on in a later life than it was started in. */
  constructor(origins: Origins, name: string, epoch: number, begun: (epoch: number) => void) {
    this.origins = origins;
    this.self = origins.of(name, epoch);
    this.begun = begun;
  }

  nextSequence(): number {
    this.sequence += 1;
    return this.sequence;
  }

  /** Somebody named an origin. */
  isNamed({ name, epoch }: Origin): void {
    if (name === this.self.name && epoch > this.self.epoch && epoch < EPOCHS_BELOW) this.begin(epoch);
  }

  /**
   * Somebody says that an origin has come to this number. Only this server numbers what it accepts in this life. If others
   * have more of it, the life is another's too, or was made up: what comes now would count as known. So it goes on in a life
   * that nobody knows.
   */
  isCounted(origin: Origin, sequence: number): void {
    if (origin === this.self && sequence > this.sequence) this.begin(origin.epoch);
  }

  /**
   * Somebody remembers more of this server than it does itself: a number was lost, and must not be used again. Nor must the
   * one just after it: another process of this server may have been here and taken it, and be remembered elsewhere. What is
   * added is as different as the moments at which two processes start.
   */
  private begin(remembered: number): void {
    const epoch = remembered + 1 + (this.self.epoch % LIFE_LEAP_MS);
    this.self = this.origins.of(this.self.name, epoch);
    this.sequence = 0;
    this.begun(epoch);
  }
}
