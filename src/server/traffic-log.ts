// The log's records of traffic: every line that was received and sent, and what became of each report. There are several for
// one report, so they are written as bytes straight into the log file's buffer, and nothing is made for any of them; they
// are the same bytes as the log library would write. Knows no rule.

import { CR, LF } from '../wire/bytes.ts';
import type { Command } from '../wire/command.ts';
import { LOG_LINE_BYTES, LOG_RECORD_BYTES } from '../wire/limits.ts';
import type { Line } from '../wire/lines.ts';
import type { StoredRecord } from '../wire/record.ts';
import type { LogFile } from './log-file.ts';

const BEFORE_TIME = '{"level":30,"time":"';
/** As `toISOString` writes every year up to 9999. */
const TIME = '1970-01-01T00:00:00.000Z';

const CONNECTION = ascii(',"connection":');
const LINE = ascii(',"line":"');
const RECEIVED = ascii('","tooLong":false,"event":"received"}\n');
const RECEIVED_TOO_LONG = ascii('","tooLong":true,"event":"received"}\n');
const BYTES = ascii('","bytes":');
const SENT = ascii(',"event":"sent"}\n');
const CLIENT = ascii(',"client":"');
const STALE = ascii('","event":"report stale"}\n');
const ORIGIN = ascii('","origin":"');
const SEQUENCE = ascii('","sequence":');
const FROM = ascii(',"from":"');
const ACCEPTED = ascii('","event":"report accepted"}\n');
const FORGETTING_ACCEPTED = ascii('","event":"forgetting accepted"}\n');
const TO = ascii(',"to":"');
const FORWARDED = ascii('","event":"report forwarded"}\n');
const CUT = ascii('...');
const HEX = ascii('0123456789abcdef');

/** Up to this length a loop is faster than the native copy. */
const LOOP_BYTES = 8;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** 1 for bytes that stand for themselves. */
const IS_PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < 0x7f && byte !== BACKSLASH && byte !== QUOTE ? 1 : 0,
);

export class TrafficLog {
  private readonly file: LogFile;
  /** What every record begins with: level, time and server, as of `timeMs`. */
  private readonly head: Buffer;
  private timeMs = 0;
  /** The clock was read in this turn of the event loop: asking it for each record would cost a fifth of the log. */
  private isTimely = false;

  /** @param server its name, which every record bears */
  constructor(file: LogFile, server: string) {
    this.file = file;
    this.head = ascii(`${BEFORE_TIME}${TIME}","server":${JSON.stringify(server)}`);
  }

  received(connection: number, line: Line): void {
    if (!this.file.reserve(LOG_RECORD_BYTES)) return;
    const { bytes } = this.file;
    let at = copy(bytes, this.begin(bytes), CONNECTION);
    at = decimal(bytes, at, connection);
    at = copy(bytes, at, LINE);
    at = printable(bytes, at, line.bytes, line.start, line.end);
    this.file.extend(copy(bytes, at, line.tooLong ? RECEIVED_TOO_LONG : RECEIVED));
  }

  sent(connection: number, reply: Uint8Array, start: number, end: number, replyBytes: number): void {
    if (!this.file.reserve(LOG_RECORD_BYTES)) return;
    const { bytes } = this.file;
    let at = copy(bytes, this.begin(bytes), CONNECTION);
    at = decimal(bytes, at, connection);
    at = copy(bytes, at, LINE);
    at = printable(bytes, at, reply, start, end);
    at = copy(bytes, at, BYTES);
    at = decimal(bytes, at, replyBytes);
    this.file.extend(copy(bytes, at, SENT));
  }

  stale(connection: number, line: Line, command: Command): void {
    if (!this.file.reserve(LOG_RECORD_BYTES)) return;
    const { bytes } = this.file;
    let at = copy(bytes, this.begin(bytes), CONNECTION);
    at = decimal(bytes, at, connection);
    at = copy(bytes, at, CLIENT);
    at = printable(bytes, at, line.bytes, command.clientStart, command.clientEnd);
    this.file.extend(copy(bytes, at, STALE));
  }

  accepted(record: StoredRecord, from: string | undefined): void {
    if (record.forgotten) this.report(record, FROM, from ?? 'operator', FORGETTING_ACCEPTED);
    else this.report(record, FROM, from ?? 'client', ACCEPTED);
  }

  superseded(record: StoredRecord, from: string): void {
    this.report(record, FROM, from, STALE);
  }

