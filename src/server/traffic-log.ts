// The log's records of traffic: every line that was received and sent, and what became of each report. There are several for
// one report, so they are written as bytes straight into the log file's buffer, and nothing is made for any of them; they
// are the same bytes as the log library would write. Knows no rule.

import { CR, copyWords, digitsOf, LF, setDecimal, Words } from '../wire/bytes.ts';
import type { Command } from '../wire/command.ts';
import { LOG_LINE_BYTES, LOG_RECORD_BYTES } from '../wire/limits.ts';
import type { Line } from '../wire/lines.ts';
import type { Origin } from '../wire/messages.ts';
import type { StoredRecord } from '../wire/record.ts';
import type { LogFile } from './log-file.ts';

const BEFORE_TIME = '{"level":30,"time":"';
/** As `toISOString` writes every year up to 9999. */
const TIME = '1970-01-01T00:00:00.000Z';

const CONNECTION = ',"connection":';
const LINE = part(',"line":"');
const CLIENT = part(',"client":"');
const RECEIVED = part('","tooLong":false,"event":"received"}\n');
const RECEIVED_TOO_LONG = part('","tooLong":true,"event":"received"}\n');
const BYTES = part('","bytes":');
const SENT = part(',"event":"sent"}\n');
const STALE = part('","event":"report stale"}\n');
const CUT = part('...');
const HEX = ascii('0123456789abcdef');

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** What a record of a report ends with: to or from whom, and what became of it. One for each server that is named. */
type Tails = (who: string) => DataView;

export class TrafficLog {
  private readonly file: LogFile;
  private readonly words = new Words();
  /** What is printed from: each is mostly the same as the last time, and they take turns. */
  private readonly lines = new Words();
  private readonly replies = new Words();
  private readonly records = new Words();
  /** What every record begins with: level, time as of `timeMs`, server. Behind that the connection, which only records of lines have. */
  private readonly head: Buffer;
  private readonly headView: DataView;
  private readonly headLength: number;
  private connection = -1;
  private connectionEnd = 0;
  private timeMs = 0;
  /** The clock was read in this turn of the event loop: asking it for each record would cost a fifth of the log. */
  private isTimely = false;
  /** What names the origin of a report, and the one that it was made for. */
  private originPart = CUT;
  private origin: Origin | undefined;
  private readonly acceptedFrom = tails('from', 'report accepted');
  private readonly forgettingFrom = tails('from', 'forgetting accepted');
  private readonly staleFrom = tails('from', 'report stale');
  private readonly forwardedTo = tails('to', 'report forwarded');

  /** @param server its name, which every record bears */
  constructor(file: LogFile, server: string) {
    this.file = file;
    const head = `${BEFORE_TIME}${TIME}","server":${JSON.stringify(server)}`;
    this.headLength = head.length;
    this.head = ascii(`${head}${CONNECTION}${Number.MAX_SAFE_INTEGER}`);
    this.headView = viewOf(this.head);
  }

  received(connection: number, line: Line): void {
    if (!this.file.reserve(LOG_RECORD_BYTES)) return;
    const at = this.copy(this.beginOf(connection), LINE);
    const end = this.printable(at, this.lines, line.bytes, line.start, line.end);
    this.file.extend(this.copy(end, line.tooLong ? RECEIVED_TOO_LONG : RECEIVED));
  }

  sent(connection: number, reply: Uint8Array, start: number, end: number, replyBytes: number): void {
    if (!this.file.reserve(LOG_RECORD_BYTES)) return;
    let at = this.copy(this.beginOf(connection), LINE);
    at = this.printable(at, this.replies, reply, start, end);
    at = this.decimal(this.copy(at, BYTES), replyBytes);
    this.file.extend(this.copy(at, SENT));
  }

  stale(connection: number, line: Line, command: Command): void {
    if (!this.file.reserve(LOG_RECORD_BYTES)) return;
    const at = this.copy(this.beginOf(connection), CLIENT);
    const end = this.printable(at, this.lines, line.bytes, command.clientStart, command.clientEnd);
    this.file.extend(this.copy(end, STALE));
  }

  accepted(record: StoredRecord, from: string | undefined): void {
    if (record.forgotten) this.report(record, this.forgettingFrom(from ?? 'operator'));
    else this.report(record, this.acceptedFrom(from ?? 'client'));
  }

  superseded(record: StoredRecord, from: string): void {
    this.report(record, this.staleFrom(from));
  }

