// Writes one .places file. The format is described where it is read: src/places/artefact.ts.
import zlib from 'node:zlib';
import { kdOrder, NODE_SIZE } from './kd-order.mjs';

const MAGIC = 'DROVERPL';
const VERSION = 1;
const PREAMBLE_BYTES = 24;
const UNITS_PER_DEGREE = 1e7;

const compareText = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
const compareBytes = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));

export function writeArtefact(sources, unsortedPlaces) {
  const places = inOrder(unsortedPlaces);
  const vicinities = ['', ...new Set(places.map((place) => place.vicinity).filter(Boolean))].sort(compareBytes);
  const vicinityNumbers = new Map(vicinities.map((vicinity, at) => [vicinity, at]));
  const kinds = kindsOf(sources, places);
  const kindNumbers = new Map(kinds.map((kind, at) => [kindKey(kind.source, kind.types), at]));
  const names = textTable(places.map((place) => place.name));
  const vicinityText = textTable(vicinities);

  const body = Buffer.concat([
    int32(places.flatMap((place) => [place.longitudeUnits, place.latitudeUnits])),
    uint32(names.offsets),
    uint32(places.map((place) => vicinityNumbers.get(place.vicinity ?? ''))),
    uint32(vicinityText.offsets),
    Buffer.from(places.map((place) => kindNumbers.get(kindKey(sources.indexOf(place.source), place.types)))),
    vicinityText.bytes,
    names.bytes,
  ]);
  const header = headerBytes({
    nodeSize: NODE_SIZE,
    places: places.length,
    vicinities: vicinities.length,
    sources: sources.map((source) => ({ ...source, places: places.filter((place) => place.source === source).length })),
    kinds,
  });
  return withPreamble(header, body);
}

/** Without exact duplicates, in an order of their own first: the tree's ties then do not depend on the packages' order. */
function inOrder(unsortedPlaces) {
  const places = unsortedPlaces.map((place) => ({
    ...place,
    latitudeUnits: Math.round(place.latitude * UNITS_PER_DEGREE),
    longitudeUnits: Math.round(place.longitude * UNITS_PER_DEGREE),
  }));
  places.sort(
    (a, b) =>
      compareText(a.source.key, b.source.key) ||
      compareText(a.name, b.name) ||
      a.latitudeUnits - b.latitudeUnits ||
      a.longitudeUnits - b.longitudeUnits ||
      compareText(a.types[0], b.types[0]) ||
      compareText(a.vicinity ?? '', b.vicinity ?? ''),
  );
  const distinct = places.filter((place, at) => at === 0 || identity(place) !== identity(places[at - 1]));
  const order = kdOrder(
    distinct.map((place) => place.longitudeUnits),
    distinct.map((place) => place.latitudeUnits),
  );
  return Array.from(order, (at) => distinct[at]);
}

/** What a place_id is made of. */
function identity(place) {
  return JSON.stringify([place.source.key, place.name, place.latitudeUnits, place.longitudeUnits]);
}

function kindKey(source, types) {
  return JSON.stringify([source, types]);
}

function kindsOf(sources, places) {
  const keys = new Set(places.map((place) => kindKey(sources.indexOf(place.source), place.types)));
  if (keys.size > 256) throw new Error(`${keys.size} kinds of places do not fit into a byte`);
  return [...keys].sort(compareText).map((key) => {
    const [source, types] = JSON.parse(key);
    return { source, types };
  });
}

function textTable(texts) {
  const parts = texts.map((text) => Buffer.from(text));
  const offsets = [0];
  for (const part of parts) offsets.push(offsets[offsets.length - 1] + part.length);
  return { bytes: Buffer.concat(parts), offsets };
}

function int32(numbers) {
  const bytes = Buffer.alloc(numbers.length * 4);
  numbers.forEach((number, at) => bytes.writeInt32LE(number, at * 4));
  return bytes;
}

function uint32(numbers) {
  const bytes = Buffer.alloc(numbers.length * 4);
  numbers.forEach((number, at) => bytes.writeUInt32LE(number, at * 4));
  return bytes;
}

/** Padded with spaces, so that the tables of four-byte numbers behind it are aligned. */
function headerBytes(header) {
  const text = Buffer.from(JSON.stringify(header));
  return Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, ' ')]);
}

function withPreamble(header, body) {
  const content = Buffer.concat([header, body]);
  const preamble = Buffer.alloc(PREAMBLE_BYTES);
  preamble.write(MAGIC, 'latin1');
  preamble.writeUInt32LE(VERSION, 8);
  preamble.writeUInt32LE(header.length, 12);
  preamble.writeUInt32LE(PREAMBLE_BYTES + content.length, 16);
  preamble.writeUInt32LE(zlib.crc32(content), 20);
  return Buffer.concat([preamble, content]);
}
