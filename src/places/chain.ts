// Several providers in order: the next is asked when one fails, refuses or has nothing. All of them together stay within one time-out.
// Says who answered to an observer, never in the answer. Knows providers by their contract only.
import { performance } from 'node:perf_hooks';
import { Breaker } from './breaker.ts';
import { BudgetSpent } from './budget.ts';
import { BREAKER_FAILURES, BREAKER_PAUSE_MS, SHARE_OF_TIME } from './live-limits.ts';
import { cutNearbyJson } from './nearby-json.ts';
import { type Attribution, PlacesError, type PlacesProvider, type PlacesQuery } from './provider.ts';

/** How one provider was asked, for logs. */
export interface ProviderCall {
  readonly provider: string;
  readonly durationMs: number;
}

export interface ChainObserver {
  /**
   * `status` is what the document says of itself: `OK`, `ZERO_RESULTS`, `REQUEST_DENIED`; `errorMessage` what it says besides, in the
   * provider's words, which may hold anything. Empty when it says nothing.
   */
  answered(call: ProviderCall, status: string, errorMessage: string, answerBytes: number): void;
  failed(call: ProviderCall, reason: string): void;
  /** An error that is no PlacesError: a bug. */
  broke(call: ProviderCall, error: unknown): void;
  /** It failed so often that it is left alone for a while, or it works again. */
  paused(provider: string, pauseMs: number): void;
  resumed(provider: string): void;
}

/** What became of the lookups that came to one provider, since the start. */
export interface ProviderCounts {
  readonly provider: string;
  asked: number;
  /** With places; */
  answered: number;
  /** with ZERO_RESULTS; */
  nothing: number;
  /** with another status, such as OVER_QUERY_LIMIT; */
  refused: number;
  /** without a usable answer. */
  failed: number;
  /** Not asked, since it was left alone. */
  skipped: number;
}

export interface ChainOptions {
  /** For a lookup, whoever answers it. */
  readonly timeoutMs: number;
  readonly observer: ChainObserver;
  /** Monotonic. */
  readonly nowMs?: () => number;
}

type Verdict = 'answered' | 'nothing' | 'refused' | 'failed';

interface Outcome {
  readonly verdict: Verdict;
  readonly json?: Uint8Array;
  readonly reason?: string;
}

interface Link {
  readonly provider: PlacesProvider;
  readonly counts: ProviderCounts;
  /** None for the last: when nobody else is there to ask, trying costs a client nothing that it would have otherwise. */
  readonly breaker: Breaker | undefined;
}

/** What stands instead of places when nobody has any. The better, and of equals the first. */
const WORTH: Readonly<Record<Verdict, number>> = { failed: 0, refused: 1, nothing: 2, answered: 3 };

/** One lookup on its way along the chain. */
interface Lookup {
  readonly query: PlacesQuery;
  readonly signal: AbortSignal;
  readonly endsAtMs: number;
  readonly reasons: string[];
  best: Outcome | undefined;
}

export class ProviderChain implements PlacesProvider {
  readonly name: string;
  readonly #links: readonly Link[];
  readonly #observer: ChainObserver;
  readonly #timeoutMs: number;
  readonly #nowMs: () => number;

