// Artefacts of places that a test makes up, written by the script that writes the real ones.
import type { Artefact } from './artefact.ts';

export interface MadePlace {
  readonly name: string;
  readonly latitude: number;
  readonly longitude: number;
  readonly types?: readonly string[];
  readonly vicinity?: string;
}

const SOURCE = {
  key: 'made',
  source: 'made up',
  licence: 'CC0-1.0',
  licenceUrl: 'https://creativecommons.org/publicdomain/zero/1.0/',
  attribution: 'Nobody.',
  html: '<a href="https://example.org/">Nobody</a>',
  url: 'https://example.org/',
  version: '1',
};

type WriteArtefact = (sources: readonly unknown[], places: readonly unknown[]) => Buffer;

export async function madeArtefact(places: readonly MadePlace[]): Promise<Buffer> {
  const script = new URL('../../../scripts/places/artefact.mjs', import.meta.url);
  const { writeArtefact } = (await import(script.href)) as { writeArtefact: WriteArtefact };
  return writeArtefact(
    [SOURCE],
    places.map((place) => ({ source: SOURCE, types: ['locality', 'political'], ...place })),
  );
}

/** In a buffer of its own, as the reader has it. */
export function alone(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

export function nameOf(artefact: Artefact, row: number): string {
  const { names, nameOffsets } = artefact;
  return Buffer.from(names.subarray(nameOffsets[row], nameOffsets[row + 1])).toString();
}
