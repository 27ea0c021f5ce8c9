// What a client can say: one line to one command, as offsets into the line's bytes and numbers. Nothing is allocated
// per line. Knows the grammar, not whether a client is known.
import { isDigit, isWhiteSpace } from './bytes.ts';
import { type Instant, parseStamp } from './instant.ts';
import { NO_SCAN } from './kernel.ts';
import { BOUND, RADIUS_KM } from './limits.ts';
import { type Position, parseLocation } from './location.ts';

export type CommandKind = 'blank' | 'iamat' | 'whatsat' | 'invalid';

/** One parsed line; reused for every line. Fields that its kind does not have are stale. */
export class Command {
  clientStart = 0;
  clientEnd = 0;
  locationStart = 0;
  locationEnd = 0;
  stampStart = 0;
  stampEnd = 0;
  /** Only `parseCommand` sets it: of a report that was read ahead it is stale. */
  readonly position: Position = { latitude: 0, longitude: 0 };
  readonly stamp: Instant = { seconds: 0, nanoseconds: 0 };
  radiusKm = 0;
  bound = 0;
  /** WHATSAT asks for a report at least as new as `stamp`. */
  since = false;
  /** The scan of the kernel that found it, and its row there; none of a command that was parsed by itself. */
  scan: number = NO_SCAN;
  row = 0;
  /** Where the core expects the client's record: its own note. Below zero when it has none. */
  expectedAt = -1;
}

/** A command word and three arguments. */
const FIELDS = 4;
/** `SINCE` and a stamp may follow a WHATSAT; a seventh field makes any line invalid, so more need not be found. */
const MOST_FIELDS = 6;
const starts = new Int32Array(MOST_FIELDS);
const ends = new Int32Array(MOST_FIELDS);

/** Reads the line `bytes[start, end)` (no LF) into `command` and returns its kind. */
export function parseCommand(bytes: Uint8Array, start: number, end: number, command: Command): CommandKind {
  const fields = splitFields(bytes, start, end);
  return fields === 0 ? 'blank' : kindOf(bytes, fields, command);
}

/** Finds the fields of a line; returns their number, or one more than `MOST_FIELDS` for any larger number. */
function splitFields(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  let at = start;
  for (;;) {
    while (at < end && isWhiteSpace(bytes[at] as number)) at += 1;
    if (at === end) return count;
    if (count === MOST_FIELDS) return MOST_FIELDS + 1;
    starts[count] = at;
    while (at < end && !isWhiteSpace(bytes[at] as number)) at += 1;
    ends[count] = at;
    count += 1;
  }
}

function kindOf(bytes: Uint8Array, fields: number, command: Command): CommandKind {
  if (fields !== FIELDS && fields !== MOST_FIELDS) return 'invalid';
  command.clientStart = starts[1] as number;
  command.clientEnd = ends[1] as number;
  if (fields === FIELDS && isWord(bytes, 0, 'IAMAT')) {
    command.locationStart = starts[2] as number;
    command.locationEnd = ends[2] as number;
    command.stampStart = starts[3] as number;
    command.stampEnd = ends[3] as number;
    const valid =
      parseLocation(bytes, command.locationStart, command.locationEnd, command.position) &&
      parseStamp(bytes, command.stampStart, command.stampEnd, command.stamp);
    return valid ? 'iamat' : 'invalid';
  }
  if (isWord(bytes, 0, 'WHATSAT')) {
    command.since = fields === MOST_FIELDS;
    if (command.since && !isSince(bytes, command)) return 'invalid';
    command.radiusKm = parseDecimal(bytes, starts[2] as number, ends[2] as number, RADIUS_KM, true);
    command.bound = parseDecimal(bytes, starts[3] as number, ends[3] as number, BOUND, false);
    return command.radiusKm >= 0 && command.bound >= 0 ? 'whatsat' : 'invalid';
  }
  return 'invalid';
}

/** `SINCE <stamp>` behind the bound: an extension of the published protocol. */
function isSince(bytes: Uint8Array, command: Command): boolean {
  return isWord(bytes, 4, 'SINCE') && parseStamp(bytes, starts[5] as number, ends[5] as number, command.stamp);
}

function isWord(bytes: Uint8Array, field: number, word: string): boolean {
  const start = starts[field] as number;
  if ((ends[field] as number) - start !== word.length) return false;
  for (let index = 0; index < word.length; index += 1) {
    if (bytes[start + index] !== word.charCodeAt(index)) return false;
  }
  return true;
}

/** `D+`, or `D+(.D+)?` with `fractionAllowed`, from 0 to `most` inclusive; -1 for anything else. */
function parseDecimal(bytes: Uint8Array, start: number, end: number, most: number, fractionAllowed: boolean): number {
  let value = 0;
  let scale = 1;
  let aboveInteger = false;
  let at = start;
  for (; at < end && isDigit(bytes[at] as number); at += 1) {
    value = value * 10 + (bytes[at] as number) - 0x30;
    if (value > most) return -1;
  }
  if (at === start) return -1;
  if (at < end) {
    if (!fractionAllowed || bytes[at] !== 0x2e || at + 1 === end) return -1;
    const integer = value;
    let fraction = 0;
    for (at += 1; at < end; at += 1) {
      const byte = bytes[at] as number;
      if (!isDigit(byte)) return -1;
      aboveInteger ||= byte !== 0x30;
      // Nine decimals of a kilometre are a micrometre; the rest cannot change an answer.
      if (scale < 1e9) {
        fraction = fraction * 10 + byte - 0x30;
        scale *= 10;
      }
    }
    if (integer === most && aboveInteger) return -1;
    value = integer + fraction / scale;
  }
  return value;
}
