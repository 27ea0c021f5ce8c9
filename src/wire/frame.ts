// The envelope of everything servers say to each other: version, type, length, payload.
//
//   byte 0      protocol version: the oldest until both sides have agreed on another
//   byte 1      type, see FRAME_TYPES
//   bytes 2-5   payload length, big endian
//
// Version and length are checked before anything is allocated. Knows no payload.
import { type ByteWriter, MalformedFrame } from './bytes.ts';

/** Oldest and newest version of the server protocol that this build speaks: always one that the build before speaks too. */
export const OLDEST_VERSION = 1;
export const NEWEST_VERSION = 2;

/** The first version with `digest` and `inventory`, and with a `prune` of no origin (see core/turns.ts). */
export const AUDIT_VERSION = 2;

export const HEADER_BYTES = 6;

/** Numbers are for ever. */
export const FRAME_TYPES = {
  hello: 1,
  refuse: 2,
  /** The answer to a hello, and the answer to that: each side proves that it knows the herd's secret. */
  challenge: 3,
  proof: 4,
  /** What the sender has of every origin, at the start of a link. */
  vector: 5,
  records: 6,
  bye: 7,
  /** What the sender has got since: acknowledgement, and the heartbeat of a quiet link. */
  got: 8,
  /** Hold an origin's records back, others bring them; and: send them at once again. */
  prune: 9,
  graft: 10,
  /** What the sender's table comes to, in parts; and what is in those that differ, see core/audit.ts. */
  digest: 12,
  inventory: 13,
  statusRequest: 32,
  status: 33,
  /** A client's ID: the whole herd is to forget it; and the answer, one byte: 1 if it was known. */
  forgetRequest: 34,
  forgotten: 35,
  /** Which clients are near a position, and the answer: see near.ts. Asked as often as one likes over one connection. */
  nearRequest: 36,
  near: 37,
} as const;

export type FrameName = keyof typeof FRAME_TYPES;

const NAMES = new Map<number, FrameName>(
  (Object.entries(FRAME_TYPES) as [FrameName, number][]).map(([name, type]) => [type, name]),
);

/**
 * Begins a frame in `out`; the payload is written after it and `endFrame` fills in its length. Returns where it began. A
 * greeting is of the oldest version, so that any server understands it; what follows is of the one that was agreed on.
 */
export function beginFrame(out: ByteWriter, name: FrameName, version: number = OLDEST_VERSION): number {
  const begin = out.length;
  out.byte(version);
  out.byte(FRAME_TYPES[name]);
  out.uint32(0);
  return begin;
}

export function endFrame(out: ByteWriter, begin: number): void {
  out.setUint32(begin + 2, out.length - begin - HEADER_BYTES);
}

const NOTHING = new Uint8Array(0);

/** Cuts a stream of bytes into frames. Throws `MalformedFrame` at a header it will not accept; the stream is then over. */
export class FrameReader {
  /** The frame found by `next`. `payload` is valid until the next call. */
  name: FrameName = 'bye';
  payload: Uint8Array = NOTHING;
  /** Largest payload accepted; raised when the link is live. */
  mostPayloadBytes: number;
  /** Newest version accepted; raised when one was agreed on. */
  newestVersion: number = OLDEST_VERSION;
  /** Bytes of an authentication code behind each frame; they are not counted in its length. */
  tagBytes = 0;
  tag: Uint8Array = NOTHING;

  private chunk: Uint8Array = NOTHING;
  private at = 0;
  private readonly header = new Uint8Array(HEADER_BYTES);
  private headerLength = 0;
  /** Where a frame is put together that comes in pieces; it serves for the next one too. */
  private partial: Uint8Array = NOTHING;
  private partialLength = 0;
  private isPartial = false;

  constructor(mostPayloadBytes: number) {
    this.mostPayloadBytes = mostPayloadBytes;
  }

  /** Takes the next chunk; the one before must have been read to its end. */
  push(chunk: Uint8Array): void {
    this.chunk = chunk;
    this.at = 0;
  }

  next(): boolean {
    while (this.headerLength < HEADER_BYTES) {
      if (this.at === this.chunk.length) return false;
      this.header[this.headerLength++] = this.chunk[this.at++] as number;
    }
    const payloadLength = this.checkedLength();
    const length = payloadLength + this.tagBytes;
    if (!this.isPartial && this.chunk.length - this.at >= length) {
      this.at += length;
      return this.found(this.chunk.subarray(this.at - length, this.at), payloadLength);
    }
    if (this.partial.length < length) this.partial = new Uint8Array(length);
    this.isPartial = true;
    const part = this.chunk.subarray(this.at, this.at + length - this.partialLength);
    this.partial.set(part, this.partialLength);
    this.partialLength += part.length;
    this.at += part.length;
    if (this.partialLength < length) return false;
    this.isPartial = false;
    this.partialLength = 0;
    return this.found(this.partial.subarray(0, length), payloadLength);
  }

  private found(bytes: Uint8Array, payloadLength: number): boolean {
    const isTagged = this.tagBytes > 0;
    this.payload = isTagged ? bytes.subarray(0, payloadLength) : bytes;
    this.tag = isTagged ? bytes.subarray(payloadLength) : NOTHING;
    this.headerLength = 0;
    return true;
  }

  private checkedLength(): number {
    const { header } = this;
    const [version, type] = [header[0] as number, header[1] as number];
    if (version < OLDEST_VERSION || version > this.newestVersion) {
      throw new MalformedFrame(`frame of version ${version}; expected ${OLDEST_VERSION} to ${this.newestVersion}`);
    }
    const name = NAMES.get(type);
    if (name === undefined) throw new MalformedFrame(`frame of unknown type ${type}`);
    let length = 0;
    for (let at = 2; at < HEADER_BYTES; at += 1) length = length * 0x100 + (header[at] as number);
    if (length > this.mostPayloadBytes) {
      throw new MalformedFrame(`frame of ${length} bytes, at most ${this.mostPayloadBytes} allowed`);
    }
    this.name = name;
    return length;
  }
}
