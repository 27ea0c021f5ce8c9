// .places files of places that a test makes up.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type ImportedPlace, PlaceRows } from './importing/place-rows.ts';
import { type Written, writePlacesFile } from './importing/places-writer.ts';
import { type Chunk, PlacesFile } from './places-file.ts';

export interface MadePlace extends Partial<ImportedPlace> {
  readonly name: string;
  readonly latitude: number;
  readonly longitude: number;
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

/** @throws when one of them is no place */
export function writeMadePlaces(file: string, places: readonly MadePlace[]): Written {
  const rows = new PlaceRows();
  const source = rows.addSource(SOURCE);
  for (const place of places) {
    const fault = rows.add(source, { types: ['locality', 'political'], vicinity: '', ...place });
    if (fault !== undefined) throw new Error(fault);
  }
  return writePlacesFile(rows, file);
}

export async function withFolder<Result>(use: (folder: string) => Promise<Result> | Result): Promise<Result> {
  const folder = await mkdtemp(path.join(tmpdir(), 'drover-places-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A place as it stands in a file. */
export interface ReadPlace {
  readonly name: string;
  /** In units of 1e-7 degree. */
  readonly latitude: number;
  readonly longitude: number;
  readonly types: readonly string[];
  readonly vicinity: string;
}

export async function readPlaces(path: string): Promise<ReadPlace[]> {
  const file = PlacesFile.open(path);
  try {
    const chunks = await Promise.all(Array.from({ length: file.chunks }, (_, at) => file.readChunk(at)));
    return chunks.flatMap((chunk) => Array.from({ length: chunk.places }, (_, row) => placeAt(chunk, row)));
  } finally {
    file.close();
  }
}

function placeAt(chunk: Chunk, row: number): ReadPlace {
  const { coordinates, file, kindNumbers, vicinityNumbers } = chunk;
  const vicinity = vicinityNumbers[row] as number;
  return {
    name: textAt(chunk.names, chunk.nameOffsets, row),
    latitude: coordinates[row * 2 + 1] as number,
    longitude: coordinates[row * 2] as number,
    types: file.header.kinds[kindNumbers[row] as number]?.types ?? [],
    vicinity: textAt(chunk.vicinities, chunk.vicinityOffsets, vicinity),
  };
}

function textAt(texts: Uint8Array, offsets: Uint32Array, at: number): string {
  return Buffer.from(texts.subarray(offsets[at], offsets[at + 1])).toString();
}
