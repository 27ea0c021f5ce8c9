// Refused links in the log: the first of a kind at once, its repetitions as a count now and then, so that a stranger who dials in
// a loop fills no disk. Knows no link.
import type { Logger } from 'pino';
import { REFUSALS_OF_ADDRESS, REFUSALS_TOLD, REFUSALS_TOLD_MS } from '../wire/limits.ts';

export interface Refusal {
  /** Who it says it is. */
  readonly neighbour: string;
  readonly address: string;
  readonly dialled: boolean;
  readonly reason: string;
  readonly by: 'us' | 'neighbour';
}

interface Told {
  readonly refusal: Refusal;
  /** Since it was last told. */
  repeated: number;
}

export class Refusals {
  private readonly logger: Pick<Logger, 'warn'>;
  private readonly everyMs: number;
  private readonly told = new Map<string, Told>();
  private timer: NodeJS.Timeout | undefined;

  constructor(logger: Pick<Logger, 'warn'>, everyMs: number = REFUSALS_TOLD_MS) {
    this.logger = logger;
    this.everyMs = everyMs;
  }

  refused(refusal: Refusal): void {
    const exact = keyOf(refusal);
    const told = this.told.get(exact) ?? this.told.get(this.hasRoom(refusal) ? exact : keyOf(VARIOUS));
    if (told !== undefined) {
      told.repeated += 1;
      return;
    }
    const shown = this.hasRoom(refusal) ? refusal : VARIOUS;
    this.told.set(keyOf(shown), { refusal: shown, repeated: 0 });
    this.logger.warn(shown, 'link refused');
    this.timer ??= setInterval(() => this.tell(), this.everyMs).unref();
  }

  /** Tells what was not told yet, and ends. */
  close(): void {
    this.tell();
    clearInterval(this.timer);
  }

  private tell(): void {
    for (const [key, { refusal, repeated }] of this.told) {
      // After a quiet while the next one is news again.
      if (repeated === 0) this.told.delete(key);
      else {
        this.logger.warn({ ...refusal, repeated }, 'link refused');
        this.told.set(key, { refusal, repeated: 0 });
      }
    }
    if (this.told.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private hasRoom({ address, dialled }: Refusal): boolean {
    if (this.told.size >= REFUSALS_TOLD) return false;
    // Whom this server dialled is no stranger, and is dialled seldom. A herd on one machine has all its neighbours at one address.
    if (dialled) return true;
    let ofAddress = 0;
    for (const { refusal } of this.told.values()) if (!refusal.dialled && refusal.address === address) ofAddress += 1;
    return ofAddress < REFUSALS_OF_ADDRESS;
  }
}

/** Stands for all that there is no room to tell apart. */
const VARIOUS: Refusal = {
  neighbour: 'various',
  address: 'various',
  dialled: false,
  reason: 'more kinds of refusal than are told apart',
  by: 'us',
};

/** A reason may quote names that the other side made up, so who it says it is need not count as well; whom we dialled is known. */
function keyOf({ neighbour, address, reason, by, dialled }: Refusal): string {
  return `${dialled ? neighbour : ''} ${address} ${by} ${dialled} ${reason}`;
}
