// Google's legacy Nearby Search as it is documented. Knows the documentation, not our code. For tests.
import { type CannedAnswer, PLACE_NAMES, type StandInApi, type StandInRequest } from './stand-in-api.ts';

const LOCATION = /^(-?\d{1,2}(?:\.\d+)?),(-?\d{1,3}(?:\.\d+)?)$/;
const MOST_METRES = 50_000;

export const AWKWARD_ANSWER = `{\r\n   "html_attributions" : [],

   "results" : [
      {
         "name" : "Caf\u00e9 \\u201cL\u2019\u00c9toile\\u201d ] } \u0410\u0441\u0442\u0430\u043d\u0430 \ud83d\ude80",
         "rating" : 4.0, "cid" : 12345678901234567890 , "huge":1E+2,


         "place_id" : "a"
      },
      {   "name":"second","place_id":"b", "results" : [ 1, 2 ] } ,
      { "name" : "third", "place_id" : "c" }

   ],
   "status" : "OK"
}

`;

export const LEGACY_API: StandInApi = {
  method: 'GET',
  paths: ['/maps/api/place/nearbysearch/json'],
  answer: documentedAnswer,
  zeroResults: statusAnswer('ZERO_RESULTS'),
  requestDenied: statusAnswer('REQUEST_DENIED', 'The provided API key is invalid.'),
  overQueryLimit: statusAnswer('OVER_QUERY_LIMIT', 'You have exceeded your daily request quota for this API.'),
  awkward: AWKWARD_ANSWER,
};

/** What a project that was made in 2025 or later gets. */
export const LEGACY_NOT_ENABLED: CannedAnswer = statusAnswer(
  'REQUEST_DENIED',
  "You're calling a legacy API, which is not enabled for your project. To get newer features and more functionality, " +
    'switch to the Places API (New) or Routes API. Learn more: https://developers.google.com/maps/legacy#LegacyApiNotActivatedMapError',
);

/** In the order in which Google checks: the key first, then the parameters. */
function documentedAnswer({ parameters }: StandInRequest): CannedAnswer {
  if (!parameters.get('key')) {
    return statusAnswer(
      'REQUEST_DENIED',
      'You must use an API key to authenticate each request to Google Maps Platform APIs.',
    );
  }
  const location = LOCATION.exec(parameters.get('location') ?? '');
  const radius = Number(parameters.get('radius') ?? 'missing');
  const isOnEarth = Math.abs(Number(location?.[1])) <= 90 && Math.abs(Number(location?.[2])) <= 180;
  if (!isOnEarth || !(radius >= 0 && radius <= MOST_METRES)) return statusAnswer('INVALID_REQUEST');
  const type = parameters.get('type') ?? 'point_of_interest';
  const [latitude, longitude] = [Number(location?.[1]), Number(location?.[2])];
  const results = PLACE_NAMES.map((name, at) => resultText(name, latitude, longitude, at, type));
  const body = `{\n   "html_attributions" : [],\n   "results" : [\n${results.join(',\n')}\n   ],\n   "status" : "OK"\n}\n`;
  return { status: 200, body };
}

function resultText(name: string, latitude: number, longitude: number, at: number, type: string): string {
  return `      {
         "business_status" : "OPERATIONAL",
         "geometry" : {
            "location" : {
               "lat" : ${latitude},
               "lng" : ${longitude}
            }
         },
         "name" : "${name}",
         "place_id" : "stand-in-${at}",
         "rating" : 4.0,
         "reference" : "stand-in-${at}",
         "types" : [ ${JSON.stringify(type)}, "establishment" ],
         "user_ratings_total" : 12345678901234567890,
         "vicinity" : "${at} Main Street"
      }`;
}

export function statusAnswer(status: string, errorMessage?: string): CannedAnswer {
  const message = errorMessage === undefined ? '' : `   "error_message" : "${errorMessage}",\n`;
  return {
    status: 200,
    body: `{\n${message}   "html_attributions" : [],\n   "results" : [],\n   "status" : "${status}"\n}\n`,
  };
}
