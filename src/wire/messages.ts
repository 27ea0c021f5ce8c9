// The payloads of frames between servers, to bytes and back. Everything read here came from outside and is checked.
// Knows nothing of links or tables.
import {
  asciiBytes,
  asciiText,
  type ByteReader,
  type ByteWriter,
  isWhiteSpace,
  MalformedFrame,
  SPACE,
} from './bytes.ts';
import { compareInstants, copyInstant, type Instant, parseStamp } from './instant.ts';
import { FRAME_PAYLOAD_BYTES } from './limits.ts';
import { type Position, parseLocation } from './location.ts';

/** First bytes of a hello: whoever dials the wrong port is told so at once. */
const MAGIC = 'DROVER';

/** Server and herd names are at most this long, as the configuration says. */
const NAME_BYTES = 64;

/** What a connection on the link port is for: a lasting link, or one question about the server's status. */
export type Purpose = 'link' | 'status';

/** The opening words of a connection, and the answer to them: who calls whom, in which herd, in which life. */
export interface Hello {
  readonly oldestVersion: number;
  readonly newestVersion: number;
  readonly purpose: Purpose;
  readonly herd: string;
  readonly from: string;
  readonly to: string;
  /** Start of the sender's life, in milliseconds of POSIX time. */
  readonly epoch: number;
  /** Random bytes of the sender, never used before; empty when it has no secret to prove. */
  readonly nonce: Uint8Array;
}

export const NONCE_BYTES = 32;
const MAC_BYTES = 32;

export function writeHello(out: ByteWriter, hello: Hello): void {
  out.ascii(MAGIC);
  out.varint(hello.oldestVersion);
  out.varint(hello.newestVersion);
  out.byte(hello.purpose === 'link' ? 0 : 1);
  for (const name of [hello.herd, hello.from, hello.to]) out.field(asciiBytes(name));
  out.varint(hello.epoch);
  out.field(hello.nonce);
}

/** Bytes that a later version may add after these are not read. */
export function readHello(reader: ByteReader): Hello {
  for (let index = 0; index < MAGIC.length; index += 1) {
    if (reader.byte() !== MAGIC.charCodeAt(index)) throw new MalformedFrame('not a greeting of this protocol');
  }
  return {
    oldestVersion: reader.varint(),
    newestVersion: reader.varint(),
    purpose: reader.byte() === 0 ? 'link' : 'status',
    herd: readName(reader),
    from: readName(reader),
    to: readName(reader),
    epoch: reader.varint(),
    nonce: reader.field(NONCE_BYTES),
  };
}

/** A message authentication code; empty in a herd without a secret. */
export function readMac(reader: ByteReader): Uint8Array {
  return reader.field(MAC_BYTES);
}

/** Printable ASCII without white space, 1 to 64 bytes: what the configuration allows. */
export function readName(reader: ByteReader): string {
  const name = asciiText(reader.field(NAME_BYTES));
  if (!/^[!-~]+$/.test(name)) throw new MalformedFrame('a name is not printable ASCII');
  return name;
}

/** Why a link is refused, for the other side's log. */
export function writeRefusal(out: ByteWriter, reason: string): void {
  out.field(asciiBytes(reason));
}

export function readRefusal(reader: ByteReader): string {
  return asciiText(reader.field(1024)).replace(/[^ -~]/g, '?');
}

/** A server in one of its lives: what a record's sequence number counts in. */
export interface Origin {
  readonly name: string;
  readonly nameBytes: Uint8Array;
  readonly epoch: number;
}

export function makeOrigin(name: string, epoch: number): Origin {
  return { name, nameBytes: asciiBytes(name), epoch };
}

/** The winning report of a client, as all servers know it. Never changed once made. */
export interface StoredRecord {
  readonly origin: Origin;
  readonly sequence: number;
  /** The origin's clock when the report came. */
  readonly received: Instant;
  /** What decides which report wins: min(stamp, received + 5 s), fixed by the origin. */
  readonly order: Instant;
  readonly stamp: Instant;
  readonly position: Position;
  /** `client location stamp` as the client sent them, with single spaces between. */
  readonly text: Uint8Array;
  readonly clientLength: number;
  readonly locationLength: number;
  /** The client was forgotten on request: this record only keeps older reports from coming back. */
  readonly forgotten: boolean;
}

export function locationOf(record: StoredRecord): Uint8Array {
  const start = record.clientLength + 1;
  return record.text.subarray(start, start + record.locationLength);
}

