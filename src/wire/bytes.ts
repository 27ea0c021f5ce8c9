// Bytes in and out: the white space of the protocol, a growing buffer to write into and a checked cursor to read with.
// Knows no meaning of what it carries.

export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;

/** The protocol's white space is exactly these six bytes: tab, LF, vertical tab, form feed, CR, space. */
export function isWhiteSpace(byte: number): boolean {
  return byte === SPACE || (byte >= 0x09 && byte <= 0x0d);
}

export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** The bytes of a text that is known to be ASCII (server names, command words). */
export function asciiBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) bytes[index] = text.charCodeAt(index);
  return bytes;
}

/** The text of bytes that are known to be ASCII; every byte becomes the character of that number. */
export function asciiText(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  let text = '';
  for (let index = start; index < end; index += 1) text += String.fromCharCode(bytes[index] as number);
  return text;
}

export function equalBytes(
  left: Uint8Array,
  leftStart: number,
  right: Uint8Array,
  rightStart: number,
  length: number,
): boolean {
  for (let index = 0; index < length; index += 1) {
    if (left[leftStart + index] !== right[rightStart + index]) return false;
  }
  return true;
}

const NOTHING = new Uint8Array(0);

/** Bytes that are read or written four at a time. Nearly always the same as the last time, and then nothing is made for it. */
export class Words {
  private bytes: Uint8Array = NOTHING;
  private view: DataView = new DataView(NOTHING.buffer);

  of(bytes: Uint8Array): DataView {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    return this.view;
  }
}

/** What was copied from last. */
const from = new Words();

/** Up to this length copying word by word is faster than making the view that `set` needs. */
const WORDS_BYTES = 256;
const WORD_BYTES = 4;

/** Sets bytes that have room for them, and that `words` shows, to `count` bytes of `source`. */
export function setBytes(
  bytes: Uint8Array,
  words: DataView,
  at: number,
  source: Uint8Array,
  start: number,
  count: number,
): void {
  if (count <= WORDS_BYTES) return copyWords(words, at, from.of(source), start, count);
  bytes.set(count === source.length ? source : source.subarray(start, start + count), at);
}

/** Copies `count` bytes, four at a time; `at` and `start` may be anything. */
export function copyWords(words: DataView, at: number, source: DataView, start: number, count: number): void {
  if (count < WORD_BYTES) {
    for (let index = 0; index < count; index += 1) words.setUint8(at + index, source.getUint8(start + index));
    return;
  }
  const last = count - WORD_BYTES;
  for (let index = 0; index < last; index += WORD_BYTES) {
    words.setInt32(at + index, source.getInt32(start + index, true), true);
  }
  // The last four, some of them perhaps once more.
  words.setInt32(at + last, source.getInt32(start + last, true), true);
}

/** As `equalBytes`, four bytes at a time. */
export function equalWords(
  left: DataView,
  leftStart: number,
  right: DataView,
  rightStart: number,
  count: number,
): boolean {
  if (count < WORD_BYTES) {
    for (let index = 0; index < count; index += 1) {
      if (left.getUint8(leftStart + index) !== right.getUint8(rightStart + index)) return false;
    }
    return true;
  }
  const last = count - WORD_BYTES;
  for (let index = 0; index < last; index += WORD_BYTES) {
    if (left.getInt32(leftStart + index, true) !== right.getInt32(rightStart + index, true)) return false;
  }
  return left.getInt32(leftStart + last, true) === right.getInt32(rightStart + last, true);
}

/** How many digits a number up to 2^53 - 1 has in decimal. */
export function digitsOf(value: number): number {
  let digits = 1;
  while (value >= (POWERS_OF_TEN[digits] as number)) digits += 1;
  return digits;
}

/** As many as a double holds exactly, and one more, which no number printed here reaches. */
const POWERS_OF_TEN: Float64Array = Float64Array.from({ length: 17 }, (_, exponent) => 10 ** exponent);

/** Sets a number of so many digits in bytes that have room for it; returns where it ends. */
export function setDecimal(bytes: Uint8Array, start: number, value: number, digits: number): number {
  let rest = value;
  let index = start + digits - 1;
  for (; rest > 0x7fffffff; index -= 1) {
    const quotient = Math.floor(rest / 10);
    bytes[index] = 0x30 + (rest - quotient * 10);
    rest = quotient;
  }
  // What fits in 32 bits is divided many times faster.
  let small = rest | 0;
  for (; index >= start; index -= 1) {
    const quotient = (small / 10) | 0;
    bytes[index] = 0x30 + (small - quotient * 10);
    small = quotient;
  }
  return start + digits;
}

/** What the longest varint takes. */
export const VARINT_MOST_BYTES = 8;

/** Sets a varint (see `ByteWriter`) in bytes that have room for it; returns where it ends. */
export function setVarint(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest > 0xffffffff; at += 1) {
    bytes[at] = (rest % 0x80) + 0x80;
    rest = Math.floor(rest / 0x80);
  }
  // What fits in 32 bits is divided many times faster.
  let small = rest >>> 0;
  for (; small >= 0x80; at += 1) {
    bytes[at] = small | 0x80;
    small >>>= 7;
  }
  bytes[at] = small;
  return at + 1;
}

