// What a server says to a client, printed into a writer. Fields of the client are copied as the bytes they were.
import { type ByteWriter, CR, LF, SPACE } from './bytes.ts';
import type { Command } from './command.ts';
import { type Instant, writeSkew } from './instant.ts';
import type { Line } from './lines.ts';

/** The beginning of an `AT` line: `AT <server> <skew> `. The report's own bytes and an LF follow. */
export function writeAtStart(out: ByteWriter, server: Uint8Array, received: Instant, stamp: Instant): void {
  out.ascii('AT ');
  out.copy(server);
  out.byte(SPACE);
  writeSkew(out, received, stamp);
  out.byte(SPACE);
}

/** `? ` and the line as it was received, without its LF or CRLF: it is no valid command, or found no answer. */
export function writeInvalid(out: ByteWriter, line: Line): void {
  const { bytes, start, end, terminated } = line;
  out.ascii('? ');
  out.copy(bytes, start, terminated && end > start && bytes[end - 1] === CR ? end - 1 : end);
  out.byte(LF);
}

/** `? `, the beginning of a line that was over the limit, and `...`. */
export function writeTooLong(out: ByteWriter, excerpt: Line): void {
  out.ascii('? ');
  out.copy(excerpt.bytes, excerpt.start, excerpt.end);
  out.ascii('...\n');
}

/** `client location stamp` with single spaces between. */
export function writeReportText(out: ByteWriter, line: Uint8Array, command: Command): void {
  const { clientStart, clientEnd, locationStart, locationEnd, stampStart, stampEnd } = command;
  const isSingle = locationStart === clientEnd + 1 && stampStart === locationEnd + 1;
  if (isSingle && line[clientEnd] === SPACE && line[locationEnd] === SPACE)
    return out.copy(line, clientStart, stampEnd);
  out.copy(line, clientStart, clientEnd);
  out.byte(SPACE);
  out.copy(line, locationStart, locationEnd);
  out.byte(SPACE);
  out.copy(line, stampStart, stampEnd);
}
