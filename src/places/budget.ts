// How many requests each provider was sent today (UTC), against a bound a day: money, or manners. The count outlives the process in
// a small file. The file runs ahead of the count by a step, so that not every request writes: after a crash the rest of
// that step counts as spent, and never too little.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { LEDGER_STEPS } from './live-limits.ts';
import { PlacesError } from './provider.ts';

/** The day's requests are spent. No fault of the provider's: tomorrow it is asked again. */
export class BudgetSpent extends PlacesError {}

export interface LedgerOptions {
  /** Without one the count starts anew with the process. */
  readonly file?: string;
  readonly now: () => Date;
  /** Told when the file cannot be read or written; counting goes on in memory. */
  readonly onFault: (message: string) => void;
}

interface Account {
  spent: number;
  /** What the file says: at least `spent`. */
  written: number;
}

export class Ledger {
  readonly #options: LedgerOptions;
  readonly #accounts = new Map<string, Account>();
  #day: string;

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#day = dayOf(options.now());
    for (const [provider, spent] of this.#read()) this.#accounts.set(provider, { spent, written: spent });
  }

  spentToday(provider: string): number {
    this.#turnPage();
    return this.#accounts.get(provider)?.spent ?? 0;
  }

  /** @throws {BudgetSpent} when `perDay` requests were sent today */
  spend(provider: string, perDay: number): void {
    this.#turnPage();
    const account = this.#accounts.get(provider) ?? { spent: 0, written: 0 };
    this.#accounts.set(provider, account);
    if (account.spent >= perDay) throw new BudgetSpent(`today's ${perDay} requests to ${provider} are spent`);
    account.spent += 1;
    if (account.spent <= account.written) return;
    const step = Math.max(1, Math.floor(perDay / LEDGER_STEPS));
    account.written = Math.min(perDay, account.spent + step - 1);
    this.#write();
  }

  /** Writes the exact count. */
  close(): void {
    const isAhead = [...this.#accounts.values()].some(({ spent, written }) => spent !== written);
    for (const account of this.#accounts.values()) account.written = account.spent;
    if (isAhead) this.#write();
  }

  #turnPage(): void {
    const day = dayOf(this.#options.now());
    if (day === this.#day) return;
    this.#day = day;
    this.#accounts.clear();
  }

  #read(): [string, number][] {
    const { file, onFault } = this.#options;
    if (file === undefined) return [];
    try {
      const { day, spent } = JSON.parse(readFileSync(file, 'utf8')) as { day: unknown; spent: object };
      if (day !== this.#day) return [];
      return Object.entries(spent).filter(([, count]) => Number.isSafeInteger(count) && count >= 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        onFault(`${file} cannot be read, so today's requests are counted from 0: ${String(error)}`);
      }
      return [];
    }
  }

  #write(): void {
    const { file, onFault } = this.#options;
    if (file === undefined) return;
    const spent = Object.fromEntries([...this.#accounts].map(([provider, { written }]) => [provider, written]));
    try {
      writeFileSync(`${file}.new`, `${JSON.stringify({ day: this.#day, spent })}\n`);
      renameSync(`${file}.new`, file);
    } catch (error) {
      onFault(`today's requests cannot be written down: ${String(error)}`);
    }
  }
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}
