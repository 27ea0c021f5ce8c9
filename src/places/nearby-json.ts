// The textual work that every provider's answer goes through before a client gets it: is it a whole Nearby Search document,
// cut to so many results, without empty lines. Never prints JSON anew, so keys, spaces and digits stay the provider's own.
import { JsonFault, scanObject, type TopLevelMember } from './json-scan.ts';
import { PlacesError } from './provider.ts';

const BYTE_ORDER_MARK = Buffer.from('\uFEFF');
const QUOTE = 0x22;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/** An answer as the client gets it. */
export interface NearbyAnswer {
  readonly json: Uint8Array;
  /** What the document says of itself, `OK` or why not; for logs. Empty when it says nothing. */
  readonly status: string;
  /** Its `error_message`, cut to `MESSAGE_CHARACTERS`: somebody else's text. Empty when there is none. */
  readonly errorMessage: string;
}

/** Google's longest status has 17 characters; more is not for a log. */
const STATUS_BYTES = 40;
/** Google's longest, on legacy APIs, has some 300 with its link; the rest of a longer one would say no more. */
const MESSAGE_CHARACTERS = 400;

/**
 * Cuts `results` to the first `bound` elements.
 * @throws {PlacesError} when the document is not a whole Nearby Search answer
 */
export function cutNearbyJson(document: Uint8Array, bound: number): NearbyAnswer {
  const text = withoutByteOrderMark(document);
  const members = scanNearbyJson(text);
  return {
    json: cutResults(text, members, bound),
    status: statusOf(text, members),
    errorMessage: errorMessageOf(text, members),
  };
}

function statusOf(text: Uint8Array, members: readonly TopLevelMember[]): string {
  const status = members.find((member) => member.key === 'status' && text[member.start] === QUOTE);
  if (status === undefined) return '';
  const shown = text.subarray(status.start + 1, Math.min(status.end - 1, status.start + 1 + STATUS_BYTES));
  return Buffer.from(shown)
    .toString('latin1')
    .replace(/[^ -~]/g, '?');
}

function errorMessageOf(text: Uint8Array, members: readonly TopLevelMember[]): string {
  const message = members.find((member) => member.key === 'error_message' && text[member.start] === QUOTE);
  if (message === undefined) return '';
  const string = Buffer.from(text.subarray(message.start, message.end)).toString();
  return (JSON.parse(string) as string).slice(0, MESSAGE_CHARACTERS);
}

function cutResults(text: Uint8Array, members: readonly TopLevelMember[], bound: number): Uint8Array {
  const kept: Uint8Array[] = [];
  let keptTo = 0;
  // A key may stand there twice, and readers differ on which one counts: each is cut.
  for (const results of members.filter((member) => isArray(text, member) && member.key === 'results')) {
    if (results.elementEnds.length <= bound && bound > 0) continue;
    const lastEnd = results.elementEnds[bound - 1] ?? results.start + 1;
    kept.push(text.subarray(keptTo, lastEnd));
    keptTo = bound === 0 ? results.end - 1 : whiteSpaceBefore(text, results.end - 1);
  }
  if (keptTo === 0) return withoutEmptyLines(text);
  return withoutEmptyLines(Buffer.concat([...kept, text.subarray(keptTo)]));
}

/**
 * Whether the document is usable as it stands: one whole JSON object with `results`, or with a `status` that says why it has none.
 * @throws {PlacesError} with the reason when it is not
 */
export function checkNearbyJson(document: Uint8Array): void {
  scanNearbyJson(withoutByteOrderMark(document));
}

function scanNearbyJson(text: Uint8Array): readonly TopLevelMember[] {
  let members: readonly TopLevelMember[];
  try {
    members = scanObject(text);
  } catch (error) {
    if (error instanceof JsonFault) throw new PlacesError(`the answer is not JSON: ${error.message}`);
    throw error;
  }
  if (members.some((member) => member.key === 'results' && isArray(text, member))) return members;
  const status = statusOf(text, members);
  if (status === '') throw new PlacesError('the answer has neither results nor a status');
  if (status === 'OK') throw new PlacesError('the answer says OK and has no results');
  return members;
}

function isArray(text: Uint8Array, member: TopLevelMember): boolean {
  return text[member.start] === OPEN_ARRAY && text[member.end - 1] === CLOSE_ARRAY;
}

function withoutByteOrderMark(document: Uint8Array): Uint8Array {
  return BYTE_ORDER_MARK.every((byte, at) => document[at] === byte)
    ? document.subarray(BYTE_ORDER_MARK.length)
    : document;
}

/** Where the white space before `end` begins. */
function whiteSpaceBefore(text: Uint8Array, end: number): number {
  let start = end;
  while ((text[start - 1] ?? OPEN_ARRAY) <= 0x20) start -= 1;
  return start;
}

/**
 * No newline at the beginning or the end, and of several that touch only the first, since two of them end the reply.
 * A string in JSON cannot hold a newline, so this changes white space only.
 */
function withoutEmptyLines(text: Uint8Array): Uint8Array {
  let start = 0;
  let end = text.length;
  while (newlineBytes(text, start) > 0) start += newlineBytes(text, start);
  while (end > start && text[end - 1] === LINE_FEED) end -= text[end - 2] === CARRIAGE_RETURN ? 2 : 1;
  const trimmed = text.subarray(start, end);
  return hasEmptyLine(trimmed) ? joinNewlines(trimmed) : trimmed;
}

function hasEmptyLine(text: Uint8Array): boolean {
  const buffer = Buffer.from(text.buffer, text.byteOffset, text.length);
  return buffer.includes('\n\n') || buffer.includes('\n\r\n');
}

function joinNewlines(text: Uint8Array): Uint8Array {
  const joined = Buffer.alloc(text.length);
  let length = 0;
  let at = 0;
  while (at < text.length) {
    const newline = newlineBytes(text, at);
    for (let copied = 0; copied < Math.max(newline, 1); copied += 1) joined[length++] = text[at++] as number;
    while (newline > 0 && newlineBytes(text, at) > 0) at += newlineBytes(text, at);
  }
  return joined.subarray(0, length);
}

/** How many bytes of newline stand at a position: 1 for LF, 2 for CRLF. */
function newlineBytes(text: Uint8Array, at: number): number {
  if (text[at] === LINE_FEED) return 1;
  return text[at] === CARRIAGE_RETURN && text[at + 1] === LINE_FEED ? 2 : 0;
}
