// Google's Places API (New) as it is documented: the field mask is needed and heeded, what is out of range is refused.
// Knows the documentation, not our code. For tests.
import { type CannedAnswer, PLACE_NAMES, type StandInApi, type StandInRequest } from './stand-in-api.ts';

const MOST_METRES = 50_000;
const MOST_RESULTS = 20;

/** With every field that is known, in the way Google sends it: no spaces saved, an int64 would be a string. */
const AWKWARD_PLACES = `{

  "places": [
    {
      "name": "places/a", "id": "a",
      "types": [ "cafe", "food", "point_of_interest", "establishment" ],
      "formattedAddress": "1 Rue de l\u2019\u00c9toile, 75017 Paris, France",
      "plusCode": { "globalCode": "8FW4V7G2+22", "compoundCode": "V7G2+22 Paris" },
      "location": { "latitude": 48.87380000000000001, "longitude": 2.0 },
      "viewport": { "low": { "latitude": 48.8724510197085, "longitude": 2.29 },


        "high": { "latitude": 48.875, "longitude": 2.30 } },
      "rating": 4.0, "userRatingCount": 12345678901234567890,
      "businessStatus": "CLOSED_PERMANENTLY", "priceLevel": "PRICE_LEVEL_MODERATE",
      "iconMaskBaseUri": "https://maps.gstatic.com/mapfiles/place_api/icons/v2/cafe_pinlet",
      "iconBackgroundColor": "#FF9E67",
      "displayName": { "text": "Caf\u00e9 \\"L\u2019\u00c9toile\\" ] } 42 \u0410\u0441\u0442\u0430\u043d\u0430 \ud83d\ude80 \\u2028", "languageCode": "fr" },
      "currentOpeningHours": { "openNow": false },
      "photos": [ { "name": "places/a/photos/p", "widthPx": 4032, "heightPx": 3024,
        "authorAttributions": [ { "displayName": "A & B", "uri": "//maps.google.com/maps/contrib/1", "photoUri": "x" } ] } ],
      "attributions": [ { "provider": "Some <Guide>", "providerUri": "https://guide.example/?a=1&b=2" } ],
      "somethingNew": { "deep": [ 1, [ 2 ] ] }
    },
    { "id": "b", "location": { "latitude": 1e-7 }, "businessStatus": "FUTURE_OPENING",
      "attributions": [ { "provider": "Some <Guide>", "providerUri": "https://guide.example/?a=1&b=2" }, { "provider": "Nobody" } ] },
    { "id": "c" }

  ]
}


`;

export const NEW_API: StandInApi = {
  method: 'POST',
  paths: ['/v1/places:searchNearby', '/v1/places:searchText'],
  answer: documentedAnswer,
  zeroResults: { status: 200, body: '{}\n' },
  requestDenied: errorAnswer(
    400,
    'INVALID_ARGUMENT',
    'API key not valid. Please pass a valid API key.',
    'API_KEY_INVALID',
  ),
  overQueryLimit: errorAnswer(429, 'RESOURCE_EXHAUSTED', 'Quota exceeded for quota metric.', 'RATE_LIMIT_EXCEEDED'),
  awkward: AWKWARD_PLACES,
};

interface Circle {
  readonly center?: { readonly latitude: number; readonly longitude: number };
  readonly radius?: number;
}

interface SearchRequest {
  readonly locationRestriction?: { readonly circle?: Circle };
  readonly locationBias?: { readonly circle?: Circle };
  readonly maxResultCount?: number;
  readonly pageSize?: number;
  readonly includedTypes?: readonly string[];
  readonly includedType?: string;
  readonly languageCode?: string;
  readonly textQuery?: string;
}

function documentedAnswer({ path, headers, body }: StandInRequest): CannedAnswer {
  if (!headers['x-goog-api-key']) {
    return errorAnswer(403, 'PERMISSION_DENIED', "Method doesn't allow unregistered callers.", 'CONSUMER_INVALID');
  }
  const mask = headers['x-goog-fieldmask'];
  if (typeof mask !== 'string') return invalid('FieldMask is a required parameter.');
  const request = JSON.parse(body) as SearchRequest;
  const isText = path.endsWith('Text');
  const circle = (isText ? request.locationBias : request.locationRestriction)?.circle;
  const { center, radius = 0 } = circle ?? {};
  if (center === undefined || !(radius <= MOST_METRES && (isText ? radius >= 0 : radius > 0))) {
    return invalid('Invalid circle.');
  }
  const most = (isText ? request.pageSize : request.maxResultCount) ?? MOST_RESULTS;
  if (!Number.isInteger(most) || most < 1 || most > MOST_RESULTS) return invalid('Invalid count of results.');
  if (isText && !request.textQuery) return invalid('Empty text_query.');
  const type = request.includedType ?? request.includedTypes?.[0] ?? 'cafe';
  if (['establishment', 'point_of_interest'].includes(type)) return invalid(`Unsupported types: ${type}.`);
  const places = PLACE_NAMES.slice(0, most).map((name, at) => ({
    id: `stand-in-${at}`,
    displayName: { text: isText ? `${request.textQuery} ${name}` : name, languageCode: request.languageCode ?? 'en' },
    types: [type, 'point_of_interest', 'establishment'],
    // North by a hundred metres each. A bias is no restriction: the text search looks further than it was asked to.
    location: { latitude: center.latitude + (isText ? 0.01 : 0.0009) * at, longitude: center.longitude },
    rating: 4.5,
    shortFormattedAddress: `${at} Main Street`,
    businessStatus: 'OPERATIONAL',
  }));
  const fields = mask.split(',').map((field) => field.replace(/^places\./, ''));
  const shown = places.map((place) =>
    Object.fromEntries(Object.entries(place).filter(([field]) => fields.includes(field))),
  );
  return { status: 200, body: `${JSON.stringify({ places: shown }, undefined, 2)}\n` };
}

function invalid(message: string): CannedAnswer {
  return errorAnswer(400, 'INVALID_ARGUMENT', message, 'BAD_REQUEST');
}

export function errorAnswer(code: number, status: string, message: string, reason: string): CannedAnswer {
  const details = [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain: 'googleapis.com' }];
  return { status: code, body: `${JSON.stringify({ error: { code, message, status, details } }, undefined, 2)}\n` };
}
