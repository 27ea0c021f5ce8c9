// Origins as small numbers, so that a row of the table can name one: given while any record is of that origin, then given to another.
// Knows no record.
import type { Origin } from '../wire/messages.ts';

export class OriginNumbers {
  private readonly origins: (Origin | undefined)[] = [];
  private readonly records: number[] = [];
  private readonly numbers = new Map<Origin, number>();
  private readonly free: number[] = [];
  /** The last one asked for: nearly always the next too. */
  private last: Origin | undefined;
  private lastNumber = 0;

  at(number: number): Origin {
    return this.origins[number] as Origin;
  }

  /** Whether any record is of this origin. */
  has(origin: Origin): boolean {
    return this.numbers.has(origin);
  }

  /** One record more is of this origin. */
  enter(origin: Origin): number {
    const number = this.numberOf(origin);
    this.records[number] = (this.records[number] as number) + 1;
    return number;
  }

  /** One record less is. */
  leave(number: number): void {
    const left = (this.records[number] as number) - 1;
    this.records[number] = left;
    if (left > 0) return;
    this.numbers.delete(this.at(number));
    this.origins[number] = undefined;
    this.last = undefined;
    this.free.push(number);
  }

  /** What it is or will be called. Whoever gives a record that number says so with `enter`. */
  numberOf(origin: Origin): number {
    if (origin === this.last) return this.lastNumber;
    let number = this.numbers.get(origin);
    if (number === undefined) {
      number = this.free.pop() ?? this.origins.length;
      this.numbers.set(origin, number);
      this.origins[number] = origin;
      this.records[number] = 0;
    }
    this.last = origin;
    this.lastNumber = number;
    return number;
  }
}