  forwarded(record: StoredRecord, to: string): void {
    this.report(record, this.forwardedTo(to));
  }

  private report(record: StoredRecord, tail: DataView): void {
    if (!this.file.reserve(LOG_RECORD_BYTES)) return;
    if (record.origin !== this.origin) {
      this.origin = record.origin;
      this.originPart = part(`","origin":${JSON.stringify(record.origin.name)},"sequence":`);
    }
    let at = this.copy(this.begin(this.headLength), CLIENT);
    at = this.printable(at, this.records, record.text, record.textStart, record.textStart + record.clientLength);
    at = this.decimal(this.copy(at, this.originPart), record.sequence);
    this.file.extend(this.copy(at, tail));
  }

  /** Writes what every record begins with, and the connection if `headBytes` reach that far; returns where that ends. */
  private begin(headBytes: number): number {
    if (!this.isTimely) this.readClock();
    const { bytes, length } = this.file;
    copyWords(this.words.of(bytes), length, this.headView, 0, headBytes);
    return length + headBytes;
  }

  /** Writes what the record of a line of this connection begins with, nearly always the one that the record before was of. */
  private beginOf(connection: number): number {
    if (connection !== this.connection) {
      this.connection = connection;
      this.connectionEnd = setDecimal(this.head, this.headLength + CONNECTION.length, connection, digitsOf(connection));
    }
    return this.begin(this.connectionEnd);
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

  // Each of these writes into the file's bytes from `at` on and returns where it ended. The room has been reserved.

  private copy(at: number, source: DataView): number {
    copyWords(this.words.of(this.file.bytes), at, source, 0, source.byteLength);
    return at + source.byteLength;
  }

  /** A non-negative integer up to 2^53 - 1. */
  private decimal(at: number, value: number): number {
    return setDecimal(this.file.bytes, at, value, digitsOf(value));
  }

  /** The JSON string of what `printable` of wire/ makes of these bytes: its backslashes are escaped once more. */
  private printable(at: number, from: Words, source: Uint8Array, start: number, end: number): number {
    let last = end;
    while (last > start && (source[last - 1] === LF || source[last - 1] === CR)) last -= 1;
    const shown = Math.min(last, start + LOG_LINE_BYTES);
    const { bytes } = this.file;
    const words = this.words.of(bytes);
    const view = from.of(source);
    let to = at;
    let index = start;
    while (index < shown) {
      // Nearly all bytes are plain, and four are looked at and copied together.
      const word = index + 4 <= shown ? view.getInt32(index, true) : 0;
      if (isPlain(word)) {
        words.setInt32(to, word, true);
        to += 4;
        index += 4;
      } else {
        to = printableByte(bytes, to, source[index] as number);
        index += 1;
      }
    }
    return shown < last ? this.copy(to, CUT) : to;
  }
}

const HIGH_BITS = 0x80808080 | 0;
const LOW_BITS = 0x7f7f7f7f;
const SPACES = 0x20202020;
const ONES = 0x01010101;
const QUOTES = 0x22222222;
const BACKSLASHES = 0x5c5c5c5c;

/**
 * Whether four bytes stand for themselves: printable ASCII but for the quote and the backslash. Each addition and subtraction leaves the
 * highest bit of a byte set, or not, without touching the byte beside it.
 */
function isPlain(word: number): boolean {
  const low = word & LOW_BITS;
  const atLeastSpace = (low | HIGH_BITS) - SPACES;
  const isDelete = low + ONES;
  const isNoQuote = (low ^ QUOTES) + LOW_BITS;
  const isNoBackslash = (low ^ BACKSLASHES) + LOW_BITS;
  return (atLeastSpace & ~isDelete & isNoQuote & isNoBackslash & ~word & HIGH_BITS) === HIGH_BITS;
}

function ascii(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}

/** Text that is the same in many records, as it is copied. */
function part(text: string): DataView {
  return viewOf(ascii(text));
}

function tails(direction: 'from' | 'to', event: string): Tails {
  const made = new Map<string, DataView>();
  return (who) => {
    let tail = made.get(who);
    if (tail === undefined) {
      tail = part(`,"${direction}":${JSON.stringify(who)},"event":"${event}"}\n`);
      made.set(who, tail);
    }
    return tail;
  };
}

function printableByte(bytes: Uint8Array, at: number, byte: number): number {
  let to = at;
  if (byte >= 0x20 && byte < 0x7f && byte !== BACKSLASH) {
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
