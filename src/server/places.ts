// The places behind WHATSAT: makes the configured providers when they are first needed, asks them about a record's position, and
// says in the log and the counters how that went. Knows providers only by their contract.
import type { Logger } from 'pino';
import type { Places } from '../net/client-service.ts';
import { Ledger } from '../places/budget.ts';
import type { ChainObserver, ProviderCounts } from '../places/chain.ts';
import { PlacesError, type PlacesProvider, type PlacesQuery } from '../places/provider.ts';
import { latitudeLongitude } from '../wire/location.ts';
import { printable } from '../wire/printable.ts';
import { locationBytes, positionOf, type StoredRecord } from '../wire/record.ts';
import type { PlacesConfig } from './config.ts';
import { type OpenProviders, openProviders, requestsPerDay } from './places-providers.ts';

/** What one provider was asked since the start, and what it said; requests are counted by the day (UTC). */
export interface PlacesStatus extends Readonly<ProviderCounts> {
  readonly requestsToday?: number;
  readonly requestsPerDay?: number;
}

export interface PlacesLookupOptions {
  readonly config: PlacesConfig;
  readonly logger: Logger;
  /** Whether what is asked of the places that come with Drover is logged; what leaves the machine always is. */
  readonly traffic: boolean;
  /** Where today's requests are counted, so that a restart does not forget them. */
  readonly ledgerFile: string;
}

export class PlacesLookup {
  private readonly config: PlacesConfig;
  private readonly logger: Logger;
  private readonly traffic: boolean;
  private readonly ledgerFile: string;
  private ledger: Ledger | undefined;
  private open: OpenProviders | undefined;
  private opening: Promise<OpenProviders> | undefined;
  private isClosed = false;

  constructor({ config, logger, traffic, ledgerFile }: PlacesLookupOptions) {
    this.config = config;
    this.logger = logger;
    this.traffic = traffic;
    this.ledgerFile = ledgerFile;
  }

  /** The JSON for a record's position, cut to `bound`; undefined, and a reason in the log, when there is none. */
  near(record: StoredRecord, radiusKm: number, bound: number, signal: AbortSignal): Places | Promise<Places> {
    const { latitude, longitude } = positionOf(record);
    // Name by name: what is spread into another object is of a kind of its own for V8 each time, and slow wherever it is looked at.
    const query: PlacesQuery = {
      latitude,
      longitude,
      latitudeLongitude: latitudeLongitude(locationBytes(record)),
      radiusKm,
      limit: bound,
    };
    if (this.open !== undefined) return this.ask(this.open.provider, query, signal);
    this.opening ??= this.openAll();
    return this.opening.then(
      ({ provider }) => this.ask(provider, query, signal),
      (error: unknown) => {
        this.opening = undefined;
        this.logger.error({ reason: reasonOf(error) }, 'places cannot be opened');
        return undefined;
      },
    );
  }

  status(): readonly PlacesStatus[] {
    const counts: readonly ProviderCounts[] = this.open?.chain.counts ?? this.config.providers.map(noCounts);
    return counts.map((one) => {
      const perDay = requestsPerDay(one.provider, this.config);
      if (perDay === undefined) return one;
      const requestsToday = this.openLedger().spentToday(one.provider);
      return { ...one, requestsToday, requestsPerDay: perDay };
    });
  }

  close(): void {
    this.isClosed = true;
    this.open?.provider.close();
    this.ledger?.close();
  }

  private async openAll(): Promise<OpenProviders> {
    const { logger } = this;
    const open = await openProviders(this.config, {
      observer: this.observer(),
      ledger: this.openLedger(),
      advise: (provider, advice) => logger.warn({ provider, advice }, 'places advice'),
    });
    if (this.isClosed) open.provider.close();
    this.open = open;
    return open;
  }

  private openLedger(): Ledger {
    const isNeeded = this.config.providers.some((name) => requestsPerDay(name, this.config) !== undefined);
    this.ledger ??= new Ledger({
      ...(isNeeded ? { file: this.ledgerFile } : {}),
      now: () => new Date(),
      onFault: (reason) => this.logger.warn({ reason }, 'places budget'),
    });
    return this.ledger;
  }

  private ask(provider: PlacesProvider, query: PlacesQuery, signal: AbortSignal): Places | Promise<Places> {
    try {
      const answer = provider.near(query, signal);
      return answer instanceof Promise ? answer.catch((error: unknown) => this.none(error)) : answer;
    } catch (error) {
      return this.none(error);
    }
  }

  /** Each provider's reason has been logged. */
  private none(error: unknown): undefined {
    if (!(error instanceof PlacesError)) this.logger.error({ error: String(error) }, 'places lookup broke');
    return undefined;
  }

  /** Nobody's terminal is to be moved about by it. An answer that repeats a key is thrown away, but for keys as short as words. */
  private loggable(errorMessage: string): string {
    const key = this.config.google?.key;
    const bytes = Buffer.from(key === undefined ? errorMessage : errorMessage.replaceAll(key, 'KEY'));
    return printable(bytes, 0, bytes.length);
  }

  private observer(): ChainObserver {
    const { logger, traffic } = this;
    return {
      answered: ({ provider, durationMs }, status, errorMessage, answerBytes) => {
        if (!traffic && isLocal(provider)) return;
        const words = errorMessage === '' ? {} : { errorMessage: this.loggable(errorMessage) };
        logger.info({ provider, status, ...words, answerBytes, durationMs }, 'places answered');
      },
      failed: (call, reason) => logger.warn({ ...call, reason }, 'places failed'),
      broke: (call, error) => logger.error({ ...call, error: String(error) }, 'places lookup broke'),
      paused: (provider, pauseMs) => logger.warn({ provider, pauseMs }, 'places provider paused'),
      resumed: (provider) => logger.info({ provider }, 'places provider resumed'),
    };
  }
}

function isLocal(provider: string): boolean {
  return provider === 'embedded' || provider.startsWith('file:');
}

function noCounts(provider: string): ProviderCounts {
  return { provider, asked: 0, answered: 0, nothing: 0, refused: 0, failed: 0, skipped: 0 };
}

function reasonOf(error: unknown): string {
  return error instanceof PlacesError ? error.message : String(error);
}
