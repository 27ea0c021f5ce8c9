// The contract of every places provider, and the only view the rest of the server has of one.
// A provider answers in Nearby Search's legacy JSON format, as bytes; it never sees the client or the record.

/** One lookup. The same record's position and text are used for the `AT` line that precedes the answer. */
export interface PlacesQuery {
  /** Degrees north, -90 to 90. */
  readonly latitude: number;
  /** Degrees east, -180 to 180. */
  readonly longitude: number;
  /** The position as `latitude,longitude` in decimal degrees with no `+` and no leading zeros: what an HTTP provider sends. */
  readonly latitudeLongitude: string;
  /** 0 to 50. */
  readonly radiusKm: number;
  /** Most results wanted, 0 to 20. A provider may return more: the caller cuts the text. */
  readonly limit: number;
  /** Only places of this Nearby Search type. Without it heliports are left out: nobody who asks what is near means those. */
  readonly type?: string;
  /** Only places whose name or types hold this text, whatever its case; a live provider's own idea of a keyword may be wider. */
  readonly keyword?: string;
  /** Language of the names wanted, as in BCP 47 (`de`, `pt-BR`); a provider that has only one answers in that. */
  readonly language?: string;
}

/** Where a set of places comes from and what its licence asks users to show. */
export interface Attribution {
  readonly source: string;
  readonly licence: string;
  readonly licenceUrl: string;
  readonly attribution: string;
  readonly url: string;
  /** Version or date of the data. */
  readonly version: string;
  /** How many places. */
  readonly places: number;
}

/**
 * The provider gave no usable answer: no server, time-out, HTTP 5xx, HTML, truncated JSON, too large. The client gets `? `
 * and its command; `message` goes to the log and never holds a key.
 */
export class PlacesError extends Error {
  override readonly name = 'PlacesError';
}

export interface PlacesProvider {
  /** As in `--places`: `embedded`, `google-legacy`. */
  readonly name: string;
  /** Answers from this machine, so quickly that neither a time-out nor sharing an answer is worth its while. */
  readonly isLocal?: boolean;
  /**
   * The places near a position: the whole Nearby Search JSON document, uncut, as the provider printed it.
   * A provider that has its answer at hand returns it; one that must wait returns a promise.
   * `signal` aborts when the client that asked is gone.
   * @throws {PlacesError} (or rejects with one) when there is no usable answer
   */
  near(query: PlacesQuery, signal: AbortSignal): Uint8Array | Promise<Uint8Array>;
  /**
   * Only of a provider whose documents are this program's own print, cut to the limit and without empty lines: the status of one, so that
   * nobody need read it for that.
   */
  statusOf?(document: Uint8Array): string;
  /** The data sets behind the answers; empty for a live provider, which puts its attributions into the answer. */
  about(): Promise<readonly Attribution[]>;
  close(): void;
}