/** A buffer that grows as it is written. `reset` keeps the memory, so one writer serves many replies. */
export class ByteWriter {
  bytes: Uint8Array;
  length = 0;
  private readonly words = new Words();

  constructor(capacity = 256) {
    this.bytes = new Uint8Array(capacity);
  }

  reset(): void {
    this.length = 0;
  }

  /** A copy of what was written: the writer may be reset while the copy waits in a socket. */
  take(): Uint8Array {
    const taken = this.bytes.slice(0, this.length);
    this.length = 0;
    return taken;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  ascii(text: string): void {
    this.reserve(text.length);
    const { bytes, length } = this;
    for (let index = 0; index < text.length; index += 1) bytes[length + index] = text.charCodeAt(index);
    this.length = length + text.length;
  }

  copy(source: Uint8Array, start = 0, end: number = source.length): void {
    const count = end - start;
    this.reserve(count);
    this.set(this.length, source, start, count);
    this.length += count;
  }

  /** What another has written. */
  append({ bytes, words, length }: ByteWriter): void {
    this.reserve(length);
    if (length <= WORDS_BYTES) copyWords(this.words.of(this.bytes), this.length, words.of(bytes), 0, length);
    else this.bytes.set(bytes.subarray(0, length), this.length);
    this.length += length;
  }

  /** As `setBytes`, into bytes that there is room for. */
  set(at: number, source: Uint8Array, start: number, count: number): void {
    setBytes(this.bytes, this.words.of(this.bytes), at, source, start, count);
  }

  /** A non-negative integer up to 2^53 - 1, in decimal. */
  decimal(value: number, leastDigits = 1): void {
    const digits = Math.max(leastDigits, digitsOf(value));
    this.reserve(digits);
    this.length = setDecimal(this.bytes, this.length, value, digits);
  }

  uint32(value: number): void {
    this.reserve(4);
    this.setUint32(this.length, value);
    this.length += 4;
  }

  /** Writes over four bytes written earlier: lengths and counts that are known only at the end. */
  setUint32(at: number, value: number): void {
    this.bytes[at] = value >>> 24;
    this.bytes[at + 1] = value >>> 16;
    this.bytes[at + 2] = value >>> 8;
    this.bytes[at + 3] = value;
  }

  /** A non-negative integer up to 2^53 - 1, seven bits a byte, least significant first (LEB128). */
  varint(value: number): void {
    this.reserve(VARINT_MOST_BYTES);
    this.length = setVarint(this.bytes, this.length, value);
  }

  /** A signed integer within +-2^52: zigzag, then varint. */
  signedVarint(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** Length, then bytes. */
  field(source: Uint8Array, start = 0, end: number = source.length): void {
    this.varint(end - start);
    this.copy(source, start, end);
  }

  /** Makes room: the next `count` bytes may be set in `bytes` from `length` on, which is then moved past them. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed > this.bytes.length) this.grow(needed);
  }

  private grow(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}

/** What was received does not follow the format: the sender's fault, and the connection's end. */
export class MalformedFrame extends Error {
  override readonly name = 'MalformedFrame';
}

/** A cursor over received bytes; reading past the end or a number out of range throws `MalformedFrame`. */
export class ByteReader {
  readonly bytes: Uint8Array;
  private readonly end: number;
  private at: number;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.at;
  }

  /** Where in `bytes` the next byte is. */
  get position(): number {
    return this.at;
  }

  /** Whether these bytes come next. */
  isAt(expected: Uint8Array): boolean {
    return expected.length <= this.remaining && equalBytes(this.bytes, this.at, expected, 0, expected.length);
  }

  byte(): number {
    if (this.at >= this.end) throw new MalformedFrame('ends too early');
    return this.bytes[this.at++] as number;
  }

  varint(): number {
    let value = 0;
    // Four bytes fit in a small integer, and most numbers in four bytes.
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    let scale = 0x10000000;
    for (let count = 4; count < 8; count += 1) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) break;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    throw new MalformedFrame('number too large');
  }

  signedVarint(): number {
    const value = this.varint();
    // What is longer than 32 bits, as seconds are, is slow to divide with a remainder.
    const half = Math.floor(value / 2);
    return half * 2 === value ? half : -half - 1;
  }

  /** A field's bytes, copied: they outlive the frame. */
  field(mostBytes: number): Uint8Array {
    const length = this.varint();
    if (length > mostBytes) throw new MalformedFrame(`field of ${length} bytes, at most ${mostBytes} allowed`);
    const start = this.pass(length);
    return this.bytes.slice(start, start + length);
  }

  /** Passes over this many bytes and returns where they start: for whoever reads them in place. */
  pass(length: number): number {
    if (length > this.remaining) throw new MalformedFrame('ends too early');
    this.at += length;
    return this.at - length;
  }
}
