// A server that answers as the live providers are documented to, and as badly as a server can, on request. For tests of
// whatever speaks to them, in this folder and of whole servers. Knows the documentation, not our code.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CannedAnswer, StandInApi, StandInRequest } from './stand-in-api.ts';
import { LEGACY_API } from './stand-in-legacy.ts';
import { NEW_API } from './stand-in-new.ts';
import { OVERPASS_API } from './stand-in-overpass.ts';

/** Answers that are made from the request; anything else is a `CannedAnswer`. */
export type StandInBehaviour =
  | 'places'
  | 'zero-results'
  | 'request-denied'
  | 'over-query-limit'
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
  /** As `places`, but not before `release` is called. */
  | 'held'
  | 'never'
  /** Headers and half of the body, then nothing. */
  | 'stalled'
  | CannedAnswer;

type ApiName = 'google-legacy' | 'google' | 'overpass';
const APIS: Readonly<Record<ApiName, StandInApi>> = {
  'google-legacy': LEGACY_API,
  google: NEW_API,
  overpass: OVERPASS_API,
};

export interface StandInOptions {
  /** A free one by default. */
  readonly port?: number;
  /** Before the API's own path, as a reverse proxy may have it. */
  readonly pathPrefix?: string;
  readonly slowMs?: number;
  readonly largeBytes?: number;
}

export class NearbyStandIn {
  readonly requests: StandInRequest[] = [];
  behaviour: StandInBehaviour = 'places';
  /** By provider, where one is to behave unlike the others. */
  behaviours: Partial<Record<ApiName, StandInBehaviour>> = {};
  readonly #server: Server;
  readonly #options: StandInOptions;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #held: (() => void)[] = [];
  #openAnswers = 0;
  mostOpenAnswers = 0;

  private constructor(options: StandInOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => this.#receive(request, response));
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

  /** What goes into `DROVER_GOOGLE_URL` and `DROVER_OVERPASS_URL`. */
  get url(): string {
    return `http://127.0.0.1:${this.port}${this.#options.pathPrefix ?? ''}`;
  }

  /** Answers begun and neither finished nor given up by the client. */
  get openAnswers(): number {
    return this.#openAnswers;
  }

  /** Gives the answers that are held; those that are asked for from now on are not. */
  release(): void {
    this.behaviour = 'places';
    this.behaviours = {};
    for (const answer of this.#held.splice(0)) answer();
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    this.#openAnswers += 1;
    this.mostOpenAnswers = Math.max(this.mostOpenAnswers, this.#openAnswers);
    response.once('close', () => {
      this.#openAnswers -= 1;
    });
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => this.#answer(request, Buffer.concat(chunks).toString(), response));
  }

  #answer({ method, url: target = '', headers }: IncomingMessage, body: string, response: ServerResponse): void {
    const url = new URL(target, 'http://stand-in');
    const [, query = ''] = target.split('?', 2);
    const request = { path: url.pathname, query, parameters: new Map(url.searchParams), headers, body };
    this.requests.push(request);
    const prefix = this.#options.pathPrefix ?? '';
    for (const [name, api] of Object.entries(APIS)) {
      if (api.method !== method || !api.paths.some((path) => url.pathname === `${prefix}${path}`)) continue;
      this.#behave(api, this.behaviours[name as ApiName] ?? this.behaviour, request, response);
      return;
    }
    send(response, { status: 404, body: '<html><title>Error 404 (Not Found)!!1</title></html>' });
  }

  #behave(api: StandInApi, behaviour: StandInBehaviour, request: StandInRequest, response: ServerResponse): void {
    if (typeof behaviour === 'object') {
      send(response, behaviour);
      return;
    }
    const { awkward } = api;
    const half = awkward.slice(0, awkward.length / 2);
    const large = `{"status":"OK","results":["${'x'.repeat(this.#options.largeBytes ?? 4_000_000)}"]}`;
    const acts: Record<Exclude<StandInBehaviour, CannedAnswer>, () => void> = {
      places: () => send(response, api.answer(request)),
      'zero-results': () => send(response, api.zeroResults),
      'request-denied': () => send(response, api.requestDenied),
      'over-query-limit': () => send(response, api.overQueryLimit),
      awkward: () => send(response, { status: 200, body: awkward }),
      'server-error': () => send(response, { status: 503, body: '{"status":"UNKNOWN_ERROR"}' }),
      html: () =>
        send(response, { status: 200, body: '<!DOCTYPE html><html><body>Sign in to the network</body></html>' }),
      truncated: () => send(response, { status: 200, body: half }),
      'broken-off': () => {
        response.writeHead(200, { 'content-length': Buffer.byteLength(awkward) });
        response.write(half, () => response.destroy());
      },
      redirect: () => {
        response.writeHead(302, { location: `/elsewhere?${request.query}` }).end();
      },
      slow: () => this.#sendSlowly(Buffer.from(awkward), response),
      'too-large': () => send(response, { status: 200, body: large }),
      held: () => void this.#held.push(() => send(response, api.answer(request))),
      never: () => {},
      stalled: () => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.write(half);
      },
    };
    acts[behaviour]();
  }

  #sendSlowly(answer: Buffer, response: ServerResponse): void {
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

function send(response: ServerResponse, { status, body, contentType, headers }: CannedAnswer): void {
  const type = contentType ?? (String(body).startsWith('<') ? 'text/html' : 'application/json; charset=UTF-8');
  response.writeHead(status, { 'content-type': type, ...headers }).end(body);
}
