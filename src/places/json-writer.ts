// Builds a JSON document as bytes, without a string for each part: names are copied from the file as they lie there.
// Knows JSON's strings and numbers; nothing of places.

const UNITS_PER_DEGREE = 10_000_000;
const DIGITS_OF_FRACTION = 7;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const HEX = Buffer.from('0123456789abcdef');

export class JsonWriter {
  #bytes: Uint8Array = new Uint8Array(16 * 1024);
  #length = 0;

  /** The document, in memory of its own; the writer starts anew. */
  finish(): Uint8Array {
    const document = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return document;
  }

  text(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /**
   * UTF-8 as the inside of a JSON string. Escapes what JSON must have escaped, and U+2028 and U+2029, which end a line
   * for whoever reads the document as JavaScript or line by line.
   */
  stringContent(source: Uint8Array, start: number, end: number): void {
    this.#reserve((end - start) * 6);
    const target = this.#bytes;
    let length = this.#length;
    for (let at = start; at < end; at += 1) {
      const byte = source[at] as number;
      if (byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH && byte !== 0x7f && byte !== 0xe2) {
        target[length++] = byte;
      } else if (byte === QUOTE || byte === BACKSLASH) {
        target[length++] = BACKSLASH;
        target[length++] = byte;
      } else if (byte === 0xe2 && source[at + 1] === 0x80 && ((source[at + 2] as number) & 0xfe) === 0xa8) {
        length = putEscape(target, length, 0x20, (source[at + 2] as number) - 0x80);
        at += 2;
      } else if (byte === 0xe2) {
        target[length++] = byte;
      } else {
        length = putEscape(target, length, 0, byte);
      }
    }
    this.#length = length;
  }

  /** Degrees given in units of 1e-7, exactly, with at least one decimal and no superfluous zeros: `34.0`, `-118.44`. */
  degrees(units: number): void {
    this.#reserve(16);
    const target = this.#bytes;
    let length = this.#length;
    if (units < 0) target[length++] = MINUS;
    const magnitude = Math.abs(units);
    const whole = Math.floor(magnitude / UNITS_PER_DEGREE);
    if (whole >= 100) target[length++] = ZERO + Math.floor(whole / 100);
    if (whole >= 10) target[length++] = ZERO + (Math.floor(whole / 10) % 10);
    target[length++] = ZERO + (whole % 10);
    target[length++] = POINT;
    let fraction = magnitude % UNITS_PER_DEGREE;
    for (let at = DIGITS_OF_FRACTION - 1; at >= 0; at -= 1) {
      target[length + at] = ZERO + (fraction % 10);
      fraction = Math.floor(fraction / 10);
    }
    let digits = DIGITS_OF_FRACTION;
    while (digits > 1 && target[length + digits - 1] === ZERO) digits -= 1;
    this.#length = length + digits;
  }

  /** Eight hexadecimal digits. */
  hex32(number: number): void {
    this.#reserve(8);
    for (let shift = 28; shift >= 0; shift -= 4) {
      this.#bytes[this.#length++] = HEX[(number >>> shift) & 15] as number;
    }
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + bytes));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

/** `\uHHLL` */
function putEscape(target: Uint8Array, start: number, high: number, low: number): number {
  target[start] = BACKSLASH;
  target[start + 1] = 0x75;
  target[start + 2] = HEX[high >> 4] as number;
  target[start + 3] = HEX[high & 15] as number;
  target[start + 4] = HEX[low >> 4] as number;
  target[start + 5] = HEX[low & 15] as number;
  return start + 6;
}
