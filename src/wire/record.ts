// A record: the winning report of a client, as all servers know it; in memory, and in bytes on a link or on disk. Everything read
// here came from outside and is checked. Knows nothing of links, tables or files.
import {
  type ByteReader,
  ByteWriter,
  equalBytes,
  isWhiteSpace,
  MalformedFrame,
  SPACE,
  setVarint,
  VARINT_MOST_BYTES,
} from './bytes.ts';
import { compareInstants, copyInstant, type Instant, parseStamp } from './instant.ts';
import { NO_SCAN } from './kernel.ts';
import { EARLIEST_SECONDS, FRAME_PAYLOAD_BYTES } from './limits.ts';
import { type Position, parseLocation } from './location.ts';
import { makeOrigin, type Origin } from './messages.ts';

/** A record as it can be looked at. Whoever gets one to look at copies what it keeps: the next record may take its place. */
export interface StoredRecord {
  readonly origin: Origin;
  readonly sequence: number;
  /** The origin's clock when the report came. */
  readonly received: Instant;
  /** What decides which report wins: min(stamp, received + 5 s), fixed by the origin. */
  readonly order: Instant;
  readonly stamp: Instant;
  /**
   * Holds client, location and stamp as the client sent them, from `textStart` on, with a byte between: a space, unless the record lies in
   * the bytes that it was read from (`bodyStart`).
   */
  readonly text: Uint8Array;
  readonly textStart: number;
  readonly textLength: number;
  readonly clientLength: number;
  readonly locationLength: number;
  /** The client was forgotten on request: this record only keeps older reports from coming back. */
  readonly forgotten: boolean;
  /** Where its bytes on a link begin, without its origin's place, if `text` is what it was read from; else -1 or nothing. */
  readonly bodyStart?: number;
}

const NOBODY = makeOrigin('', 0);

/** A record that is filled again and again, so that none is made for each report. */
export class RecordView implements StoredRecord {
  origin: Origin = NOBODY;
  sequence = 0;
  readonly received: Instant = { seconds: 0, nanoseconds: 0 };
  readonly order: Instant = { seconds: 0, nanoseconds: 0 };
  readonly stamp: Instant = { seconds: 0, nanoseconds: 0 };
  text: Uint8Array = new Uint8Array(0);
  textStart = 0;
  textLength = 0;
  clientLength = 0;
  locationLength = 0;
  forgotten = false;
  bodyStart = -1;
}

/** A record that is not in the table yet: just reported, or just read. */
export class NewRecord extends RecordView {
  /** Where its client stands in what it was read from, and its slot in the table as far as that was looked up ahead. */
  clientStart = 0;
  clientEnd = 0;
  expectedAt = -1;
  /** The scan of the kernel that found it, and its row there, if its text is what was found. */
  scan: number = NO_SCAN;
  row = 0;
  /** Where a text is put together that does not lie together in what was read. */
  readonly assembled: ByteWriter = new ByteWriter();
}

/** A copy that stays as it is. */
export function copyRecord(record: StoredRecord): StoredRecord {
  const { origin, sequence, textStart, textLength, clientLength, locationLength, forgotten } = record;
  const text = record.text.slice(textStart, textStart + textLength);
  text[clientLength] = SPACE;
  text[clientLength + 1 + locationLength] = SPACE;
  return {
    origin,
    sequence,
    received: { ...record.received },
    order: { ...record.order },
    stamp: { ...record.stamp },
    text,
    textStart: 0,
    textLength,
    clientLength,
    locationLength,
    forgotten,
  };
}

/** Whether two records are the same in everything that servers tell each other. */
export function sameRecord(left: StoredRecord, right: StoredRecord): boolean {
  return (
    left.origin.name === right.origin.name &&
    left.origin.epoch === right.origin.epoch &&
    left.sequence === right.sequence &&
    compareInstants(left.order, right.order) === 0 &&
    compareInstants(left.received, right.received) === 0 &&
    left.clientLength === right.clientLength &&
    left.locationLength === right.locationLength &&
    left.forgotten === right.forgotten &&
    left.textLength === right.textLength &&
    sameParts(left, right)
  );
}

