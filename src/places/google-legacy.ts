// Google's legacy Nearby Search: one GET a lookup, its answer passed through byte for byte, whatever status it carries.
import { GOOGLE, type GoogleOptions, googleExchanges, metresFrom, refuseBetrayal } from './google.ts';
import { baseUrl, type HttpExchanges, refuseFailure } from './http-exchange.ts';
import { checkNearbyJson } from './nearby-json.ts';
import { type Attribution, PlacesError, type PlacesProvider, type PlacesQuery } from './provider.ts';

export interface GoogleLegacyOptions extends GoogleOptions {
  /** Told once, when Google says that the project may not use this API. */
  readonly advise?: (advice: string) => void;
}

const GOOGLE_URL = 'https://maps.googleapis.com';
const NEARBY_SEARCH_PATH = '/maps/api/place/nearbysearch/json';

/** Google's words for a project that came too late to enable the API; in 2026 that is every new one. */
const NOT_ENABLED = /LegacyApiNotActivatedMapError|calling a legacy API/;
const ADVICE =
  'the legacy Nearby Search is not enabled for this Google project, and new projects cannot enable it: ' +
  'enable Places API (New) and use the provider google';

export class GoogleLegacyProvider implements PlacesProvider {
  readonly name = 'google-legacy';
  readonly #base: string;
  readonly #key: string | undefined;
  readonly #exchanges: HttpExchanges;
  #advise: ((advice: string) => void) | undefined;

  /** @throws {PlacesError} when the base URL is none */
  constructor(options: GoogleLegacyOptions) {
    this.#base = baseUrl(GOOGLE, options.url ?? GOOGLE_URL);
    this.#key = options.key === '' ? undefined : options.key;
    this.#exchanges = googleExchanges(options);
    this.#advise = options.advise;
  }

  near(query: PlacesQuery, signal: AbortSignal): Promise<Uint8Array> {
    return this.#exchanges.ask(this.#urlOf(query), {}, signal, async (response, body) => {
      refuseFailure(GOOGLE, response);
      const document = await body();
      try {
        checkNearbyJson(document);
      } catch (error) {
        if (error instanceof PlacesError)
          throw new PlacesError(`Google's answer is of no use: HTTP ${response.status}, ${error.message}`);
        throw error;
      }
      refuseBetrayal(document, this.#key);
      this.#lookForAdvice(document);
      return document;
    });
  }

  async about(): Promise<readonly Attribution[]> {
    return [];
  }

  close(): void {
    this.#exchanges.close();
  }

  #urlOf({ latitudeLongitude, radiusKm, type, keyword, language }: PlacesQuery): string {
    const parameters = [`location=${latitudeLongitude}`, `radius=${metresFrom(radiusKm)}`];
    for (const [name, value] of Object.entries({ type, keyword, language, key: this.#key })) {
      if (value !== undefined) parameters.push(`${name}=${encodeURIComponent(value)}`);
    }
    return `${this.#base}${NEARBY_SEARCH_PATH}?${parameters.join('&')}`;
  }

  #lookForAdvice(document: Uint8Array): void {
    if (this.#advise === undefined || document.length > 4096) return;
    const text = Buffer.from(document).toString();
    if (!text.includes('REQUEST_DENIED') || !NOT_ENABLED.test(text)) return;
    this.#advise(ADVICE);
    this.#advise = undefined;
  }
}
