// The payloads of an audit: digests, and lists of which record is known of which client. Knows no table.
import { type ByteReader, type ByteWriter, MalformedFrame } from './bytes.ts';
import { DIGEST_BUCKETS, DIGEST_FAN } from './limits.ts';
import { readOrigins } from './messages.ts';

/** What both payloads begin with. */
export interface AuditHead {
  /** The same at servers that hash in the same way. */
  readonly check: number;
  /** Records received before this, in POSIX seconds, are left out: servers drop them at moments of their own. */
  readonly cutSeconds: number;
}

/** One level's numbers: of the whole table, or of its part `of`. */
export interface DigestParts {
  readonly of: number | undefined;
  readonly parts: readonly (readonly [number, number])[];
}

/** Which update a server holds of a client. */
export interface Holding {
  readonly client: number;
  readonly name: string;
  readonly epoch: number;
  readonly sequence: number;
}

export interface Inventory extends AuditHead {
  /** The other side is to answer with its own, if they differ. */
  readonly asks: boolean;
  readonly buckets: readonly { readonly bucket: number; readonly holdings: readonly Holding[] }[];
}

export function writeHead(out: ByteWriter, { check, cutSeconds }: AuditHead): void {
  out.uint32(check);
  out.signedVarint(cutSeconds);
}

function readHead(reader: ByteReader): AuditHead {
  return { check: readUint32(reader), cutSeconds: reader.signedVarint() };
}

export function writeDigest(out: ByteWriter, head: AuditHead, levels: readonly DigestParts[]): void {
  writeHead(out, head);
  out.varint(levels.length);
  for (const { of, parts } of levels) {
    out.varint(of === undefined ? 0 : of + 1);
    for (const [first, second] of parts) {
      out.uint32(first);
      out.uint32(second);
    }
  }
}

/** @throws {MalformedFrame} if a level is none of a digest's */
export function readDigest(reader: ByteReader): AuditHead & { readonly levels: readonly DigestParts[] } {
  const head = readHead(reader);
  const count = reader.varint();
  if (count > DIGEST_FAN) throw new MalformedFrame(`digest of ${count} levels`);
  const levels: DigestParts[] = [];
  for (let index = 0; index < count; index += 1) {
    const of = reader.varint();
    if (of > DIGEST_FAN) throw new MalformedFrame('digest of a part that there is not');
    const parts = Array.from({ length: DIGEST_FAN }, () => [readUint32(reader), readUint32(reader)] as const);
    levels.push({ of: of === 0 ? undefined : of - 1, parts });
  }
  return { ...head, levels };
}

/** @throws {MalformedFrame} if it is longer than its bytes allow */
export function readInventory(reader: ByteReader): Inventory {
  const head = readHead(reader);
  const asks = reader.byte() === 1;
  const origins = readOrigins(reader);
  const buckets: { bucket: number; holdings: Holding[] }[] = [];
  const count = reader.varint();
  for (let index = 0; index < count; index += 1) {
    const bucket = reader.varint();
    if (bucket >= DIGEST_BUCKETS) throw new MalformedFrame('bucket that there is not');
    buckets.push({ bucket, holdings: readHoldings(reader, origins) });
  }
  return { ...head, asks, buckets };
}

function readHoldings(reader: ByteReader, origins: readonly { name: string; epoch: number }[]): Holding[] {
  const holdings: Holding[] = [];
  for (let rest = reader.varint(); rest > 0; rest -= 1) {
    const client = reader.varint();
    const origin = origins[reader.varint()];
    if (origin === undefined) throw new MalformedFrame('holding of an origin that the inventory does not name');
    holdings.push({ client, ...origin, sequence: reader.varint() });
  }
  return holdings;
}

function readUint32(reader: ByteReader): number {
  let value = 0;
  for (let index = 0; index < 4; index += 1) value = value * 256 + reader.byte();
  return value;
}
