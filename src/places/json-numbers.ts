// Reads JSON without turning its numbers into doubles, which would lose digits. Knows nothing of places.
import { scanObject } from './json-scan.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** A string, or a number outside of one. The document has been scanned, so nothing else begins like either. */
const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/**
 * The object that the document is, with each number as a string of its digits; `numberText` tells what can be one.
 * @throws {JsonFault} when it is not exactly one complete JSON object
 */
export function parseKeepingNumbers(document: Uint8Array): JsonObject {
  scanObject(document);
  const text = Buffer.from(document.buffer, document.byteOffset, document.length).toString();
  return JSON.parse(
    text.replace(STRING_OR_NUMBER, (token) => (token.startsWith('"') ? token : `"${token}"`)),
  ) as JsonObject;
}

/** The digits, or undefined when the value is no number. */
export function numberText(value: unknown): string | undefined {
  return typeof value === 'string' && NUMBER.test(value) ? value : undefined;
}

export function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** An object without members when the value is none. */
export function objectOf(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

/** An empty list when the value is none. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
