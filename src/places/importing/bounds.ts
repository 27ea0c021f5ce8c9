// The smallest box around positions, and its middle: what stands for a building, as in Overpass's `out center`. Knows degrees only.

export class Bounds {
  #west = Number.POSITIVE_INFINITY;
  #south = Number.POSITIVE_INFINITY;
  #east = Number.NEGATIVE_INFINITY;
  #north = Number.NEGATIVE_INFINITY;
  /** The first longitude: the others are taken from the side of it where they are less than half a round away. */
  #first: number | undefined;

  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  extend(latitude: number, longitude: number): void {
    this.#first ??= longitude;
    const beyond = longitude - this.#first;
    const east = beyond > 180 ? longitude - 360 : beyond < -180 ? longitude + 360 : longitude;
    this.#west = Math.min(this.#west, east);
    this.#east = Math.max(this.#east, east);
    this.#south = Math.min(this.#south, latitude);
    this.#north = Math.max(this.#north, latitude);
  }

  /** Of the middle, as those below: meaningless while empty. */
  get latitude(): number {
    return (this.#south + this.#north) / 2;
  }

  get longitude(): number {
    const middle = (this.#west + this.#east) / 2;
    // Only a box across the antimeridian is brought back: a longitude that is wrong stays wrong.
    const isAcross = this.#east > 180 !== this.#west > 180 || this.#west < -180 !== this.#east < -180;
    if (!isAcross) return middle;
    return middle > 180 ? middle - 360 : middle < -180 ? middle + 360 : middle;
  }
}
