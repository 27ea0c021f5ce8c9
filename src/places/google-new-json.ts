// Places API (New) to Nearby Search's legacy format, field by field. A field that Google left out is left out; digits of numbers are
// copied. Knows both formats; nothing of HTTP beyond what a status means.
import { NumberText, printStyled, type StyledObject, type StyledValue } from './google-style.ts';
import { type JsonObject, listOf, numberText, objectOf, parseKeepingNumbers, stringOf } from './json-numbers.ts';
import { JsonFault } from './json-scan.ts';
import { PlacesError } from './provider.ts';

const LEGACY_BUSINESS_STATUS = ['OPERATIONAL', 'CLOSED_TEMPORARILY', 'CLOSED_PERMANENTLY'];
const PRICE_LEVELS = [
  'PRICE_LEVEL_FREE',
  'PRICE_LEVEL_INEXPENSIVE',
  'PRICE_LEVEL_MODERATE',
  'PRICE_LEVEL_EXPENSIVE',
  'PRICE_LEVEL_VERY_EXPENSIVE',
];

/** Where the new answer has a place, in degrees. */
export interface NewLocation {
  readonly latitude: number;
  readonly longitude: number;
}

/**
 * A legacy document of the places that are `wanted`, in Google's order.
 * @throws {PlacesError} when the answer is none of this API
 */
export function translatePlaces(answer: Uint8Array, wanted: (location: NewLocation) => boolean): Uint8Array {
  const { places: found, error } = parse(answer);
  if (error !== undefined || (found !== undefined && !Array.isArray(found))) {
    throw new PlacesError('it is no answer of Places API (New)');
  }
  const places = listOf(found)
    .map(objectOf)
    .filter((place) => Object.keys(place).length > 0 && wanted(locationOf(place)));
  return legacyDocument({
    html_attributions: [...new Set(places.flatMap(attributionsOf))],
    results: places.map(legacyResult),
    status: places.length > 0 ? 'OK' : 'ZERO_RESULTS',
  });
}

/**
 * What legacy Nearby Search would have said in place of this error: a document with a status.
 * @throws {PlacesError} when the answer does not say in Google's way what is wrong
 */
export function translateError(answer: Uint8Array, httpStatus: number): Uint8Array {
  const error = objectOf(parse(answer)['error']);
  const legacy = legacyStatus(httpStatus, listOf(error['details']).map(objectOf));
  if (stringOf(error['status']) === undefined || legacy === undefined) {
    throw new PlacesError('it is no error of Places API (New)');
  }
  return legacyDocument({
    error_message: stringOf(error['message']),
    html_attributions: [],
    results: [],
    status: legacy,
  });
}

function legacyStatus(httpStatus: number, details: readonly JsonObject[]): string | undefined {
  if (httpStatus === 429) return 'OVER_QUERY_LIMIT';
  if (httpStatus === 401 || httpStatus === 403) return 'REQUEST_DENIED';
  if (httpStatus !== 400) return undefined;
  // A key that is wrong is an argument that is wrong, to this API.
  const isKey = details.some(({ reason }) => stringOf(reason)?.startsWith('API_KEY_') === true);
  return isKey ? 'REQUEST_DENIED' : 'INVALID_REQUEST';
}

function parse(answer: Uint8Array): JsonObject {
  try {
    return parseKeepingNumbers(answer);
  } catch (error) {
    if (error instanceof JsonFault) throw new PlacesError(`the answer is not JSON: ${error.message}`);
    throw error;
  }
}

function legacyDocument(document: StyledObject): Uint8Array {
  return Buffer.from(`${printStyled(document)}\n`);
}

function legacyResult(place: JsonObject): StyledObject {
  const viewport = objectOf(place['viewport']);
  const businessStatus = stringOf(place['businessStatus']);
  const iconMask = stringOf(place['iconMaskBaseUri']);
  const plusCode = objectOf(place['plusCode']);
  const priceLevel = PRICE_LEVELS.indexOf(stringOf(place['priceLevel']) ?? '');
  const openNow = objectOf(place['currentOpeningHours'])['openNow'];
  return {
    business_status: LEGACY_BUSINESS_STATUS.find((status) => status === businessStatus),
    geometry: someOf({
      location: legacyLocation(place['location']),
      viewport: someOf({
        northeast: legacyLocation(viewport['high']),
        southwest: legacyLocation(viewport['low']),
      }),
    }),
    icon: iconMask && `${iconMask}.png`,
    icon_background_color: stringOf(place['iconBackgroundColor']),
    icon_mask_base_uri: iconMask,
    name: stringOf(objectOf(place['displayName'])['text']),
    opening_hours: typeof openNow === 'boolean' ? { open_now: openNow } : undefined,
    permanently_closed: businessStatus === 'CLOSED_PERMANENTLY' ? true : undefined,
    photos: someIn(listOf(place['photos']).map((photo) => legacyPhoto(objectOf(photo)))),
    place_id: stringOf(place['id']),
    plus_code: someOf({
      compound_code: stringOf(plusCode['compoundCode']),
      global_code: stringOf(plusCode['globalCode']),
    }),
    price_level: priceLevel < 0 ? undefined : new NumberText(String(priceLevel)),
    rating: number(place['rating']),
    reference: stringOf(place['id']),
    scope: 'GOOGLE',
    types: someIn(listOf(place['types']).filter((type) => typeof type === 'string')),
    user_ratings_total: number(place['userRatingCount']),
    vicinity: stringOf(place['shortFormattedAddress']) ?? stringOf(place['formattedAddress']),
  };
}

/** Google leaves out a coordinate that is 0: in Protocol Buffers that is what none means. */
function legacyLocation(value: unknown): StyledObject | undefined {
  if (value === undefined) return undefined;
  const { latitude = '0', longitude = '0' } = objectOf(value);
  const [lat, lng] = [number(latitude), number(longitude)];
  return lat && lng && { lat, lng };
}

function locationOf(place: JsonObject): NewLocation {
  const { latitude = '0', longitude = '0' } = objectOf(place['location']);
  return { latitude: Number(latitude), longitude: Number(longitude) };
}

/** The reference is the photo's name in the new API, where it is fetched: the legacy photo endpoint does not know it. */
function legacyPhoto(photo: JsonObject): StyledObject {
  const authors = listOf(photo['authorAttributions']).map(objectOf);
  return {
    height: number(photo['heightPx']),
    html_attributions: authors.flatMap(({ displayName, uri }) => link(displayName, uri)),
    photo_reference: stringOf(photo['name']),
    width: number(photo['widthPx']),
  };
}

function attributionsOf(place: JsonObject): string[] {
  return listOf(place['attributions'])
    .map(objectOf)
    .flatMap(({ provider, providerUri }) => link(provider, providerUri));
}

function link(text: unknown, uri: unknown): string[] {
  if (typeof text !== 'string') return [];
  return [typeof uri === 'string' ? `<a href="${escapeHtml(uri)}">${escapeHtml(text)}</a>` : escapeHtml(text)];
}

function escapeHtml(text: string): string {
  const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, (character) => escapes[character] ?? character);
}

function number(value: unknown): NumberText | undefined {
  const text = numberText(value);
  return text === undefined ? undefined : new NumberText(text);
}

/** Undefined in place of an object that would have no member. */
function someOf(object: StyledObject): StyledObject | undefined {
  return Object.values(object).some((value) => value !== undefined) ? object : undefined;
}

function someIn(list: readonly StyledValue[]): readonly StyledValue[] | undefined {
  return list.length > 0 ? list : undefined;
}