/** Whatever stands between the parts. */
function sameParts(left: StoredRecord, right: StoredRecord): boolean {
  const { clientLength, locationLength, textLength } = left;
  const stampAt = clientLength + 1 + locationLength + 1;
  return (
    samePart(left, right, 0, clientLength) &&
    samePart(left, right, clientLength + 1, locationLength) &&
    samePart(left, right, stampAt, textLength - stampAt)
  );
}

function samePart(left: StoredRecord, right: StoredRecord, at: number, length: number): boolean {
  return equalBytes(left.text, left.textStart + at, right.text, right.textStart + at, length);
}

/** The client's ID as bytes of its own. */
export function clientBytes({ text, textStart, clientLength }: StoredRecord): Uint8Array {
  return text.slice(textStart, textStart + clientLength);
}

/** The location as bytes of its own, as the client sent it. */
export function locationBytes(record: StoredRecord): Uint8Array {
  const start = record.textStart + record.clientLength + 1;
  return record.text.slice(start, start + record.locationLength);
}

/** The stamp as bytes of its own, as the client sent it. */
export function stampBytes(record: StoredRecord): Uint8Array {
  const start = record.textStart + record.clientLength + 1 + record.locationLength + 1;
  return record.text.slice(start, record.textStart + record.textLength);
}

/** Where the client was. */
export function positionOf(record: StoredRecord): Position {
  const position = { latitude: 0, longitude: 0 };
  const start = record.textStart + record.clientLength + 1;
  parseLocation(record.text, start, start + record.locationLength, position);
  return position;
}

const ORDER_IS_STAMP = 1;
const FORGOTTEN = 2;

/** Of a record: place of the origin, sequence, two instants of two numbers each, flags, the length of the client. */
const NUMBERS_MOST_BYTES = 6 * VARINT_MOST_BYTES + 2;

/** One record of a batch; `originIndex` is its origin's place in the batch's list of origins. */
export function writeRecord(out: ByteWriter, record: StoredRecord, originIndex: number): void {
  const { received, order, text, textStart, textLength, clientLength, locationLength, bodyStart = -1 } = record;
  if (bodyStart >= 0) {
    // It came as these bytes, and goes on as these bytes.
    out.varint(originIndex);
    return out.copy(text, bodyStart, textStart + textLength);
  }
  // Every report passes here on its way to the disk: there is room for all of it at once, and nothing is called for a byte.
  out.reserve(NUMBERS_MOST_BYTES + textLength);
  const { bytes } = out;
  let at = setVarint(bytes, out.length, originIndex);
  at = setVarint(bytes, at, record.sequence);
  at = setInstant(bytes, at, received);
  const orderIsStamp = compareInstants(order, record.stamp) === 0;
  bytes[at] = (orderIsStamp ? ORDER_IS_STAMP : 0) | (record.forgotten ? FORGOTTEN : 0);
  at += 1;
  if (!orderIsStamp) at = setInstant(bytes, at, order);
  const stampLength = textLength - clientLength - locationLength - 2;
  if (clientLength < 0x80 && locationLength < 0x80 && stampLength < 0x80) {
    // Three fields whose lengths are a byte each: the text, with the lengths of what follows in place of its spaces.
    bytes[at] = clientLength;
    at += 1;
    out.set(at, text, textStart, textLength);
    bytes[at + clientLength] = locationLength;
    bytes[at + clientLength + 1 + locationLength] = stampLength;
    out.length = at + textLength;
    return;
  }
  out.length = at;
  const locationStart = textStart + clientLength + 1;
  const stampStart = locationStart + locationLength + 1;
  out.field(text, textStart, locationStart - 1);
  out.field(text, locationStart, stampStart - 1);
  out.field(text, stampStart, textStart + textLength);
}

/**
 * Reads one record of a batch into `into`, whose text then mostly lies in the reader's bytes: it is true as long as they are.
 * @throws {MalformedFrame} if it is not a report that a server could have accepted
 */
