// Prints rows of .places files as a Nearby Search document in the style that Google prints: 3 spaces, `"key" : value`, keys in
// alphabetical order. What a source does not know is left out. Knows nothing of how the rows were found.
import { printStrings } from './google-style.ts';
import { JsonWriter } from './json-writer.ts';
import type { FoundPlace } from './nearest-places.ts';
import { PlaceIdHash } from './place-id.ts';
import type { Chunk, PlacesFile, PlacesKind, PlacesSource } from './places-file.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);

const DOCUMENT = bytes('{\n   "html_attributions" : ');
const NO_RESULTS = bytes(',\n   "results" : []');
const RESULTS = bytes(',\n   "results" : [\n');
const RESULT = bytes('      {\n         "geometry" : {\n            "location" : {\n               "lat" : ');
const LONGITUDE = bytes(',\n               "lng" : ');
const NAME = bytes('\n            }\n         },\n         "name" : "');
const PLACE_ID = bytes('",\n         "place_id" : "drv');
const REFERENCE = bytes('",\n         "reference" : "drv');
const VICINITY = bytes(',\n         "vicinity" : "');
const QUOTE = bytes('"');
const RESULT_END = bytes('\n      }');
const RESULT_SEPARATOR = bytes(',\n');
const RESULTS_END = bytes('\n   ]');
const STATUS_OK = bytes(',\n   "status" : "OK"\n}');
const STATUS_ZERO_RESULTS = bytes(',\n   "status" : "ZERO_RESULTS"\n}');

/** What is the same for all rows of a kind. */
interface KindParts {
  /** From the end of `reference` to the end of `types`. */
  readonly types: Uint8Array;
  /** The hash's two halves after the source's key. */
  readonly hashHigh: number;
  readonly hashLow: number;
  /** Which source, as a bit. */
  readonly sourceBit: number;
}

export class NearbyPrinter {
  readonly #writer = new JsonWriter();
  readonly #hash = new PlaceIdHash();
  /** For each file its kinds' parts, made when a kind is first printed: there may be thousands, and a herd needs few. */
  readonly #parts = new Map<PlacesFile, (KindParts | undefined)[]>();
  /** Number of each file's first source in `#sources`. */
  readonly #firstSources = new Map<PlacesFile, number>();
  readonly #sources: readonly PlacesSource[];
  /** By the set of sources as bits: there are few sets, and every answer needs one. */
  readonly #attributions = new Map<number, Uint8Array>();

  /** Of at most 31 sources in all. */
  constructor(files: readonly PlacesFile[]) {
    const sources: PlacesSource[] = [];
    for (const file of files) {
      this.#parts.set(file, new Array(file.header.kinds.length).fill(undefined));
      this.#firstSources.set(file, sources.length);
      sources.push(...file.header.sources);
    }
    this.#sources = sources;
  }

  /** `anyFound`: whether there is a place at all, which decides the status also when none is wanted. */
  print(places: readonly FoundPlace[], anyFound: boolean): Uint8Array {
    const writer = this.#writer;
    writer.text(DOCUMENT);
    writer.text(this.#printAttributions(places));
    if (places.length === 0) {
      writer.text(NO_RESULTS);
    } else {
      let separator = RESULTS;
      for (const place of places) {
        writer.text(separator);
        this.#printResult(place);
        separator = RESULT_SEPARATOR;
      }
      writer.text(RESULTS_END);
    }
    writer.text(anyFound ? STATUS_OK : STATUS_ZERO_RESULTS);
    return writer.finish();
  }

  /** What a document that was printed here says of itself, `OK` or `ZERO_RESULTS`. */
  statusOf(document: Uint8Array): string {
    const start = document.length - STATUS_OK.length;
    return STATUS_OK.every((byte, at) => document[start + at] === byte) ? 'OK' : 'ZERO_RESULTS';
  }

  #printResult({ chunk, row }: FoundPlace): void {
    const writer = this.#writer;
    const hash = this.#hash;
    const { coordinates, nameOffsets, names, vicinityOffsets, vicinities } = chunk;
    const parts = this.#partsOf(chunk, row);
    const longitude = coordinates[row * 2] as number;
    const latitude = coordinates[row * 2 + 1] as number;
    const nameStart = nameOffsets[row] as number;
    const nameEnd = nameOffsets[row + 1] as number;
    const vicinity = chunk.vicinityNumbers[row] as number;

    hash.restart(parts.hashHigh, parts.hashLow);
    hash.bytes(names, nameStart, nameEnd);
    hash.int32(latitude);
    hash.int32(longitude);

    writer.text(RESULT);
    writer.degrees(latitude);
    writer.text(LONGITUDE);
    writer.degrees(longitude);
    writer.text(NAME);
    writer.stringContent(names, nameStart, nameEnd);
    writer.text(PLACE_ID);
    writer.hex32(hash.high);
    writer.hex32(hash.low);
    writer.text(REFERENCE);
    writer.hex32(hash.high);
    writer.hex32(hash.low);
    writer.text(parts.types);
    if (vicinity > 0) {
      writer.text(VICINITY);
      writer.stringContent(vicinities, vicinityOffsets[vicinity] as number, vicinityOffsets[vicinity + 1] as number);
      writer.text(QUOTE);
    }
    writer.text(RESULT_END);
  }

  #printAttributions(places: readonly FoundPlace[]): Uint8Array {
    let bits = 0;
    for (const { chunk, row } of places) bits |= this.#partsOf(chunk, row).sourceBit;
    let printed = this.#attributions.get(bits);
    if (printed === undefined) {
      const sources = this.#sources.filter(({ html }, at) => html !== '' && (bits & (1 << at)) !== 0);
      printed = bytes(
        printStrings(
          sources.map((source) => source.html),
          '   ',
        ),
      );
      this.#attributions.set(bits, printed);
    }
    return printed;
  }

  #partsOf({ file, kindNumbers }: Chunk, row: number): KindParts {
    const parts = this.#parts.get(file) as (KindParts | undefined)[];
    const number = kindNumbers[row] as number;
    let part = parts[number];
    if (part === undefined) {
      const { source, types } = file.header.kinds[number] as PlacesKind;
      const key = bytes(`${file.header.sources[source]?.key}\0`);
      this.#hash.restart();
      this.#hash.bytes(key, 0, key.length);
      part = {
        types: bytes(`",\n         "types" : ${printStrings(types, '         ')}`),
        hashHigh: this.#hash.high,
        hashLow: this.#hash.low,
        sourceBit: 1 << ((this.#firstSources.get(file) as number) + source),
      };
      parts[number] = part;
    }
    return part;
  }
}
