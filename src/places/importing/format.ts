// What every reader of a format is: a function from a file to an intake, and what can be said about the data. Knows no format.
import type { Intake } from './intake.ts';

/** Where a CSV file or the properties of a GeoJSON feature have what; only what is not called as usual. */
export interface Columns {
  readonly name?: string;
  readonly latitude?: string;
  readonly longitude?: string;
  readonly type?: string;
  readonly vicinity?: string;
}

export interface ReadOptions {
  readonly columns: Columns;
  /** Between the values of a CSV file; a comma by default. */
  readonly delimiter: string;
}

/** What a licence asks users to show, as far as the format says it by itself. */
export interface Origin {
  readonly key: string;
  readonly source: string;
  readonly licence: string;
  readonly licenceUrl: string;
  readonly attribution: string;
  readonly url: string;
}

export interface Format {
  readonly name: string;
  /** What it calls a row. */
  readonly unit: string;
  /** Whose data it is; undefined for a format that anybody may fill. */
  readonly origin?: Origin;
  /** Rejects with the reason when the file is not of this format, or damaged. */
  readonly read: (file: string, options: ReadOptions, intake: Intake) => Promise<void>;
}

/** Of a place of which nothing more is known. */
export const PLAIN_TYPES: readonly string[] = ['point_of_interest', 'establishment'];

/** Digits with a point, and the exponent that programs write for what is small (`1e-05`). No hexadecimal number, no `Infinity`. */
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;

/** NaN for what is no decimal number; what is empty, to JavaScript 0, is none. */
export function decimalFrom(text: string): number {
  const digits = text.trim();
  return DECIMAL.test(digits) ? Number(digits) : Number.NaN;
}

/** `Coffee Shop` and `coffee-shop` as Nearby Search writes a type: `coffee_shop`. */
export function typeName(text: string): string {
  return text
    .normalize('NFKD')
    .replaceAll(/\p{Mark}/gu, '')
    .toLowerCase()
    .replaceAll(/[^\p{Letter}\p{Number}]+/gu, '_')
    .replaceAll(/^_+|_+$/g, '');
}

/** `Cafe; bakery` as two types; what it is at least comes last. */
export function typesFrom(text: string): readonly string[] {
  const own = text.split(/[;|]/).map(typeName).filter(Boolean);
  return own.length === 0 ? PLAIN_TYPES : [...new Set([...own, ...PLAIN_TYPES])];
}
