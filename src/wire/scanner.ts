// Finds plain reports and plain records, some of them at a time: the work is done in WebAssembly (`scanner/scan.ts`), this hands it bytes and
// knows where its results are. Nothing of one scan counts in the next.
import { SCANNER_CODE } from './scanner-code.ts';

/** As in `scanner/scan.ts`. */
const ROW_BYTES = 80;

/**
 * So much is handed over, and so much for each report or record that is wanted, which for the most is within the scanner's window: of what is
 * longer, fewer are found in one scan.
 */
const LEAST_BYTES = 256;
const EACH_BYTES = 96;
/** `I`. */
const REPORT_BEGINS = 0x49;

/** Of a result row in `scannedIntegers`: where the parts are, counted from where the scan began, and what needs no more than 32 bits. */
export const ROW_INTEGERS: number = ROW_BYTES / Int32Array.BYTES_PER_ELEMENT;
export const CLIENT_START = 0;
export const CLIENT_END = 1;
export const LOCATION_END = 2;
export const STAMP_END = 3;
export const NANOSECONDS = 4;
// Of records only.
export const RECEIVED_NANOSECONDS = 5;
export const ORIGIN = 6;
export const BODY_START = 7;
/** Below zero if the record is ordered by its stamp. */
export const ORDER_NANOSECONDS = 8;

/** Of a result row in `scannedDoubles`. */
export const ROW_DOUBLES: number = ROW_BYTES / Float64Array.BYTES_PER_ELEMENT;
export const SECONDS = 5;
// Of records only.
export const RECEIVED_SECONDS = 6;
export const ORDER_SECONDS = 7;
export const SEQUENCE = 8;

/** What of it is used here: no library for TypeScript declares it but the browser's. */
declare const WebAssembly: {
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

interface Scanner {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly WINDOW: { readonly value: number };
  readonly ROWS: { readonly value: number };
  reports(length: number, most: number): number;
  records(length: number, most: number): number;
}

const scanner = start();
const window = new Uint8Array(...memoryFrom(scanner?.WINDOW));

/** The results of the last scan, a row for each report or record. */
export const scannedIntegers: Int32Array = new Int32Array(...memoryFrom(scanner?.ROWS));
export const scannedDoubles: Float64Array = new Float64Array(...memoryFrom(scanner?.ROWS));

/**
 * Undefined where there is no WebAssembly, or no room for it: V8 sets ten gigabytes of addresses aside for any memory of its, which a limit on
 * addresses may forbid. Then nothing is plain.
 */
function start(): Scanner | undefined {
  try {
    const code = Uint8Array.from(atob(SCANNER_CODE), (character) => character.charCodeAt(0));
    return new WebAssembly.Instance(new WebAssembly.Module(code)).exports as Scanner;
  } catch {
    return undefined;
  }
}

function memoryFrom(start: { readonly value: number } | undefined): [ArrayBuffer, number] {
  return scanner === undefined || start === undefined ? [new ArrayBuffer(0), 0] : [scanner.memory.buffer, start.value];
}

/** Finds the plain reports that stand one after the other from `start` on, each with its LF; returns how many, at most `most`. */
export function scanReports(bytes: Uint8Array, start: number, most: number): number {
  // A question need not be copied to be none.
  if (bytes[start] !== REPORT_BEGINS) return 0;
  return scanner === undefined ? 0 : scanner.reports(show(bytes, start, bytes.length, most), most);
}

/** Finds the plain records of a batch that stand one after the other in `bytes[start, end)`; returns how many, at most `most`. */
export function scanRecords(bytes: Uint8Array, start: number, end: number, most: number): number {
  return scanner === undefined ? 0 : scanner.records(show(bytes, start, end, most), most);
}

function show(bytes: Uint8Array, start: number, end: number, most: number): number {
  const length = Math.min(end - start, LEAST_BYTES + most * EACH_BYTES);
  window.set(bytes.subarray(start, start + length));
  return length;
}
