// Which places a lookup wants: by type, and by a text that their name or their types hold. Knows kinds and names; no positions.
import type { Chunk, PlacesKind } from './places-file.ts';
import type { PlacesQuery } from './provider.ts';

/** Nobody who asks what is near means a helipad on a hospital's roof; `type` still finds it. */
const ONLY_WHEN_ASKED_FOR = 'heliport';

const UNWANTED = 0;
const WANTED = 1;
/** If its name holds the keyword. */
const BY_NAME = 2;

/** What two texts have in common that differ in case only: `STRASSE` and `Straße`, `ΟΔΟΣ` and `οδος`. */
function folded(text: string): string {
  return text.normalize('NFC').toUpperCase();
}

/** Whether a keyword, folded already, is in a type: `movie theater` finds `movie_theater`. */
function isInType(type: string, keyword: string): boolean {
  const text = folded(type);
  return text.includes(keyword) || text.replaceAll('_', ' ').includes(keyword);
}

/** Whether a keyword is in one of the names, or in one of the types. */
export function holdsKeyword(names: readonly string[], types: readonly string[], keyword: string): boolean {
  const looked = folded(keyword);
  return names.some((name) => folded(name).includes(looked)) || types.some((type) => isInType(type, looked));
}

/** What one lookup wants of one file. */
export class PlaceFilter {
  /** UNWANTED, WANTED or BY_NAME for each kind. */
  readonly #kinds: Uint8Array;
  readonly #keyword: string;

  constructor(kinds: readonly PlacesKind[], type: string | undefined, keyword: string | undefined) {
    this.#keyword = folded(keyword ?? '');
    this.#kinds = Uint8Array.from(kinds, ({ types }) => {
      const isOfType = type === undefined ? !types.includes(ONLY_WHEN_ASKED_FOR) : types.includes(type);
      if (!isOfType) return UNWANTED;
      return this.#keyword === '' || types.some((each) => isInType(each, this.#keyword)) ? WANTED : BY_NAME;
    });
  }

  /** Whether nothing of the file can be wanted. */
  get isEmpty(): boolean {
    return !this.#kinds.some((kind) => kind !== UNWANTED);
  }

  readonly isWanted = (chunk: Chunk, row: number): boolean => {
    const wanted = this.#kinds[chunk.kindNumbers[row] as number];
    if (wanted !== BY_NAME) return wanted === WANTED;
    const { names, nameOffsets } = chunk;
    const bytes = Buffer.from(names.buffer, names.byteOffset, names.byteLength);
    return folded(bytes.toString('utf8', nameOffsets[row], nameOffsets[row + 1])).includes(this.#keyword);
  };
}

/** The filters of one file; those of a type alone are kept, since nearly every lookup is like one before. */
export class PlaceFilters {
  readonly #kinds: readonly PlacesKind[];
  readonly #types: ReadonlySet<string | undefined>;
  readonly #byType = new Map<string | undefined, PlaceFilter>();

  constructor(kinds: readonly PlacesKind[]) {
    this.#kinds = kinds;
    this.#types = new Set([undefined, ...kinds.flatMap((kind) => kind.types)]);
  }

  /** undefined when the file has nothing that is wanted. */
  of({ type, keyword }: PlacesQuery): PlaceFilter | undefined {
    if (!this.#types.has(type)) return undefined;
    let filter = keyword ? undefined : this.#byType.get(type);
    if (filter === undefined) {
      filter = new PlaceFilter(this.#kinds, type, keyword);
      if (!keyword) this.#byType.set(type, filter);
    }
    return filter.isEmpty ? undefined : filter;
  }
}
