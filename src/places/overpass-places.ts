// Elements of an Overpass answer to places, and the nearest of them to a Nearby Search document: with the types, ids and attribution
// that places of OpenStreetMap have in Drover. Knows neither HTTP nor what is kept.
import { distanceKm } from '../wire/distance.ts';
import { NumberText, printStyled, type StyledObject } from './google-style.ts';
import { OVERPASS_ELEMENTS } from './live-limits.ts';
import { placeTypes, type Tags, vicinityOf } from './openstreetmap-types.ts';
import type { Wanted } from './overpass-query.ts';
import { holdsKeyword } from './place-filter.ts';
import { PlaceIdHash } from './place-id.ts';
import { PlacesError } from './provider.ts';

const UNITS_PER_DEGREE = 1e7;
/** Of a remark, for the log: Overpass's own are shorter. */
const REMARK_CHARACTERS = 200;
/** Of a place's object, beside its text. */
const PLACE_BYTES = 200;

/** What is hashed into the id of each place of OpenStreetMap: the embedded ones have the same. */
const SOURCE_KEY = Buffer.from('openstreetmap\0');
const ATTRIBUTION =
  '© <a href="https://www.openstreetmap.org/copyright">OpenStreetMap contributors</a> ' +
  '(<a href="https://opendatacommons.org/licenses/odbl/1-0/">ODbL 1.0</a>)';

export interface OverpassPlace {
  readonly name: string;
  /** In units of 1e-7 degree, which is what OpenStreetMap keeps. */
  readonly latitudeUnits: number;
  readonly longitudeUnits: number;
  readonly types: readonly string[];
  readonly vicinity: string;
  readonly id: string;
}

export interface OverpassPlaces {
  readonly places: readonly OverpassPlace[];
  /** In memory, about. */
  readonly bytes: number;
  /** Overpass had more, and chose. */
  readonly isCut: boolean;
}

interface Element {
  readonly lat?: unknown;
  readonly lon?: unknown;
  readonly center?: { readonly lat?: unknown; readonly lon?: unknown } | null;
  readonly tags?: Tags | null;
}

/** @throws {PlacesError} when the answer is not whole */
export function readOverpass(answer: Uint8Array, wanted: Wanted): OverpassPlaces {
  let document: { readonly elements?: unknown; readonly remark?: unknown };
  try {
    document = JSON.parse(Buffer.from(answer).toString()) as typeof document;
  } catch {
    throw new PlacesError('it is not JSON');
  }
  const { elements, remark } = document ?? {};
  // Overpass says 200 first, and what went wrong at the end.
  if (typeof remark === 'string' && /error/i.test(remark)) {
    throw new PlacesError(remark.slice(0, REMARK_CHARACTERS).replace(/[^ -~]/g, '?'));
  }
  if (!Array.isArray(elements)) throw new PlacesError('it has no elements');
  const places = new Map<string, OverpassPlace>();
  let bytes = 0;
  for (const element of elements as readonly (Element | null)[]) {
    const place = placeOf(element ?? {}, wanted);
    // What has the same name in the same place is one place to whoever stands before it: a shop and its building.
    if (place === undefined || places.has(place.id)) continue;
    places.set(place.id, place);
    bytes += PLACE_BYTES + 2 * (place.name.length + place.vicinity.length);
  }
  return { places: [...places.values()], bytes, isCut: elements.length >= OVERPASS_ELEMENTS };
}

function placeOf({ lat, lon, center, tags }: Element, { type, keyword, language }: Wanted): OverpassPlace | undefined {
  const [latitude, longitude] = [lat ?? center?.lat, lon ?? center?.lon];
  const name = textOf(tags?.['name']);
  if (!isDegrees(latitude, 90) || !isDegrees(longitude, 180) || name === '') return undefined;
  const types = placeTypes(tags ?? {});
  if (types === undefined || (type !== undefined && !types.includes(type))) return undefined;
  const shown = nameIn(tags ?? {}, language) || name;
  if (keyword !== undefined && !holdsKeyword([shown, name], types, keyword)) return undefined;
  const latitudeUnits = Math.round(latitude * UNITS_PER_DEGREE);
  const longitudeUnits = Math.round(longitude * UNITS_PER_DEGREE);
  const id = placeId(name, latitudeUnits, longitudeUnits);
  return { name: shown, latitudeUnits, longitudeUnits, types, vicinity: vicinityOf(tags ?? {}), id };
}

/** `pt-BR` finds `name:pt-BR`, and without one `name:pt`. */
function nameIn(tags: Tags, language: string | undefined): string {
  if (language === undefined) return '';
  return textOf(tags[`name:${language}`]) || textOf(tags[`name:${language.split('-')[0]}`]);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}

function isDegrees(value: unknown, most: number): value is number {
  return typeof value === 'number' && Math.abs(value) <= most;
}

function placeId(name: string, latitudeUnits: number, longitudeUnits: number): string {
  const hash = new PlaceIdHash();
  const bytes = Buffer.from(name);
  hash.bytes(SOURCE_KEY, 0, SOURCE_KEY.length);
  hash.bytes(bytes, 0, bytes.length);
  hash.int32(latitudeUnits);
  hash.int32(longitudeUnits);
  return `drv${[hash.high, hash.low].map((half) => half.toString(16).padStart(8, '0')).join('')}`;
}

/** Those within the radius, nearest first. */
export function nearest(
  places: readonly OverpassPlace[],
  latitude: number,
  longitude: number,
  radiusKm: number,
): OverpassPlace[] {
  const near: { readonly place: OverpassPlace; readonly km: number }[] = [];
  for (const place of places) {
    const { latitudeUnits, longitudeUnits } = place;
    const km = distanceKm(latitude, longitude, latitudeUnits / UNITS_PER_DEGREE, longitudeUnits / UNITS_PER_DEGREE);
    if (km <= radiusKm) near.push({ place, km });
  }
  return near.sort((one, other) => one.km - other.km).map(({ place }) => place);
}

/** In the style of the embedded places. `anyFound` decides the status, also when none is wanted. */
export function printOverpass(places: readonly OverpassPlace[], anyFound: boolean): Uint8Array {
  const document = {
    html_attributions: places.length > 0 ? [ATTRIBUTION] : [],
    results: places.map(resultOf),
    status: anyFound ? 'OK' : 'ZERO_RESULTS',
  };
  return Buffer.from(printStyled(document));
}

function resultOf({ name, latitudeUnits, longitudeUnits, types, vicinity, id }: OverpassPlace): StyledObject {
  return {
    geometry: { location: { lat: degrees(latitudeUnits), lng: degrees(longitudeUnits) } },
    name,
    place_id: id,
    reference: id,
    types,
    vicinity: vicinity === '' ? undefined : vicinity,
  };
}

/** With at least one decimal and no superfluous zeros, as the embedded places have them. */
function degrees(units: number): NumberText {
  return new NumberText((units / UNITS_PER_DEGREE).toFixed(7).replace(/0{1,6}$/, ''));
}
