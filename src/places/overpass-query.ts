// What to ask Overpass for, in its query language. Knows tags and types; nothing of HTTP.
import { OVERPASS_ELEMENTS, OVERPASS_QUERY_BYTES, OVERPASS_QUERY_SECONDS } from './live-limits.ts';
import { type TagFilter, tagFilters } from './openstreetmap-types.ts';
import { holdsKeyword } from './place-filter.ts';
import type { PlacesQuery } from './provider.ts';

/** Which places are wanted, wherever: what one kept answer is good for. */
export type Wanted = Pick<PlacesQuery, 'type' | 'keyword' | 'language'>;

const PLACE_KEYS = tagFilters(() => true).map(({ key }) => key);

/**
 * The query for named places around a position, in degrees; undefined when nothing in OpenStreetMap can be what is wanted.
 * Elements come with their tags and a position, up to OVERPASS_ELEMENTS of them, in no useful order.
 */
export function overpassQuery(
  wanted: Wanted,
  latitude: string,
  longitude: string,
  radiusKm: number,
): string | undefined {
  const around = `nwr(around:${Math.ceil(radiusKm * 1000)},${latitude},${longitude})["name"]`;
  const statements = filtersFor(wanted).map((filter) => `${around}${filter};`);
  if (statements.length === 0) return undefined;
  const settings = `[out:json][timeout:${OVERPASS_QUERY_SECONDS}][maxsize:${OVERPASS_QUERY_BYTES}]`;
  return `${settings};(${statements.join('')});out tags center ${OVERPASS_ELEMENTS};`;
}

function filtersFor({ type, keyword }: Wanted): string[] {
  if (type === undefined && keyword === undefined) return [anyOf(PLACE_KEYS)];
  const ofType = tagFilters((one) => type === undefined || one === type);
  if (keyword === undefined) return ofType.map(printFilter);
  // Either the name holds the keyword, in whatever language, or the type does.
  const inName = `[~"^name"~${quoted(escapeRegex(keyword))},i]`;
  const named = type === undefined ? [`${anyOf(PLACE_KEYS)}${inName}`] : ofType.map((one) => printFilter(one) + inName);
  const isTypeWanted = (one: string): boolean =>
    (type === undefined || one === type) && holdsKeyword([], [one], keyword);
  return [...named, ...tagFilters(isTypeWanted).map(printFilter)];
}

function anyOf(keys: readonly string[]): string {
  return `[~"^(${keys.join('|')})$"~"."]`;
}

function printFilter({ key, values }: TagFilter): string {
  return values === undefined ? `["${key}"]` : `["${key}"~"^(${values.join('|')})$"]`;
}

/** For the POSIX extended expressions that Overpass has. */
function escapeRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** A string of the query language, in which a line does not end. */
function quoted(text: string): string {
  return `"${text.replace(/\s/g, ' ').replace(/["\\]/g, '\\$&')}"`;
}
