// The provider of places in .places files: a set that somebody imported. Costs nothing until the first lookup.
import path from 'node:path';
import type { FileLookup } from './file-lookup.ts';
import { type Attribution, PlacesError, type PlacesProvider, type PlacesQuery } from './provider.ts';

export class FileProvider implements PlacesProvider {
  readonly name: string;
  readonly isLocal = true;
  readonly #files: readonly string[];
  #lookup: FileLookup | undefined;
  #opening: Promise<FileLookup> | undefined;
  #closed = false;

  /** `files` are searched together, as one set. A relative path is one of the working folder. */
  constructor(name: string, files: readonly string[]) {
    this.name = name;
    this.#files = files.map((file) => path.resolve(file));
  }

  near(query: PlacesQuery, signal: AbortSignal): Uint8Array | Promise<Uint8Array> {
    if (this.#lookup) return this.#lookup.near(query, signal);
    return this.#open().then((lookup) => lookup.near(query, signal));
  }

  /** A document that came just before this was closed is of nobody's interest any more. */
  statusOf(document: Uint8Array): string {
    return this.#lookup?.statusOf(document) ?? 'ZERO_RESULTS';
  }

  async about(): Promise<readonly Attribution[]> {
    const { sources } = this.#lookup ?? (await this.#open());
    return sources.map(({ source, licence, licenceUrl, attribution, url, version, places }) => {
      return { source, licence, licenceUrl, attribution, url, version, places };
    });
  }

  close(): void {
    this.#closed = true;
    this.#lookup?.close();
    this.#lookup = undefined;
    this.#opening = undefined;
  }

  /** Lookups that come while the files are being opened wait for the same opening. */
  #open(): Promise<FileLookup> {
    if (this.#closed) return Promise.reject(new PlacesError(`the places of ${this.name} are closed`));
    this.#opening ??= this.#openOnce().catch((error: unknown) => {
      // The next lookup tries again: the file may have been put back.
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #openOnce(): Promise<FileLookup> {
    const { FileLookup } = await import('./file-lookup.ts');
    if (this.#closed) throw new PlacesError(`the places of ${this.name} are closed`);
    this.#lookup = new FileLookup(this.#files);
    return this.#lookup;
  }
}