  /** `providers` is not empty. */
  constructor(providers: readonly PlacesProvider[], options: ChainOptions) {
    const nowMs = options.nowMs ?? (() => performance.now());
    this.name = providers.map(({ name }) => name).join(',');
    this.#nowMs = nowMs;
    this.#timeoutMs = options.timeoutMs;
    this.#observer = options.observer;
    this.#links = providers.map((provider, at) => ({
      provider,
      counts: { provider: provider.name, asked: 0, answered: 0, nothing: 0, refused: 0, failed: 0, skipped: 0 },
      breaker: at < providers.length - 1 ? new Breaker(BREAKER_FAILURES, BREAKER_PAUSE_MS, nowMs) : undefined,
    }));
  }

  get counts(): readonly ProviderCounts[] {
    return this.#links.map(({ counts }) => counts);
  }

  /** The document is cut to the limit already. */
  near(query: PlacesQuery, signal: AbortSignal): Uint8Array | Promise<Uint8Array> {
    const endsAtMs = this.#nowMs() + this.#timeoutMs;
    return this.#from(0, { query, signal, endsAtMs, reasons: [], best: undefined });
  }

  async about(): Promise<readonly Attribution[]> {
    return (await Promise.all(this.#links.map(({ provider }) => provider.about()))).flat();
  }

  close(): void {
    for (const { provider } of this.#links) provider.close();
  }

  #from(at: number, lookup: Lookup): Uint8Array | Promise<Uint8Array> {
    const link = this.#links[at];
    if (link === undefined) return conclude(lookup);
    if (link.breaker?.admit() === false) {
      link.counts.skipped += 1;
      return this.#from(at + 1, lookup);
    }
    const outcome = this.#ask(link, lookup, at === this.#links.length - 1);
    return outcome instanceof Promise
      ? outcome.then((settled) => this.#after(at, settled, lookup))
      : this.#after(at, outcome, lookup);
  }

  #after(at: number, outcome: Outcome, lookup: Lookup): Uint8Array | Promise<Uint8Array> {
    if (outcome.verdict === 'answered' && outcome.json !== undefined) return outcome.json;
    if (outcome.reason !== undefined) lookup.reasons.push(outcome.reason);
    if (lookup.best === undefined || WORTH[outcome.verdict] > WORTH[lookup.best.verdict]) lookup.best = outcome;
    return lookup.signal.aborted ? conclude(lookup) : this.#from(at + 1, lookup);
  }

  #ask(link: Link, lookup: Lookup, isLast: boolean): Outcome | Promise<Outcome> {
    const startedAtMs = this.#nowMs();
    const leftMs = Math.max(0, lookup.endsAtMs - startedAtMs);
    // One that is alone and answers from this machine needs no signal to be made for it.
    const isBounded = this.#links.length > 1 || link.provider.isLocal !== true;
    const time = isBounded ? new AttemptTime(lookup.signal, isLast ? leftMs : leftMs * SHARE_OF_TIME) : undefined;
    link.counts.asked += 1;
    const failed = (error: unknown): Outcome => {
      time?.end();
      return this.#failed(link, startedAtMs, lookup, time?.isOver === true ? new PlacesError(time.reason) : error);
    };
    const answered = (document: Uint8Array): Outcome => {
      try {
        const outcome = this.#answered(link, startedAtMs, document, lookup.query.limit);
        time?.end();
        return outcome;
      } catch (error) {
        return failed(error);
      }
    };
    try {
      const answer = link.provider.near(lookup.query, time?.signal ?? lookup.signal);
      if (!(answer instanceof Promise)) return answered(answer);
      time?.begin();
      return answer.then(answered, failed);
    } catch (error) {
      return failed(error);
    }
  }

  #answered(link: Link, startedAtMs: number, document: Uint8Array, limit: number): Outcome {
    const printed = link.provider.statusOf?.(document);
    const { json, status, errorMessage } =
      printed === undefined ? cutNearbyJson(document, limit) : { json: document, status: printed, errorMessage: '' };
    const verdict = status === 'OK' || status === '' ? 'answered' : status === 'ZERO_RESULTS' ? 'nothing' : 'refused';
    link.counts[verdict] += 1;
    this.#observer.answered(this.#call(link, startedAtMs), status, errorMessage, document.length);
    this.#learn(link, verdict !== 'refused');
    const reason = verdict === 'refused' ? { reason: `${link.provider.name}: ${status}` } : {};
    return { verdict, json, ...reason };
  }

  #failed(link: Link, startedAtMs: number, lookup: Lookup, error: unknown): Outcome {
    const call = this.#call(link, startedAtMs);
    if (!lookup.signal.aborted) link.counts.failed += 1;
    if (!(error instanceof PlacesError)) this.#observer.broke(call, error);
    else this.#observer.failed(call, error.message);
    // Neither a client that left nor our own budget says anything about the provider.
    if (lookup.signal.aborted || error instanceof BudgetSpent) link.breaker?.abandoned();
    else this.#learn(link, false);
    const message = error instanceof PlacesError ? error.message : 'it broke';
    return { verdict: 'failed', reason: `${link.provider.name}: ${message}` };
  }

  #learn({ breaker, provider }: Link, isWell: boolean): void {
    if (isWell && breaker?.succeeded() === true) this.#observer.resumed(provider.name);
    if (!isWell && breaker?.failed() === true) this.#observer.paused(provider.name, BREAKER_PAUSE_MS);
  }

  #call({ provider }: Link, startedAtMs: number): ProviderCall {
    return { provider: provider.name, durationMs: Math.round((this.#nowMs() - startedAtMs) * 1000) / 1000 };
  }
}

/** The signal of one attempt, which aborts with the client's or when the attempt's time is over. */
class AttemptTime {
  readonly #controller = new AbortController();
  readonly #client: AbortSignal;
  readonly #allowedMs: number;
  #timer: NodeJS.Timeout | undefined;
  isOver = false;

  constructor(client: AbortSignal, allowedMs: number) {
    this.#client = client;
    this.#allowedMs = allowedMs;
    if (client.aborted) this.#controller.abort();
    else client.addEventListener('abort', this.#leave);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get reason(): string {
    return `no answer within its ${Math.round(this.#allowedMs)} ms`;
  }

  /** Only for an answer that must be waited for. */
  begin(): void {
    this.#timer = setTimeout(() => {
      this.isOver = true;
      this.#controller.abort();
    }, this.#allowedMs);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#client.removeEventListener('abort', this.#leave);
  }

  readonly #leave = (): void => this.#controller.abort();
}

function conclude({ best, reasons }: Lookup): Uint8Array {
  if (best?.json !== undefined) return best.json;
  throw new PlacesError(reasons.join('; '));
}
