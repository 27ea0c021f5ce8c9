// The payloads of frames between servers, to bytes and back. Everything read here came from outside and is checked.
// Knows nothing of links or tables.
import { asciiBytes, asciiText, type ByteReader, type ByteWriter, MalformedFrame } from './bytes.ts';

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
  /** 32 bits of both, the same at every server. */
  readonly hash: number;
}

export function makeOrigin(name: string, epoch: number): Origin {
  const nameBytes = asciiBytes(name);
  let hash = (epoch | 0) ^ Math.floor(epoch / 0x100000000);
  for (const byte of nameBytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return { name, nameBytes, epoch, hash };
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
