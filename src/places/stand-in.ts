// A server that answers as Google's legacy Nearby Search is documented to, and as badly as a server can, on request.
// For tests of whatever speaks to Google, in this folder and of whole servers. Knows the documentation, not our code.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers that are made from the request; anything else is a `CannedAnswer`. */
export type StandInBehaviour =
  | 'places'
  | 'zero-results'
  | 'request-denied'
  | 'over-query-limit'
  /** What no parser and printer would leave as it is: 20-digit integers, `4.0`, blank lines, non-ASCII, odd spacing. */
  | 'awkward'
  | 'server-error'
  | 'html'
  | 'truncated'
  /** Closes the connection in the middle of the body it announced. */
  | 'broken-off'
  | 'redirect'
  /** Headers at once, the body in pieces over `slowMs`. */
  | 'slow'
  | 'too-large'
  | 'never'
  /** Headers and half of the body, then nothing. */
  | 'stalled'
  | CannedAnswer;

export interface CannedAnswer {
  readonly status: number;
  readonly body: string | Uint8Array;
  readonly contentType?: string;
}

export interface StandInRequest {
  readonly path: string;
  /** As sent, still encoded. */
  readonly query: string;
  readonly parameters: ReadonlyMap<string, string>;
}

export interface StandInOptions {
  /** A free one by default. */
  readonly port?: number;
  /** Before the API's own path, as a reverse proxy may have it. */
  readonly pathPrefix?: string;
  readonly slowMs?: number;
  readonly largeBytes?: number;
}

const API_PATH = '/maps/api/place/nearbysearch/json';
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

/** Twenty, as Google gives on a page. */
const PLACE_NAMES = Array.from({ length: 20 }, (_, at) => `Place ${at + 1}`);

export class NearbyStandIn {
  readonly requests: StandInRequest[] = [];
  behaviour: StandInBehaviour = 'places';
  readonly #server: Server;
  readonly #options: StandInOptions;
  readonly #timers = new Set<NodeJS.Timeout>();
  #openAnswers = 0;

  private constructor(options: StandInOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async start(options: StandInOptions = {}): Promise<NearbyStandIn> {
    const standIn = new NearbyStandIn(options);
    await new Promise<void>((resolve, reject) => {
      standIn.#server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve);
    });
    return standIn;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** What goes into `DROVER_GOOGLE_URL`. */
  get url(): string {
    return `http://127.0.0.1:${this.port}${this.#options.pathPrefix ?? ''}`;
  }

  /** Answers begun and neither finished nor given up by the client. */
  get openAnswers(): number {
    return this.#openAnswers;
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.#openAnswers += 1;
    response.once('close', () => {
      this.#openAnswers -= 1;
    });
    const url = new URL(request.url ?? '', 'http://stand-in');
    const [, query = ''] = (request.url ?? '').split('?', 2);
    this.requests.push({ path: url.pathname, query, parameters: new Map(url.searchParams) });
    if (request.method !== 'GET' || url.pathname !== `${this.#options.pathPrefix ?? ''}${API_PATH}`) {
      send(response, 404, '<html><title>Error 404 (Not Found)!!1</title></html>', 'text/html');
      return;
    }
    this.#behave(url.searchParams, response);
  }

  #behave(parameters: URLSearchParams, response: ServerResponse): void {
    const { behaviour } = this;
    if (typeof behaviour === 'object') {
      send(response, behaviour.status, behaviour.body, behaviour.contentType);
      return;
    }
    const half = AWKWARD_ANSWER.slice(0, AWKWARD_ANSWER.length / 2);
    const acts: Record<Exclude<StandInBehaviour, CannedAnswer>, () => void> = {
      places: () => send(response, 200, documentedAnswer(parameters)),
      'zero-results': () => send(response, 200, statusAnswer('ZERO_RESULTS')),
      'request-denied': () => send(response, 200, statusAnswer('REQUEST_DENIED', 'The provided API key is invalid.')),
      'over-query-limit': () =>
        send(
          response,
          200,
          statusAnswer('OVER_QUERY_LIMIT', 'You have exceeded your daily request quota for this API.'),
        ),
      awkward: () => send(response, 200, AWKWARD_ANSWER),
      'server-error': () => send(response, 503, statusAnswer('UNKNOWN_ERROR')),
      html: () => send(response, 200, '<!DOCTYPE html><html><body>Sign in to the network</body></html>', 'text/html'),
      truncated: () => send(response, 200, half),
      'broken-off': () => {
        response.writeHead(200, { 'content-length': Buffer.byteLength(AWKWARD_ANSWER) });
        response.write(half, () => response.destroy());
      },
      redirect: () => {
        response.writeHead(302, { location: `/elsewhere?${parameters}` }).end();
      },
      slow: () => this.#sendSlowly(response),
      'too-large': () =>
        send(response, 200, `{"status":"OK","results":["${'x'.repeat(this.#options.largeBytes ?? 4_000_000)}"]}`),
      never: () => {},
      stalled: () => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.write(half);
      },
    };
    acts[behaviour]();
  }

  #sendSlowly(response: ServerResponse): void {
    const answer = Buffer.from(AWKWARD_ANSWER);
    const pieces = 10;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    for (let piece = 0; piece < pieces; piece += 1) {
      const part = answer.subarray((answer.length * piece) / pieces, (answer.length * (piece + 1)) / pieces);
      const timer = setTimeout(
        () => {
          this.#timers.delete(timer);
          if (piece + 1 < pieces) response.write(part);
          else response.end(part);
        },
        ((this.#options.slowMs ?? 200) * (piece + 1)) / pieces,
      );
      this.#timers.add(timer);
    }
  }
}

function send(response: ServerResponse, status: number, body: string | Uint8Array, contentType?: string): void {
  response.writeHead(status, { 'content-type': contentType ?? 'application/json; charset=UTF-8' }).end(body);
}

/** In the order in which Google checks: the key first, then the parameters. */
function documentedAnswer(parameters: URLSearchParams): string {
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
  return `{\n   "html_attributions" : [],\n   "results" : [\n${results.join(',\n')}\n   ],\n   "status" : "OK"\n}\n`;
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

function statusAnswer(status: string, errorMessage?: string): string {
  const message = errorMessage === undefined ? '' : `   "error_message" : "${errorMessage}",\n`;
  return `{\n${message}   "html_attributions" : [],\n   "results" : [],\n   "status" : "${status}"\n}\n`;
}
