// Prints rows of artefacts as a Nearby Search document in the style that Google prints: 3 spaces, `"key" : value`, keys in
// alphabetical order. What a source does not know is left out. Knows nothing of how the rows were found.
import type { Artefact, ArtefactKind, ArtefactSource } from './artefact.ts';
import { printStrings } from './google-style.ts';
import { JsonWriter } from './json-writer.ts';
import { PlaceIdHash } from './place-id.ts';

export interface FoundPlace {
  readonly artefact: Artefact;
  readonly row: number;
}

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

/** What is the same for all rows of an artefact. */
interface Parts {
  /** From the end of `reference` to the end of `types`, for each kind. */
  readonly types: readonly Uint8Array[];
  /** The hash's two halves after the source's key, for each kind. */
  readonly hashStarts: readonly (readonly [number, number])[];
  readonly sourceBits: readonly number[];
}

export class NearbyPrinter {
  readonly #writer = new JsonWriter();
  readonly #hash = new PlaceIdHash();
  readonly #parts = new Map<Artefact, Parts>();
  readonly #sources: readonly ArtefactSource[];
  /** By the set of sources as bits: there are few sets, and every answer needs one. */
  readonly #attributions = new Map<number, Uint8Array>();

  constructor(artefacts: readonly Artefact[]) {
    const sources = artefacts.flatMap((artefact) => artefact.sources);
    this.#sources = sources;
    for (const artefact of artefacts) {
      const sourceOf = (kind: ArtefactKind): ArtefactSource => artefact.sources[kind.source] as ArtefactSource;
      this.#parts.set(artefact, {
        types: artefact.kinds.map((kind) => bytes(`",\n         "types" : ${printStrings(kind.types, '         ')}`)),
        hashStarts: artefact.kinds.map((kind) => this.#hashStart(sourceOf(kind))),
        sourceBits: artefact.kinds.map((kind) => 1 << sources.indexOf(sourceOf(kind))),
      });
    }
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

  #printResult({ artefact, row }: FoundPlace): void {
    const writer = this.#writer;
    const hash = this.#hash;
    const parts = this.#parts.get(artefact) as Parts;
    const { coordinates, nameOffsets, names, vicinityOffsets, vicinities } = artefact;
    const kind = artefact.kindNumbers[row] as number;
    const longitude = coordinates[row * 2] as number;
    const latitude = coordinates[row * 2 + 1] as number;
    const nameStart = nameOffsets[row] as number;
    const nameEnd = nameOffsets[row + 1] as number;
    const vicinity = artefact.vicinityNumbers[row] as number;

    const hashStart = parts.hashStarts[kind] as readonly [number, number];
    hash.restart(hashStart[0], hashStart[1]);
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
    writer.text(parts.types[kind] as Uint8Array);
    if (vicinity > 0) {
      writer.text(VICINITY);
      writer.stringContent(vicinities, vicinityOffsets[vicinity] as number, vicinityOffsets[vicinity + 1] as number);
      writer.text(QUOTE);
    }
    writer.text(RESULT_END);
  }

  #printAttributions(places: readonly FoundPlace[]): Uint8Array {
    let bits = 0;
    for (const { artefact, row } of places) {
      const { sourceBits } = this.#parts.get(artefact) as Parts;
      bits |= sourceBits[artefact.kindNumbers[row] as number] as number;
    }
    let printed = this.#attributions.get(bits);
    if (printed === undefined) {
      const sources = this.#sources.filter((_, at) => (bits & (1 << at)) !== 0);
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

  #hashStart(source: ArtefactSource): readonly [number, number] {
    const key = bytes(`${source.key}\0`);
    this.#hash.restart();
    this.#hash.bytes(key, 0, key.length);
    return [this.#hash.high, this.#hash.low];
  }
}