export function readRecord(reader: ByteReader, origins: readonly Origin[], into: NewRecord): void {
  const origin = origins[reader.varint()];
  if (origin === undefined) throw new MalformedFrame('record of an origin that the batch does not name');
  into.origin = origin;
  const bodyStart = reader.position;
  into.sequence = reader.varint();
  // Every vector covers 0, so it would be kept here and never be passed on.
  if (into.sequence === 0) throw new MalformedFrame('record without a number');
  readInstant(reader, into.received);
  const flags = reader.byte();
  if (flags > (ORDER_IS_STAMP | FORGOTTEN)) throw new MalformedFrame('record with unknown flags');
  const orderIsStamp = (flags & ORDER_IS_STAMP) !== 0;
  into.forgotten = (flags & FORGOTTEN) !== 0;
  if (!orderIsStamp) readInstant(reader, into.order);
  const { bytes } = reader;
  const clientLength = partLength(reader);
  const clientStart = reader.pass(clientLength);
  const locationLength = partLength(reader);
  const locationStart = reader.pass(locationLength);
  const stampLength = partLength(reader);
  const stampStart = reader.pass(stampLength);
  if (!isClient(bytes, clientStart, clientLength)) throw new MalformedFrame('record of an impossible client');
  if (!parseLocation(bytes, locationStart, locationStart + locationLength, somewhere)) {
    throw new MalformedFrame('record with an impossible location');
  }
  if (!parseStamp(bytes, stampStart, stampStart + stampLength, into.stamp)) {
    throw new MalformedFrame('record with an impossible stamp');
  }
  if (orderIsStamp) copyInstant(into.stamp, into.order);
  else if (!into.forgotten && compareInstants(into.order, into.stamp) > 0) {
    throw new MalformedFrame('record ordered after its stamp');
  }
  into.clientLength = clientLength;
  into.locationLength = locationLength;
  into.textLength = clientLength + locationLength + stampLength + 2;
  into.text = bytes;
  into.textStart = clientStart;
  into.bodyStart = bodyStart;
  into.clientStart = clientStart;
  into.clientEnd = clientStart + clientLength;
  // With lengths of a byte each, which stand where spaces stand in the text, it need not be put together.
  if (stampStart + stampLength !== clientStart + into.textLength) assemble(into, locationStart, stampStart);
}

function assemble(into: NewRecord, locationStart: number, stampStart: number): void {
  const { assembled, text, textStart, textLength, clientLength, locationLength } = into;
  const stampLength = textLength - clientLength - locationLength - 2;
  assembled.reset();
  assembled.copy(text, textStart, textStart + clientLength);
  assembled.byte(SPACE);
  assembled.copy(text, locationStart, locationStart + locationLength);
  assembled.byte(SPACE);
  assembled.copy(text, stampStart, stampStart + stampLength);
  into.text = assembled.bytes;
  into.textStart = 0;
  into.bodyStart = -1;
}

/** Any position does: what is read need only be one. */
const somewhere: Position = { latitude: 0, longitude: 0 };

function partLength(reader: ByteReader): number {
  const length = reader.varint();
  if (length > FRAME_PAYLOAD_BYTES) throw new MalformedFrame(`field of ${length} bytes in a record`);
  return length;
}

function isClient(bytes: Uint8Array, start: number, length: number): boolean {
  for (let index = start; index < start + length; index += 1) if (isWhiteSpace(bytes[index] as number)) return false;
  return length > 0;
}

function setInstant(bytes: Uint8Array, start: number, { seconds, nanoseconds }: Instant): number {
  const at = setVarint(bytes, start, seconds < 0 ? -2 * seconds - 1 : 2 * seconds);
  return setVarint(bytes, at, nanoseconds);
}

function readInstant(reader: ByteReader, into: Instant): void {
  into.seconds = reader.signedVarint();
  into.nanoseconds = reader.varint();
  if (into.nanoseconds > 999_999_999 || Math.abs(into.seconds) > -EARLIEST_SECONDS)
    throw new MalformedFrame('impossible time');
}

/** Whether this is the report of that stamp or a later one. */
export function isSince(record: StoredRecord, stamp: Instant): boolean {
  return compareInstants(record.stamp, stamp) >= 0 || compareInstants(record.order, stamp) >= 0;
}
