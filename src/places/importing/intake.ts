// What a reader of some format tells its findings to: places, rows that are wrong, rows that are no places, how far it is.
// Counts them, and gives up on a file that is of another kind altogether. Knows no format.
import { WRONG_ROWS_AT_FIRST, WRONG_ROWS_SHOWN } from '../limits.ts';
import { PlacesError } from '../provider.ts';
import type { ImportedPlace, PlaceRows } from './place-rows.ts';

export class Intake {
  places = 0;
  wrong = 0;
  /** Rows that are right but no places that anybody would look for: without a name, or closed. */
  leftOut = 0;
  /** The first wrong rows, in words. */
  readonly faults: string[] = [];
  readonly #rows: PlaceRows;
  readonly #source: number;
  readonly #unit: string;
  readonly #onProgress: (share: number) => void;

  /** `unit` is what the format calls a row: line, feature, row. */
  constructor(rows: PlaceRows, source: number, unit: string, onProgress: (share: number) => void) {
    this.#rows = rows;
    this.#source = source;
    this.#unit = unit;
    this.#onProgress = onProgress;
  }

  /** `row` is its number, counted from 1, or what else names it. @throws {PlacesError} when there is no sense in going on */
  add(row: number | string, place: ImportedPlace): void {
    const fault = this.#rows.add(this.#source, place);
    if (fault === undefined) this.places += 1;
    else this.refuse(row, fault);
  }

  /** @throws {PlacesError} when everything so far was wrong */
  refuse(row: number | string, reason: string): void {
    this.wrong += 1;
    if (this.faults.length < WRONG_ROWS_SHOWN) {
      this.faults.push(`${typeof row === 'number' ? `${this.#unit} ${row}` : row}: ${reason}`);
    }
    if (this.wrong === WRONG_ROWS_AT_FIRST && this.places + this.leftOut === 0) throw this.#nothingButWrong();
  }

  leaveOut(): void {
    this.leftOut += 1;
  }

  /** 0 to 1, of this file. */
  progress(share: number): void {
    this.#onProgress(share);
  }

  /** @throws {PlacesError} when the file had no place */
  finish(): void {
    if (this.places > 0) return;
    if (this.wrong > 0) throw this.#nothingButWrong();
    throw new PlacesError(this.leftOut > 0 ? 'none of what is in it is a named place' : 'there is nothing in it');
  }

  #nothingButWrong(): PlacesError {
    const rows = this.wrong === 1 ? `its only ${this.#unit}` : `none of its first ${this.wrong} ${this.#unit}s`;
    return new PlacesError(`${rows} is ${this.wrong === 1 ? 'no' : 'a'} place; ${this.faults[0]}`);
  }
}
