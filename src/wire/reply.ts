// What a server says to a client, printed into a writer. Fields of the client are copied as the bytes they were.
import { type ByteWriter, CR, LF, SPACE } from './bytes.ts';
import type { Command } from './command.ts';
import { type Instant, writeSkew } from './instant.ts';
import { NO_SCAN } from './kernel.ts';
import type { Line } from './lines.ts';
import type { NewRecord, StoredRecord } from './record.ts';

/** The beginning of an `AT` line: `AT <server> <skew> `. The report's own bytes and an LF follow. */
export function writeAtStart(out: ByteWriter, server: Uint8Array, received: Instant, stamp: Instant): void {
  out.reserve(3 + server.length + 1);
  const { bytes } = out;
  let at = out.length;
  bytes[at++] = 0x41;
  bytes[at++] = 0x54;
  bytes[at++] = SPACE;
  for (let index = 0; index < server.length; index += 1) bytes[at++] = server[index] as number;
  bytes[at++] = SPACE;
  out.length = at;
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

/**
 * Prints `client location stamp` with single spaces between, and notes in `into` where it stands: in `line` if it stands there so, or in
 * `out`.
 */
export function writeReportText(out: ByteWriter, line: Uint8Array, command: Command, into: NewRecord): void {
  const { clientStart, clientEnd, locationStart, locationEnd, stampStart, stampEnd } = command;
  const isSingle = locationStart === clientEnd + 1 && stampStart === locationEnd + 1;
  if (isSingle && line[clientEnd] === SPACE && line[locationEnd] === SPACE) {
    noteReportText(line, command, into);
    return out.copy(line, clientStart, stampEnd);
  }
  const start = out.length;
  out.copy(line, clientStart, clientEnd);
  out.byte(SPACE);
  out.copy(line, locationStart, locationEnd);
  out.byte(SPACE);
  out.copy(line, stampStart, stampEnd);
  into.scan = NO_SCAN;
  into.text = out.bytes;
  into.textStart = start;
  into.textLength = out.length - start;
}

/** As `writeReportText`, of a report that stands in its line as it is printed, and is printed already. */
export function noteReportText(line: Uint8Array, { clientStart, stampEnd, scan, row }: Command, into: NewRecord): void {
  into.text = line;
  into.textStart = clientStart;
  into.textLength = stampEnd - clientStart;
  into.scan = scan;
  into.row = row;
}

/** What a WHATSAT is answered: the client's last `AT` line and the places around it; or that it found no answer, if either is missing. */
export function writePlaces(
  out: ByteWriter,
  record: StoredRecord | undefined,
  places: Uint8Array | undefined,
  line: Line,
): void {
  if (record === undefined || places === undefined) return writeInvalid(out, line);
  writeAtStart(out, record.origin.nameBytes, record.received, record.stamp);
  out.copy(record.text, record.textStart, record.textStart + record.textLength);
  out.byte(LF);
  out.copy(places);
  out.byte(LF);
  out.byte(LF);
}