export function stampOf(record: StoredRecord): Uint8Array {
  return record.text.subarray(record.clientLength + 1 + record.locationLength + 1);
}

const ORDER_IS_STAMP = 1;
const FORGOTTEN = 2;

/** One record of a batch; `originIndex` is its origin's place in the batch's list of origins. */
export function writeRecord(out: ByteWriter, record: StoredRecord, originIndex: number): void {
  out.varint(originIndex);
  out.varint(record.sequence);
  writeInstant(out, record.received);
  const orderIsStamp = compareInstants(record.order, record.stamp) === 0;
  out.byte((orderIsStamp ? ORDER_IS_STAMP : 0) | (record.forgotten ? FORGOTTEN : 0));
  if (!orderIsStamp) writeInstant(out, record.order);
  const text = record.text;
  const locationStart = record.clientLength + 1;
  const stampStart = locationStart + record.locationLength + 1;
  out.field(text, 0, record.clientLength);
  out.field(text, locationStart, stampStart - 1);
  out.field(text, stampStart, text.length);
}

/** @throws {MalformedFrame} if it is not a report that a server could have accepted */
export function readRecord(reader: ByteReader, origins: readonly Origin[]): StoredRecord {
  const origin = origins[reader.varint()];
  if (origin === undefined) throw new MalformedFrame('record of an origin that the batch does not name');
  const sequence = reader.varint();
  // Every vector covers 0, so it would be kept here and never be passed on.
  if (sequence === 0) throw new MalformedFrame('record without a number');
  const received = readInstant(reader);
  const flags = reader.byte();
  if (flags > (ORDER_IS_STAMP | FORGOTTEN)) throw new MalformedFrame('record with unknown flags');
  const orderIsStamp = (flags & ORDER_IS_STAMP) !== 0;
  const forgotten = (flags & FORGOTTEN) !== 0;
  const order = orderIsStamp ? { seconds: 0, nanoseconds: 0 } : readInstant(reader);
  const client = reader.field(FRAME_PAYLOAD_BYTES);
  const location = reader.field(FRAME_PAYLOAD_BYTES);
  const stampText = reader.field(FRAME_PAYLOAD_BYTES);
  const position = { latitude: 0, longitude: 0 };
  const stamp = { seconds: 0, nanoseconds: 0 };
  if (client.length === 0 || client.some(isWhiteSpace)) throw new MalformedFrame('record of an impossible client');
  if (!parseLocation(location, 0, location.length, position))
    throw new MalformedFrame('record with an impossible location');
  if (!parseStamp(stampText, 0, stampText.length, stamp)) throw new MalformedFrame('record with an impossible stamp');
  if (orderIsStamp) copyInstant(stamp, order);
  else if (!forgotten && compareInstants(order, stamp) > 0) throw new MalformedFrame('record ordered after its stamp');
  const text = new Uint8Array(client.length + location.length + stampText.length + 2).fill(SPACE);
  text.set(client);
  text.set(location, client.length + 1);
  text.set(stampText, client.length + location.length + 2);
  const lengths = { clientLength: client.length, locationLength: location.length };
  return { origin, sequence, received, order, stamp, position, text, ...lengths, forgotten };
}

export function writeOrigins(out: ByteWriter, origins: readonly Origin[]): void {
  out.varint(origins.length);
  for (const origin of origins) {
    out.field(origin.nameBytes);
    out.varint(origin.epoch);
  }
}

/** @throws {MalformedFrame} if the list is longer than its bytes allow */
export function readOrigins(reader: ByteReader): { name: string; epoch: number }[] {
  const count = reader.varint();
  if (count > reader.remaining) throw new MalformedFrame('more origins than bytes');
  const origins: { name: string; epoch: number }[] = [];
  for (let index = 0; index < count; index += 1) origins.push({ name: readName(reader), epoch: reader.varint() });
  return origins;
}

function writeInstant(out: ByteWriter, instant: Instant): void {
  out.signedVarint(instant.seconds);
  out.varint(instant.nanoseconds);
}

function readInstant(reader: ByteReader): Instant {
  const seconds = reader.signedVarint();
  const nanoseconds = reader.varint();
  if (nanoseconds > 999_999_999 || Math.abs(seconds) > 2 ** 40) throw new MalformedFrame('impossible time');
  return { seconds, nanoseconds };
}
