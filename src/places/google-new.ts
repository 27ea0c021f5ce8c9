// Google's Places API (New): one POST a lookup, the answer translated into Nearby Search's legacy format. The key travels in a header.
import { distanceKm } from '../wire/distance.ts';
import { GOOGLE, type GoogleOptions, googleExchanges, metresFrom, refuseBetrayal } from './google.ts';
import { type NewLocation, translateError, translatePlaces } from './google-new-json.ts';
import { baseUrl, type HttpExchanges, refuseFailure } from './http-exchange.ts';
import { type Attribution, PlacesError, type PlacesProvider, type PlacesQuery } from './provider.ts';

/** How much is asked of each place, and so what a lookup costs: Google bills the dearest field that is asked for. */
export type GoogleFields = 'pro' | 'enterprise';

export interface GoogleNewOptions extends GoogleOptions {
  readonly fields: GoogleFields;
}

const GOOGLE_URL = 'https://places.googleapis.com';
const NEARBY_PATH = '/v1/places:searchNearby';
const TEXT_PATH = '/v1/places:searchText';

const PRO_FIELDS = [
  'id',
  'displayName',
  'location',
  'viewport',
  'shortFormattedAddress',
  'types',
  'businessStatus',
  'iconMaskBaseUri',
  'iconBackgroundColor',
  'plusCode',
  'attributions',
];
const ENTERPRISE_FIELDS = ['rating', 'userRatingCount', 'priceLevel', 'currentOpeningHours.openNow', 'photos'];

/** These two are legacy's words for any place; the new API returns them and takes neither as a filter. */
const ANY_PLACE = ['point_of_interest', 'establishment'];

/** Google refuses a radius of 0, and no position on the ground is better known than this. */
const LEAST_METRES = 1;

export class GoogleNewProvider implements PlacesProvider {
  readonly name = 'google';
  readonly #base: string;
  readonly #key: string | undefined;
  readonly #fieldMask: string;
  readonly #exchanges: HttpExchanges;

  /** @throws {PlacesError} when the base URL is none */
  constructor(options: GoogleNewOptions) {
    this.#base = baseUrl(GOOGLE, options.url ?? GOOGLE_URL);
    this.#key = options.key === '' ? undefined : options.key;
    const fields = options.fields === 'pro' ? PRO_FIELDS : [...PRO_FIELDS, ...ENTERPRISE_FIELDS];
    this.#fieldMask = fields.map((field) => `places.${field}`).join(',');
    this.#exchanges = googleExchanges(options);
  }

  near(query: PlacesQuery, signal: AbortSignal): Promise<Uint8Array> {
    const request = query.keyword === undefined ? nearbyRequest(query) : textRequest(query, query.keyword);
    const headers = {
      'content-type': 'application/json',
      'x-goog-fieldmask': this.#fieldMask,
      ...(this.#key === undefined ? {} : { 'x-goog-api-key': this.#key }),
    };
    const init = { method: 'POST', headers, body: request.body };
    return this.#exchanges.ask(`${this.#base}${request.path}`, init, signal, async (response, body) => {
      refuseFailure(GOOGLE, response);
      const answer = await body();
      refuseBetrayal(answer, this.#key);
      try {
        return response.ok ? translatePlaces(answer, request.isWanted) : translateError(answer, response.status);
      } catch (error) {
        if (error instanceof PlacesError)
          throw new PlacesError(`Google's answer is of no use: HTTP ${response.status}, ${error.message}`);
        throw error;
      }
    });
  }

  async about(): Promise<readonly Attribution[]> {
    return [];
  }

  close(): void {
    this.#exchanges.close();
  }
}

interface NewRequest {
  readonly path: string;
  readonly body: string;
  readonly isWanted: (location: NewLocation) => boolean;
}

function nearbyRequest(query: PlacesQuery): NewRequest {
  const type = filterType(query);
  const body = printObject({
    locationRestriction: circleOf(query),
    maxResultCount: String(Math.max(1, query.limit)),
    rankPreference: '"DISTANCE"',
    includedTypes: type && `[${JSON.stringify(type)}]`,
    languageCode: query.language && JSON.stringify(query.language),
  });
  return { path: NEARBY_PATH, body, isWanted: () => true };
}

/** Nearby Search (New) has no keyword. Text Search has, but takes a circle only as a wish: the radius is kept here. */
function textRequest(query: PlacesQuery, keyword: string): NewRequest {
  const type = filterType(query);
  const body = printObject({
    textQuery: JSON.stringify(keyword),
    locationBias: circleOf(query),
    pageSize: String(Math.max(1, query.limit)),
    rankPreference: '"DISTANCE"',
    includedType: type && JSON.stringify(type),
    strictTypeFiltering: type && 'true',
    languageCode: query.language && JSON.stringify(query.language),
  });
  const isWanted = (location: NewLocation): boolean =>
    distanceKm(query.latitude, query.longitude, location.latitude, location.longitude) <= query.radiusKm;
  return { path: TEXT_PATH, body, isWanted };
}

function filterType({ type }: PlacesQuery): string | undefined {
  return type === undefined || ANY_PLACE.includes(type) ? undefined : type;
}

/** The position with the digits that it came with. */
function circleOf({ latitudeLongitude, radiusKm }: PlacesQuery): string {
  const [latitude, longitude] = latitudeLongitude.split(',');
  const center = printObject({ latitude, longitude });
  return printObject({ circle: printObject({ center, radius: String(Math.max(LEAST_METRES, metresFrom(radiusKm))) }) });
}

/** Members are JSON already; one that is undefined is left out. */
function printObject(members: Readonly<Record<string, string | undefined>>): string {
  const printed = Object.entries(members).flatMap(([key, value]) => (value === undefined ? [] : [`"${key}":${value}`]));
  return `{${printed.join(',')}}`;
}
