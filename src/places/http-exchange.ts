// Exchanges with a provider elsewhere: bounded in time and in bytes, ended when nobody waits for them any more. A key may
// be in the URL or a header, so no error that leaves here ever holds a URL, a cause or another library's message.
import { PlacesError } from './provider.ts';

export interface ExchangeOptions {
  /** Whom errors name: `Google`. */
  readonly who: string;
  /** For a whole exchange, from waiting for its turn to the last byte. */
  readonly timeoutMs: number;
  /** Largest answer that is read. */
  readonly answerBytes: number;
  /** Waits until a request may be made, and gives what ends its turn. By default at once. */
  readonly turn?: (signal: AbortSignal) => Promise<() => void>;
  /** Called before each request is sent; throws a PlacesError when none may be. */
  readonly spend?: () => void;
}

/** What is made of a response. `body` reads it, once, and not beyond the bound. */
type Understand<Answer> = (response: Response, body: () => Promise<Uint8Array>) => Promise<Answer>;

export class HttpExchanges {
  readonly #options: ExchangeOptions;
  readonly #closing = new AbortController();

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  /** @throws {PlacesError} when the exchange ends early, or `understand` says that the answer is of no use */
  async ask<Answer>(
    url: string,
    init: RequestInit,
    signal: AbortSignal,
    understand: Understand<Answer>,
  ): Promise<Answer> {
    const { who, timeoutMs } = this.#options;
    const exchange = new AbortController();
    let endedBy: string | undefined;
    const end = (reason: string) => () => {
      endedBy ??= reason;
      exchange.abort();
    };
    const clientGone = end('the client that asked is gone');
    const closed = end('the places provider was closed');
    const timer = setTimeout(end(`${who} gave no whole answer within ${timeoutMs} ms`), timeoutMs);
    signal.addEventListener('abort', clientGone);
    this.#closing.signal.addEventListener('abort', closed);
    if (signal.aborted) clientGone();
    if (this.#closing.signal.aborted) closed();
    try {
      return await this.#takeTurn(url, init, exchange.signal, understand);
    } catch (error) {
      if (endedBy !== undefined) throw new PlacesError(endedBy);
      if (error instanceof PlacesError) throw error;
      throw new PlacesError(`${who} could not be reached, or broke off: ${codeOf(error)}`);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', clientGone);
      this.#closing.signal.removeEventListener('abort', closed);
      // Frees the socket of an answer that was not read to its end; without effect on one that was.
      exchange.abort();
    }
  }

  close(): void {
    this.#closing.abort();
  }

  async #takeTurn<Answer>(
    url: string,
    init: RequestInit,
    signal: AbortSignal,
    understand: Understand<Answer>,
  ): Promise<Answer> {
    const { turn, spend, answerBytes, who } = this.#options;
    signal.throwIfAborted();
    const endTurn = await turn?.(signal);
    try {
      spend?.();
      // A redirect is not followed: it would carry the key to wherever it points.
      const response = await fetch(url, { ...init, signal, redirect: 'manual' });
      return await understand(response, () => readBody(response, answerBytes, who));
    } finally {
      endTurn?.();
    }
  }
}

/** @throws {PlacesError} when a response's status says that whoever sent it has failed, or is not who was meant */
export function refuseFailure(who: string, { status }: Response): void {
  if (status >= 500) throw new PlacesError(`${who} failed: HTTP ${status}`);
  if (status >= 300 && status < 400) {
    throw new PlacesError(`${who} redirected: HTTP ${status}; is the base URL right?`);
  }
}

/**
 * A base URL without the slashes at its end. The message does not repeat it: a user name and password may be part of it.
 * @throws {PlacesError} when it is not http(s)://HOST[:PORT][/PATH]
 */
export function baseUrl(who: string, text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new PlacesError(`the base URL for ${who} is not a URL`);
  }
  const isPlain = /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  if (!isPlain || url.search !== '' || url.hash !== '') {
    throw new PlacesError(`the base URL for ${who} must be http(s)://HOST[:PORT][/PATH] and nothing else`);
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

async function readBody(response: Response, answerBytes: number, who: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > answerBytes) throw new PlacesError(`${who}'s answer is larger than ${answerBytes} bytes`);
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
