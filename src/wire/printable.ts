// Bytes from outside as text for people.
import { CR, LF } from './bytes.ts';
import { LOG_LINE_BYTES } from './limits.ts';

/**
 * Bytes as printable ASCII: everything else, and the backslash, becomes `\xNN`. A line's end is left out, and a line over
 * `LOG_LINE_BYTES` is cut and marked with `...`.
 */
export function printable(bytes: Uint8Array, start: number, end: number): string {
  let last = end;
  while (last > start && (bytes[last - 1] === LF || bytes[last - 1] === CR)) last -= 1;
  const shown = Math.min(last, start + LOG_LINE_BYTES);
  let text = '';
  for (let index = start; index < shown; index += 1) {
    const byte = bytes[index] as number;
    if (byte >= 0x20 && byte < 0x7f && byte !== 0x5c) text += String.fromCharCode(byte);
    else text += `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return shown < last ? `${text}...` : text;
}
