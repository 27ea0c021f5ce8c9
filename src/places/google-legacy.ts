// Google's legacy Nearby Search: one GET a lookup, its answer passed through byte for byte, whatever status it carries.
// Nothing is kept (the terms forbid it). The key goes into the URL and must not come out anywhere else, so no error here
// ever holds a URL, a cause or another library's message.
import { checkNearbyJson } from './nearby-json.ts';
import { type Attribution, PlacesError, type PlacesProvider, type PlacesQuery } from './provider.ts';

export interface GoogleLegacyOptions {
  /** Base URL instead of Google's, with or without a path; `/maps/api/place/nearbysearch/json` is appended. */
  readonly url?: string;
  /** Without one none is sent, and Google answers REQUEST_DENIED itself. */
  readonly key?: string;
  /** For the whole exchange, from connecting to the last byte. */
  readonly timeoutMs: number;
  /** Largest answer that is read; Google's 20 results are about 40 KB. */
  readonly answerBytes: number;
}

const GOOGLE_URL = 'https://maps.googleapis.com';
const NEARBY_SEARCH_PATH = '/maps/api/place/nearbysearch/json';

/** Google's keys have 39 characters. A much shorter one, as in tests, may well be a word of an honest answer. */
const SHORTEST_SECRET = 16;

export class GoogleLegacyProvider implements PlacesProvider {
  readonly name = 'google-legacy';
  readonly #base: string;
  readonly #key: string | undefined;
  readonly #timeoutMs: number;
  readonly #answerBytes: number;
  readonly #closing = new AbortController();

  /** @throws {PlacesError} when the base URL is none */
  constructor(options: GoogleLegacyOptions) {
    this.#base = baseUrl(options.url ?? GOOGLE_URL);
    this.#key = options.key === '' ? undefined : options.key;
    this.#timeoutMs = options.timeoutMs;
    this.#answerBytes = options.answerBytes;
  }

  async near(query: PlacesQuery, signal: AbortSignal): Promise<Uint8Array> {
    const exchange = new AbortController();
    let endedBy: string | undefined;
    const end = (reason: string) => () => {
      endedBy ??= reason;
      exchange.abort();
    };
    const clientGone = end('the client that asked is gone');
    const closed = end('the places provider was closed');
    const timer = setTimeout(end(`Google gave no whole answer within ${this.#timeoutMs} ms`), this.#timeoutMs);
    signal.addEventListener('abort', clientGone);
    this.#closing.signal.addEventListener('abort', closed);
    if (signal.aborted) clientGone();
    if (this.#closing.signal.aborted) closed();
    try {
      return await this.#exchange(query, exchange.signal);
    } catch (error) {
      if (endedBy !== undefined) throw new PlacesError(endedBy);
      if (error instanceof PlacesError) throw error;
      throw new PlacesError(`Google could not be reached, or broke off: ${codeOf(error)}`);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', clientGone);
      this.#closing.signal.removeEventListener('abort', closed);
      // Frees the socket of an answer that was not read to its end; without effect on one that was.
      exchange.abort();
    }
  }

  async about(): Promise<readonly Attribution[]> {
    return [];
  }

  close(): void {
    this.#closing.abort();
  }

  async #exchange(query: PlacesQuery, signal: AbortSignal): Promise<Uint8Array> {
    // A redirect is not followed: it would carry the key to wherever it points.
    const response = await fetch(this.#urlOf(query), { signal, redirect: 'manual' });
    const { status } = response;
    if (status >= 500) throw new PlacesError(`Google failed: HTTP ${status}`);
    if (status >= 300 && status < 400)
      throw new PlacesError(`Google redirected: HTTP ${status}; is the base URL right?`);
    const document = await readBody(response, this.#answerBytes);
    try {
      checkNearbyJson(document);
    } catch (error) {
      if (error instanceof PlacesError)
        throw new PlacesError(`Google's answer is of no use: HTTP ${status}, ${error.message}`);
      throw error;
    }
    if (this.#isBetrayedBy(document)) throw new PlacesError("Google's answer repeats the API key, so nobody gets it");
    return document;
  }

  #urlOf({ latitudeLongitude, radiusKm, type }: PlacesQuery): string {
    const parameters = [`location=${latitudeLongitude}`, `radius=${metres(radiusKm)}`];
    if (type !== undefined) parameters.push(`type=${encodeURIComponent(type)}`);
    if (this.#key !== undefined) parameters.push(`key=${encodeURIComponent(this.#key)}`);
    return `${this.#base}${NEARBY_SEARCH_PATH}?${parameters.join('&')}`;
  }

  #isBetrayedBy(document: Uint8Array): boolean {
    const key = this.#key;
    if (key === undefined || key.length < SHORTEST_SECRET) return false;
    const text = Buffer.from(document.buffer, document.byteOffset, document.length);
    return text.includes(key) || text.includes(encodeURIComponent(key));
  }
}

/** The message does not repeat the URL: a user name and password may be part of it. */
function baseUrl(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new PlacesError('the base URL for Google is not a URL');
  }
  const isPlain = /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  if (!isPlain || url.search !== '' || url.hash !== '') {
    throw new PlacesError('the base URL for Google must be http(s)://HOST[:PORT][/PATH] and nothing else');
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

/** To the millimetre, so that 1.1 km are 1100 m and not 1100.0000000000002. */
function metres(radiusKm: number): string {
  return String(Number((radiusKm * 1000).toFixed(3)));
}

async function readBody(response: Response, answerBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > answerBytes) throw new PlacesError(`Google's answer is larger than ${answerBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** `ECONNREFUSED` and the like. Not the message: it may quote the URL. */
function codeOf(error: unknown): string {
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    const code = 'code' in inner ? inner.code : undefined;
    if (typeof code === 'string' && /^[A-Z_]{1,40}$/.test(code)) return code;
  }
  return 'no code';
}
