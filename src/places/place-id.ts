// A place's id: the same as long as its source names it so and puts it there, whatever else the data then holds.
// FNV-1a of 64 bits over the source's key, the name and the position; in two halves, since a BigInt a byte is slow.

const OFFSET_HIGH = 0xcbf29ce4;
const OFFSET_LOW = 0x84222325;
/** The prime is 2^40 + 435. */
const PRIME_LOW = 435;

export class PlaceIdHash {
  high: number = OFFSET_HIGH;
  low: number = OFFSET_LOW;

  restart(high: number = OFFSET_HIGH, low: number = OFFSET_LOW): void {
    this.high = high;
    this.low = low;
  }

  bytes(source: Uint8Array, start: number, end: number): void {
    let { high, low } = this;
    for (let at = start; at < end; at += 1) {
      low = (low ^ (source[at] as number)) >>> 0;
      const product = low * PRIME_LOW;
      high = (Math.imul(high, PRIME_LOW) + Math.floor(product / 0x1_0000_0000) + (low << 8)) >>> 0;
      low = product >>> 0;
    }
    this.high = high;
    this.low = low;
  }

  /** Four bytes, the lowest first. */
  int32(number: number): void {
    let { high, low } = this;
    for (let shift = 0; shift < 32; shift += 8) {
      low = (low ^ ((number >>> shift) & 0xff)) >>> 0;
      const product = low * PRIME_LOW;
      high = (Math.imul(high, PRIME_LOW) + Math.floor(product / 0x1_0000_0000) + (low << 8)) >>> 0;
      low = product >>> 0;
    }
    this.high = high;
    this.low = low;
  }
}
