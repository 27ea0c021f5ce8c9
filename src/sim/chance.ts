// The only source of chance in a simulation: a small seeded generator (sfc32, public domain). The same seed gives the same
// numbers for ever, on any machine.

export class Chance {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  /** `stream` keeps generators of one seed apart: what one draws does not shift what another gets. */
  constructor(seed: number, stream = 0) {
    this.a = seed >>> 0;
    this.b = Math.floor(seed / 0x100000000) >>> 0;
    this.c = (stream * 0x9e3779b9) >>> 0;
    for (let round = 0; round < 15; round += 1) this.bits();
  }

  /** 32 random bits. */
  bits(): number {
    const sum = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** Uniform in [0, 1). */
  fraction(): number {
    return this.bits() / 0x100000000;
  }

  /** Uniform in [least, most). */
  between(least: number, most: number): number {
    return least + this.fraction() * (most - least);
  }

  /** A whole number from 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor(this.fraction() * count);
  }

  happens(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }

  /** Each with the probability that is its share of all weights. */
  weighted<T>(from: readonly (readonly [number, T])[]): T {
    let rest = this.fraction() * from.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, value] of from) {
      rest -= weight;
      if (rest < 0) return value;
    }
    return (from[from.length - 1] as readonly [number, T])[1];
  }
}
