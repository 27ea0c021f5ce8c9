// Lookups over the opened artefacts. Imported only when the first lookup comes: this is where the index's code is.

import { distanceKm } from '../wire/distance.ts';
import { type Artefact, type ArtefactSource, readArtefact } from './artefact.ts';
import { type FoundPlace, NearbyPrinter } from './nearby-printer.ts';
import { PlaceIndex } from './place-index.ts';
import type { PlacesQuery } from './provider.ts';

interface RankedPlace extends FoundPlace {
  readonly distanceKm: number;
}

export class EmbeddedLookup {
  readonly sources: readonly ArtefactSource[];
  readonly #indexes: readonly PlaceIndex[];
  readonly #printer: NearbyPrinter;

  constructor(artefacts: readonly Artefact[]) {
    this.sources = artefacts.flatMap((artefact) => artefact.sources);
    this.#indexes = artefacts.map((artefact) => new PlaceIndex(artefact));
    this.#printer = new NearbyPrinter(artefacts);
  }

  near(query: PlacesQuery): Uint8Array {
    const places = this.#nearest(query);
    return this.#printer.print(query.limit === 0 ? [] : places, places.length > 0);
  }

  /** At least one, if there is one: the status depends on it. */
  #nearest({ latitude, longitude, radiusKm, limit, type }: PlacesQuery): FoundPlace[] {
    const wanted = Math.max(1, limit);
    const ranked: RankedPlace[] = [];
    for (const index of this.#indexes) {
      for (const row of index.nearest(latitude, longitude, wanted, radiusKm, type)) {
        const distance = distanceKm(latitude, longitude, index.latitude(row), index.longitude(row));
        ranked.push({ artefact: index.artefact, row, distanceKm: distance });
      }
    }
    return ranked.sort((one, other) => one.distanceKm - other.distanceKm).slice(0, wanted);
  }
}

/** Reads the files at the same time, off the event loop's thread. */
export async function openLookup(files: readonly string[]): Promise<EmbeddedLookup> {
  return new EmbeddedLookup(await Promise.all(files.map(readArtefact)));
}
