// Makes the configured places providers and puts them in their order. They are loaded when they are first asked: a server listens before
// it can search. Knows the providers; nothing of records and clients.
import { Ledger } from '../places/budget.ts';
import { type ChainObserver, ProviderChain } from '../places/chain.ts';
import { CoalescedProvider } from '../places/coalesced.ts';
import type { PlacesProvider } from '../places/provider.ts';
import { PLACES_ANSWER_BYTES } from '../wire/limits.ts';
import type { PlacesConfig } from './config.ts';
import { version } from './version.ts';

export interface ProvidersContext {
  readonly observer: ChainObserver;
  readonly ledger: Ledger;
  /** What a provider wants the operator to know. */
  readonly advise: (provider: string, advice: string) => void;
}

export interface OpenProviders {
  /** What is asked. */
  readonly provider: PlacesProvider;
  readonly chain: ProviderChain;
}

/** @throws {PlacesError} when a provider's settings are of no use */
export async function openProviders(config: PlacesConfig, context: ProvidersContext): Promise<OpenProviders> {
  const providers = await Promise.all(config.providers.map((name) => openProvider(name, config, context)));
  const chain = new ProviderChain(providers, { timeoutMs: config.timeoutMs, observer: context.observer });
  const isLocal = providers.every((provider) => provider.isLocal === true);
  return { provider: isLocal ? chain : new CoalescedProvider(chain), chain };
}

/**
 * For a command that asks once, without a server: before there are places `say` is told of those providers that had none. Its requests
 * are not counted with a server's.
 * @throws {PlacesError} when a provider's settings are of no use
 */
export async function openOnce(config: PlacesConfig, say: (line: string) => void): Promise<PlacesProvider> {
  const passed: string[] = [];
  const { chain } = await openProviders(config, {
    observer: {
      answered: ({ provider }, status, errorMessage) => {
        if (status === 'OK') passed.splice(0).forEach(say);
        else passed.push(`${provider}: ${status}${errorMessage && `: ${errorMessage}`}`);
      },
      failed: ({ provider }, reason) => void passed.push(`${provider}: ${reason}`),
      broke: ({ provider }, error) => void passed.push(`${provider}: ${String(error)}`),
      paused: () => {},
      resumed: () => {},
    },
    ledger: new Ledger({ now: () => new Date(), onFault: say }),
    advise: (provider, advice) => say(`${provider}: ${advice}`),
  });
  return chain;
}

/** Requests a day that a provider may be sent; undefined is as many as are wanted. */
export function requestsPerDay(name: string, { google, overpass }: PlacesConfig): number | undefined {
  if (name === 'overpass') return overpass?.requestsPerDay;
  return name.startsWith('google') ? google?.requestsPerDay : undefined;
}

async function openProvider(name: string, config: PlacesConfig, context: ProvidersContext): Promise<PlacesProvider> {
  const { timeoutMs, google, overpass } = config;
  const perDay = requestsPerDay(name, config);
  const spend = perDay === undefined ? {} : { spend: () => context.ledger.spend(name, perDay) };
  const live = { timeoutMs, answerBytes: PLACES_ANSWER_BYTES, ...spend };
  if (name === 'google') {
    const { GoogleNewProvider } = await import('../places/google-new.ts');
    return new GoogleNewProvider({ ...google, ...live, fields: google?.fields ?? 'pro' });
  }
  if (name === 'google-legacy') {
    const { GoogleLegacyProvider } = await import('../places/google-legacy.ts');
    return new GoogleLegacyProvider({ ...google, ...live, advise: (advice) => context.advise(name, advice) });
  }
  if (name === 'overpass') {
    const { OverpassProvider } = await import('../places/overpass.ts');
    const userAgent = `Drover/${version()} (location server herd)`;
    const keepMs = (overpass?.cacheMinutes ?? 0) * 60_000;
    return new OverpassProvider({ ...overpass, ...live, keepMs, userAgent });
  }
  if (name.startsWith('file:')) {
    const { FileProvider } = await import('../places/file.ts');
    return new FileProvider(name, [name.slice('file:'.length)]);
  }
  const { EmbeddedProvider } = await import('../places/embedded.ts');
  return new EmbeddedProvider();
}
