// What a stand-in answers in the name of one provider. For tests.
export interface CannedAnswer {
  readonly status: number;
  readonly body: string | Uint8Array;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface StandInRequest {
  readonly path: string;
  /** As sent, still encoded. */
  readonly query: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface StandInApi {
  readonly method: 'GET' | 'POST';
  readonly paths: readonly string[];
  /** What the documentation says that this request is answered with. */
  readonly answer: (request: StandInRequest) => CannedAnswer;
  readonly zeroResults: CannedAnswer;
  readonly requestDenied: CannedAnswer;
  readonly overQueryLimit: CannedAnswer;
  /** What no parser and printer would leave as it is: 20-digit integers, `4.0`, blank lines, non-ASCII, odd spacing. */
  readonly awkward: string;
}

/** Twenty, as Google gives on a page. */
export const PLACE_NAMES: readonly string[] = Array.from({ length: 20 }, (_, at) => `Place ${at + 1}`);
