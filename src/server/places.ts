// The places behind WHATSAT: makes the configured provider when it is first needed, asks it, cuts its answer to the bound and
// logs how that went. Knows providers only by their contract.
import type { Logger } from 'pino';
import type { Places } from '../net/client-connection.ts';
import { cutNearbyJson } from '../places/nearby-json.ts';
import { PlacesError, type PlacesProvider, type PlacesQuery } from '../places/provider.ts';
import { PLACES_ANSWER_BYTES } from '../wire/limits.ts';
import { latitudeLongitude } from '../wire/location.ts';
import { locationBytes, positionOf, type StoredRecord } from '../wire/record.ts';
import type { PlacesConfig } from './config.ts';

export class PlacesLookup {
  private readonly config: PlacesConfig;
  private readonly logger: Logger;
  private readonly logsAnswers: boolean;
  private provider: PlacesProvider | undefined;
  private opening: Promise<PlacesProvider> | undefined;

  /** Answers of providers elsewhere are always logged, those of the places that come with Drover only as `traffic`. */
  constructor(config: PlacesConfig, logger: Logger, traffic: boolean) {
    this.config = config;
    this.logger = logger;
    this.logsAnswers = traffic || config.provider !== 'embedded';
  }

  /** The JSON for a record's position, cut to `bound`; undefined, and a reason in the log, when there is none. */
  near(record: StoredRecord, radiusKm: number, bound: number, signal: AbortSignal): Places | Promise<Places> {
    const query: PlacesQuery = {
      ...positionOf(record),
      latitudeLongitude: latitudeLongitude(locationBytes(record)),
      radiusKm,
      limit: bound,
    };
    const startedAt = performance.now();
    if (this.provider === undefined) {
      this.opening ??= openProvider(this.config);
      return this.opening.then(
        (provider) => {
          this.provider = provider;
          return this.ask(provider, query, startedAt, signal);
        },
        (error: unknown) => {
          this.opening = undefined;
          return this.failed(error, startedAt);
        },
      );
    }
    return this.ask(this.provider, query, startedAt, signal);
  }

  close(): void {
    this.provider?.close();
  }

  private ask(
    provider: PlacesProvider,
    query: PlacesQuery,
    startedAt: number,
    signal: AbortSignal,
  ): Places | Promise<Places> {
    try {
      const answer = provider.near(query, signal);
      if (!(answer instanceof Promise)) return this.answered(answer, query, startedAt);
      return answer.then(
        (document) => this.answered(document, query, startedAt),
        (error: unknown) => this.failed(error, startedAt),
      );
    } catch (error) {
      return this.failed(error, startedAt);
    }
  }

  private answered(document: Uint8Array, query: PlacesQuery, startedAt: number): Places {
    try {
      const { json, status } = cutNearbyJson(document, query.limit);
      const { provider } = this.config;
      if (this.logsAnswers) {
        this.logger.info(
          { provider, status, answerBytes: document.length, durationMs: since(startedAt) },
          'places answered',
        );
      }
      return json;
    } catch (error) {
      return this.failed(error, startedAt);
    }
  }

  private failed(error: unknown, startedAt: number): undefined {
    const { provider } = this.config;
    if (!(error instanceof PlacesError)) {
      this.logger.error({ provider, durationMs: since(startedAt), error: String(error) }, 'places lookup broke');
      return undefined;
    }
    this.logger.warn({ provider, durationMs: since(startedAt), reason: error.message }, 'places failed');
    return undefined;
  }
}

function since(startedAt: number): number {
  return Math.round((performance.now() - startedAt) * 1000) / 1000;
}

/** Providers are loaded when they are first asked: a server listens before it can search. */
async function openProvider(config: PlacesConfig): Promise<PlacesProvider> {
  if (config.provider === 'google-legacy') {
    const { GoogleLegacyProvider } = await import('../places/google-legacy.ts');
    return new GoogleLegacyProvider({ ...config, answerBytes: PLACES_ANSWER_BYTES });
  }
  const { EmbeddedProvider } = await import('../places/embedded.ts');
  return new EmbeddedProvider();
}
