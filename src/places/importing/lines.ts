// Lines of a large text, in pieces: no array of all of them, and no event for each. Knows UTF-8 and line ends.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { INPUT_LINE_BYTES } from '../limits.ts';
import { PlacesError } from '../provider.ts';

const PIECE_BYTES = 1024 * 1024;

/** Calls `onLine` with each line that is not empty, without its end, and its number from 1. @throws {PlacesError} when one is too long */
export async function readLines(
  file: string,
  onLine: (line: string, number: number) => void,
  onProgress: (share: number) => void,
): Promise<void> {
  const { size } = await stat(file);
  // What is not UTF-8 becomes U+FFFD, and a byte order mark nothing.
  const decoder = new TextDecoder();
  let rest = '';
  let number = 0;
  let bytes = 0;
  const take = (text: string): void => {
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      number += 1;
      const last = text.charCodeAt(end - 1) === 0x0d ? end - 1 : end;
      if (last > start) onLine(text.slice(start, last), number);
      start = end + 1;
    }
    rest = text.slice(start);
  };
  for await (const piece of createReadStream(file, { highWaterMark: PIECE_BYTES })) {
    bytes += (piece as Buffer).length;
    take(rest + decoder.decode(piece as Buffer, { stream: true }));
    if (rest.length > INPUT_LINE_BYTES) {
      throw new PlacesError(`line ${number + 1} is longer than ${INPUT_LINE_BYTES} characters: it is no text of lines`);
    }
    onProgress(bytes / size);
  }
  rest += decoder.decode();
  if (rest !== '') take(`${rest}\n`);
}