  forwarded(record: StoredRecord, to: string): void {
    this.report(record, TO, to, FORWARDED);
  }

  private report(record: StoredRecord, direction: Uint8Array, who: string, event: Uint8Array): void {
    if (!this.file.reserve(LOG_RECORD_BYTES)) return;
    const { bytes } = this.file;
    let at = copy(bytes, this.begin(bytes), CLIENT);
    at = printable(bytes, at, record.text, record.textStart, record.textStart + record.clientLength);
    at = copy(bytes, at, ORIGIN);
    at = name(bytes, at, record.origin.name);
    at = copy(bytes, at, SEQUENCE);
    at = decimal(bytes, at, record.sequence);
    at = copy(bytes, at, direction);
    at = name(bytes, at, who);
    this.file.extend(copy(bytes, at, event));
  }

  /** Writes what a record begins with, and returns where that ends. */
  private begin(bytes: Uint8Array): number {
    if (!this.isTimely) this.readClock();
    return copy(bytes, this.file.length, this.head);
  }

  private readClock(): void {
    this.isTimely = true;
    setImmediate(this.turnEnded);
    const nowMs = Date.now();
    if (nowMs === this.timeMs) return;
    this.timeMs = nowMs;
    this.head.write(new Date(nowMs).toISOString(), BEFORE_TIME.length, TIME.length, 'latin1');
  }

  private readonly turnEnded = (): void => {
    this.isTimely = false;
  };
}

function ascii(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

// Each of these writes into `bytes` from `at` on and returns where it ended. The room has been reserved.

function copy(bytes: Uint8Array, at: number, source: Uint8Array): number {
  if (source.length > LOOP_BYTES) bytes.set(source, at);
  else for (let index = 0; index < source.length; index += 1) bytes[at + index] = source[index] as number;
  return at + source.length;
}

/** The JSON string of what `printable` of wire/ makes of these bytes: its backslashes are escaped once more. */
function printable(bytes: Uint8Array, at: number, source: Uint8Array, start: number, end: number): number {
  let last = end;
  while (last > start && (source[last - 1] === LF || source[last - 1] === CR)) last -= 1;
  const shown = Math.min(last, start + LOG_LINE_BYTES);
  let to = at;
  let index = start;
  while (index < shown) {
    // Nearly all bytes are plain, and looking at four together costs half as much.
    if (index + 4 <= shown && fourArePlain(source, index)) {
      bytes[to] = source[index] as number;
      bytes[to + 1] = source[index + 1] as number;
      bytes[to + 2] = source[index + 2] as number;
      bytes[to + 3] = source[index + 3] as number;
      to += 4;
      index += 4;
    } else {
      to = printableByte(bytes, to, source[index] as number);
      index += 1;
    }
  }
  return shown < last ? copy(bytes, to, CUT) : to;
}

function fourArePlain(source: Uint8Array, at: number): boolean {
  return (isPlain(source, at) & isPlain(source, at + 1) & isPlain(source, at + 2) & isPlain(source, at + 3)) === 1;
}

function isPlain(source: Uint8Array, at: number): number {
  return IS_PLAIN[source[at] as number] as number;
}

function printableByte(bytes: Uint8Array, at: number, byte: number): number {
  let to = at;
  if (byte === QUOTE || IS_PLAIN[byte] === 1) {
    if (byte === QUOTE) bytes[to++] = BACKSLASH;
    bytes[to++] = byte;
    return to;
  }
  bytes[to++] = BACKSLASH;
  bytes[to++] = BACKSLASH;
  bytes[to++] = 0x78;
  bytes[to++] = HEX[byte >> 4] as number;
  bytes[to++] = HEX[byte & 15] as number;
  return to;
}

/** A server's name: printable ASCII, which may hold what JSON must escape. */
function name(bytes: Uint8Array, at: number, text: string): number {
  let to = at;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === QUOTE || code === BACKSLASH) bytes[to++] = BACKSLASH;
    bytes[to++] = code;
  }
  return to;
}

/** A non-negative integer up to 2^53 - 1. */
function decimal(bytes: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits += 1;
  let rest = value;
  for (let index = at + digits - 1; index >= at; index -= 1) {
    const quotient = Math.floor(rest / 10);
    bytes[index] = 0x30 + (rest - quotient * 10);
    rest = quotient;
  }
  return at + digits;
}
