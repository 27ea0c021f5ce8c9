// Walks a JSON document as bytes, to the letter of RFC 8259, and says where the values at its top level stand. Nothing is
// decoded: whoever cuts the text must not lose a digit or a space. Knows nothing of places.
import { isUtf8 } from 'node:buffer';

/** A member of the top-level object; its value is the bytes from `start` to `end`. */
export interface TopLevelMember {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  /** Where each element ends, if the value is an array. */
  readonly elementEnds: readonly number[];
}

/** What is wrong with the document, and where. */
export class JsonFault extends Error {
  override readonly name = 'JsonFault';
}

/** Nearby Search nests six deep. The bound keeps a hostile document from taking memory for each of its brackets. */
const DEEPEST = 500;

const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const LETTER_E = 0x65;
const LETTER_U = 0x75;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const LOWER_CASE = 0x20;

const WORDS = ['true', 'false', 'null'].map((word) => Buffer.from(word));
const SIMPLE_ESCAPES: ReadonlySet<number | undefined> = new Set(Buffer.from('"\\/bfnrt'));
const HEX_DIGITS: ReadonlySet<number | undefined> = new Set(Buffer.from('0123456789abcdefABCDEF'));

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte <= ZERO + 9;

/**
 * The members of the one object that the document is.
 * @throws {JsonFault} when it is not exactly one complete JSON object
 */
export function scanObject(document: Uint8Array): readonly TopLevelMember[] {
  if (!isUtf8(document)) throw new JsonFault('not UTF-8');
  return new Scan(document).run();
}

class Scan {
  readonly #bytes: Uint8Array;
  #at = 0;
  /** Of each open bracket, the byte that closes it: a stack of our own, so that nesting cannot overflow the caller's. */
  readonly #open: number[] = [];
  readonly #members: TopLevelMember[] = [];
  #key = '';
  #valueStart = 0;
  #elementEnds: number[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  run(): readonly TopLevelMember[] {
    this.#skipWhiteSpace();
    if (this.#bytes[this.#at] !== OPEN_OBJECT) throw this.#fault('a JSON object was expected');
    do {
      if (this.#open.length === 1) {
        this.#valueStart = this.#at;
        this.#elementEnds = [];
      }
    } while (this.#enterValue() || this.#leaveValue());
    this.#skipWhiteSpace();
    if (this.#at < this.#bytes.length) throw this.#fault('there is more after the document');
    return this.#members;
  }

  /** Stands at a value. True: it opened a bracket, and another value follows. False: it has ended. */
  #enterValue(): boolean {
    const byte = this.#bytes[this.#at];
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) return this.#enterBracket(byte);
    if (byte === QUOTE) this.#string();
    else if (byte === MINUS || isDigit(byte)) this.#number();
    else this.#word();
    return false;
  }

  #enterBracket(byte: number): boolean {
    if (this.#open.length === DEEPEST) throw this.#fault(`nested deeper than ${DEEPEST}`);
    const closing = byte === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY;
    this.#at += 1;
    this.#skipWhiteSpace();
    if (this.#bytes[this.#at] === closing) {
      this.#at += 1;
      return false;
    }
    this.#open.push(closing);
    if (closing === CLOSE_OBJECT) this.#keyAndColon();
    return true;
  }

  /** Stands behind a value. True: another one follows. False: the document has ended. */
  #leaveValue(): boolean {
    while (this.#open.length > 0) {
      this.#note();
      this.#skipWhiteSpace();
      const byte = this.#bytes[this.#at];
      const closing = this.#open.at(-1);
      if (byte !== COMMA && byte !== closing) throw this.#fault('a comma or a closing bracket was expected');
      this.#at += 1;
      if (byte === COMMA) {
        this.#skipWhiteSpace();
        if (closing === CLOSE_OBJECT) this.#keyAndColon();
        return true;
      }
      this.#open.pop();
    }
    return false;
  }

  #note(): void {
    const depth = this.#open.length;
    if (depth === 2 && this.#open[1] === CLOSE_ARRAY) this.#elementEnds.push(this.#at);
    if (depth !== 1) return;
    this.#members.push({ key: this.#key, start: this.#valueStart, end: this.#at, elementEnds: this.#elementEnds });
  }

  #keyAndColon(): void {
    const start = this.#at;
    if (this.#bytes[start] !== QUOTE) throw this.#fault('a key was expected');
    this.#string();
    if (this.#open.length === 1) this.#key = this.#decode(start, this.#at);
    this.#skipWhiteSpace();
    if (this.#bytes[this.#at] !== COLON) throw this.#fault('a colon was expected');
    this.#at += 1;
    this.#skipWhiteSpace();
  }

  /** A key may be written with escapes and still be `results`. */
  #decode(start: number, end: number): string {
    return JSON.parse(Buffer.from(this.#bytes.subarray(start, end)).toString()) as string;
  }

  #string(): void {
    const bytes = this.#bytes;
    let at = this.#at + 1;
    for (let byte = bytes[at]; byte !== QUOTE; byte = bytes[at]) {
      if (byte === undefined) throw this.#fault('it ends inside a string');
      if (byte < 0x20) throw this.#fault('a control character in a string');
      at = byte === BACKSLASH ? this.#escape(at + 1) : at + 1;
    }
    this.#at = at + 1;
  }

  #escape(at: number): number {
    const bytes = this.#bytes;
    if (SIMPLE_ESCAPES.has(bytes[at])) return at + 1;
    const isUnicode = bytes[at] === LETTER_U && [1, 2, 3, 4].every((digit) => HEX_DIGITS.has(bytes[at + digit]));
    if (!isUnicode) throw this.#fault('an unknown escape in a string');
    return at + 5;
  }

  #number(): void {
    if (this.#bytes[this.#at] === MINUS) this.#at += 1;
    if (this.#bytes[this.#at] === ZERO) this.#at += 1;
    else this.#digits();
    if (this.#bytes[this.#at] === POINT) {
      this.#at += 1;
      this.#digits();
    }
    if (((this.#bytes[this.#at] ?? 0) | LOWER_CASE) !== LETTER_E) return;
    this.#at += 1;
    const sign = this.#bytes[this.#at];
    if (sign === PLUS || sign === MINUS) this.#at += 1;
    this.#digits();
  }

  #digits(): void {
    if (!isDigit(this.#bytes[this.#at])) throw this.#fault('a digit was expected');
    while (isDigit(this.#bytes[this.#at])) this.#at += 1;
  }

  #word(): void {
    const word = WORDS.find((each) => each.every((byte, offset) => this.#bytes[this.#at + offset] === byte));
    if (!word) throw this.#fault('a value was expected');
    this.#at += word.length;
  }

  #skipWhiteSpace(): void {
    let byte = this.#bytes[this.#at];
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = this.#bytes[++this.#at];
  }

  #fault(what: string): JsonFault {
    return new JsonFault(this.#at < this.#bytes.length ? `${what} at byte ${this.#at}` : 'it is cut short');
  }
}
