// The provider that needs no key and no network: places that come with Drover. Costs nothing until the first lookup.
import { fileURLToPath } from 'node:url';
import type { EmbeddedLookup } from './embedded-lookup.ts';
import { type Attribution, PlacesError, type PlacesProvider, type PlacesQuery } from './provider.ts';

export interface EmbeddedOptions {
  /** The `.places` files; by default those that come with Drover. */
  readonly files?: readonly string[];
}

/** One a licence, see scripts/build-places.mjs. */
const FILES = ['cc-by-4.0.places', 'odbl-1.0.places'];

export class EmbeddedProvider implements PlacesProvider {
  readonly name = 'embedded';
  readonly isLocal = true;
  readonly #files: readonly string[];
  #lookup: EmbeddedLookup | undefined;
  #opening: Promise<EmbeddedLookup> | undefined;
  #closed = false;

  constructor(options: EmbeddedOptions = {}) {
    this.#files = options.files ?? FILES.map(inDataFolder);
  }

  near(query: PlacesQuery, _signal: AbortSignal): Uint8Array | Promise<Uint8Array> {
    if (this.#lookup) return this.#lookup.near(query);
    return this.#open().then((lookup) => lookup.near(query));
  }

  async about(): Promise<readonly Attribution[]> {
    const { sources } = this.#lookup ?? (await this.#open());
    return sources.map(({ source, licence, licenceUrl, attribution, url, version, places }) => {
      return { source, licence, licenceUrl, attribution, url, version, places };
    });
  }

  close(): void {
    this.#closed = true;
    this.#lookup = undefined;
    this.#opening = undefined;
  }

  /** Lookups that come while the files are being read wait for the same reading. */
  #open(): Promise<EmbeddedLookup> {
    if (this.#closed) return Promise.reject(new PlacesError('the embedded places are closed'));
    this.#opening ??= this.#openOnce().catch((error: unknown) => {
      // The next lookup tries again: the file may have been put back.
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #openOnce(): Promise<EmbeddedLookup> {
    const { openLookup } = await import('./embedded-lookup.ts');
    const lookup = await openLookup(this.#files);
    if (!this.#closed) this.#lookup = lookup;
    return lookup;
  }
}

/** From `dist/src/places/`, where this file is when it runs. */
function inDataFolder(file: string): string {
  return fileURLToPath(new URL(`../../../data/places/${file}`, import.meta.url));
}
