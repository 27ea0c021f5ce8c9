// A provider before which identical lookups wait for one answer: a herd's page that a hundred people open asks Google once.
import { InFlight } from './in-flight.ts';
import type { Attribution, PlacesProvider, PlacesQuery } from './provider.ts';

export class CoalescedProvider implements PlacesProvider {
  readonly name: string;
  readonly #provider: PlacesProvider;
  readonly #inFlight = new InFlight<Uint8Array>();

  constructor(provider: PlacesProvider) {
    this.name = provider.name;
    this.#provider = provider;
  }

  async near(query: PlacesQuery, signal: AbortSignal): Promise<Uint8Array> {
    const { latitudeLongitude, radiusKm, limit, type, keyword, language } = query;
    const key = JSON.stringify([latitudeLongitude, radiusKm, limit, type, keyword, language]);
    const answer = await this.#inFlight.share(key, signal, async (shared) => this.#provider.near(query, shared));
    // The contract: an answer is the caller's own.
    return new Uint8Array(answer);
  }

  about(): Promise<readonly Attribution[]> {
    return this.#provider.about();
  }

  close(): void {
    this.#provider.close();
  }
}
