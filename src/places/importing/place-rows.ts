// Takes in the places of an import, one by one, and keeps them in few large pieces of memory until they are written: 20 bytes
// each and their text, not an object. Knows what a place must have; nothing of formats, and not the file.
import { IMPORT_TEXT_BYTES, KINDS, SOURCES, TEXT_BYTES } from '../limits.ts';
import { type PlacesKind, type PlacesSource, UNITS_PER_DEGREE } from '../places-file.ts';
import { PlacesError } from '../provider.ts';

/** All of a source but the number of its places, which is counted here. */
export type SourceDescription = Omit<PlacesSource, 'places'>;

export interface ImportedPlace {
  readonly name: string;
  /** Degrees. */
  readonly latitude: number;
  readonly longitude: number;
  /** At least one. */
  readonly types: readonly string[];
  /** Where it is, in words; empty when that is not known. */
  readonly vicinity: string;
}

const ROW_NUMBERS = 5;
const FIRST_ROWS = 1024;
const SEGMENT_BYTES = 4 * 1024 * 1024;
/** Vicinities that may come again. Places of a street or a country follow one another, so the newest are enough. */
const REMEMBERED_VICINITIES = 50_000;

export class PlaceRows {
  readonly kinds: PlacesKind[] = [];
  readonly sources: SourceDescription[] = [];
  readonly #kindNumbers = new Map<string, number>();
  readonly #texts: Buffer[] = [];
  /** Of the last segment of `#texts`. */
  #filled = SEGMENT_BYTES;
  /** For each place: longitude, latitude, where its name is, where its vicinity is, kind and bytes of the name. */
  #rows = new Int32Array(FIRST_ROWS * ROW_NUMBERS);
  #count = 0;
  readonly #vicinities = new Map<string, number>();

  get count(): number {
    return this.#count;
  }

  /** The number of a source for `add`; the same description has the same number. @throws {PlacesError} when there are too many */
  addSource(description: SourceDescription): number {
    const text = JSON.stringify(description);
    const known = this.sources.findIndex((source) => JSON.stringify(source) === text);
    if (known >= 0) return known;
    if (this.sources.length === SOURCES) throw new PlacesError(`more than ${SOURCES} sources in one file`);
    return this.sources.push(description) - 1;
  }

  /** Why it is no place, or undefined when it was taken in. @throws {PlacesError} when no more fit into one file */
  add(source: number, place: ImportedPlace): string | undefined {
    const { latitude, longitude } = place;
    if (Number.isNaN(latitude) || Number.isNaN(longitude)) return 'it has no position in decimal degrees';
    if (!(latitude >= -90 && latitude <= 90)) return `latitude ${latitude} is not within -90 and 90`;
    if (!(longitude >= -180 && longitude <= 180)) return `longitude ${longitude} is not within -180 and 180`;
    const name = place.name.trim();
    if (name === '') return 'it has no name';
    if (name.includes('\ufffd')) return 'its name is not UTF-8';
    if (tooLong(name)) return `its name is longer than ${TEXT_BYTES} bytes`;
    const kind = this.#kindNumber(source, place.types);
    if (kind === undefined) return `it is of one kind too many: a file holds ${KINDS}`;
    // What is only nice to have must not cost the place.
    const vicinity = tooLong(place.vicinity) ? '' : place.vicinity.trim();

    if ((this.#count + 1) * ROW_NUMBERS > this.#rows.length) this.#grow();
    const nameAt = this.#write(name);
    const nameBytes = this.#filled - (nameAt % SEGMENT_BYTES);
    const row = this.#count * ROW_NUMBERS;
    this.#rows[row] = Math.round(longitude * UNITS_PER_DEGREE);
    this.#rows[row + 1] = Math.round(latitude * UNITS_PER_DEGREE);
    this.#rows[row + 2] = nameAt;
    this.#rows[row + 3] = vicinity === '' ? 0 : this.#vicinityAt(vicinity);
    this.#rows[row + 4] = (kind << 16) | nameBytes;
    this.#count += 1;
    return undefined;
  }

  longitudeUnits(place: number): number {
    return this.#rows[place * ROW_NUMBERS] as number;
  }

  latitudeUnits(place: number): number {
    return this.#rows[place * ROW_NUMBERS + 1] as number;
  }

  kind(place: number): number {
    return (this.#rows[place * ROW_NUMBERS + 4] as number) >>> 16;
  }

  /** UTF-8, for looking at. */
  name(place: number): Buffer {
    const at = (this.#rows[place * ROW_NUMBERS + 2] as number) >>> 0;
    return this.#text(at, (this.#rows[place * ROW_NUMBERS + 4] as number) & 0xffff);
  }

  /** A number that equal vicinities mostly share; 0 for none. */
  vicinityNumber(place: number): number {
    return (this.#rows[place * ROW_NUMBERS + 3] as number) >>> 0;
  }

  /** UTF-8, for looking at. */
  vicinity(number: number): Buffer {
    if (number === 0) return Buffer.alloc(0);
    const bytes = this.#text(number - 1, 2).readUInt16LE();
    return this.#text(number + 1, bytes);
  }

  #kindNumber(source: number, types: readonly string[]): number | undefined {
    const key = `${source}\0${types.join('\0')}`;
    let number = this.#kindNumbers.get(key);
    if (number === undefined) {
      if (this.kinds.length === KINDS) return undefined;
      number = this.kinds.push({ source, types: [...types] }) - 1;
      this.#kindNumbers.set(key, number);
    }
    return number;
  }

  /** Where it is written, with its length in front, plus one: 0 means none. */
  #vicinityAt(vicinity: string): number {
    let at = this.#vicinities.get(vicinity);
    if (at === undefined) {
      this.#reserve();
      const segment = this.#texts.at(-1) as Buffer;
      const start = this.#filled;
      const bytes = segment.write(vicinity, start + 2);
      segment.writeUInt16LE(bytes, start);
      this.#filled = start + 2 + bytes;
      at = (this.#texts.length - 1) * SEGMENT_BYTES + start + 1;
      if (this.#vicinities.size === REMEMBERED_VICINITIES) this.#vicinities.clear();
      this.#vicinities.set(vicinity, at);
    }
    return at;
  }

  /** @returns where it begins */
  #write(text: string): number {
    this.#reserve();
    const start = this.#filled;
    this.#filled += (this.#texts.at(-1) as Buffer).write(text, start);
    return (this.#texts.length - 1) * SEGMENT_BYTES + start;
  }

  /** For one text: none lies in two segments. */
  #reserve(): void {
    if (this.#filled + TEXT_BYTES + 2 <= SEGMENT_BYTES) return;
    if ((this.#texts.length + 1) * SEGMENT_BYTES > IMPORT_TEXT_BYTES) {
      throw new PlacesError('too many places for one import: import region by region');
    }
    this.#texts.push(Buffer.allocUnsafeSlow(SEGMENT_BYTES));
    this.#filled = 0;
  }

  #text(at: number, bytes: number): Buffer {
    const start = at % SEGMENT_BYTES;
    return (this.#texts[Math.floor(at / SEGMENT_BYTES)] as Buffer).subarray(start, start + bytes);
  }

  #grow(): void {
    const larger = new Int32Array(this.#rows.length * 2);
    larger.set(this.#rows);
    this.#rows = larger;
  }
}

function tooLong(text: string): boolean {
  // Three bytes of UTF-8 a unit of UTF-16 at most: most texts need not be measured.
  return text.length * 3 > TEXT_BYTES && Buffer.byteLength(text) > TEXT_BYTES;
}
