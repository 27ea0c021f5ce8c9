// Counts answers that are not just lines: frames of the link port and Redis's arrays, which say their own length, so that only their
// headers are looked at; and NATS's, among which it asks something. However they are cut into chunks. Knows no meaning of an answer.
import { FRAME_TYPES, HEADER_BYTES } from '../wire/frame.ts';
import { WrongReply } from './reply-counter.ts';

/** An answer ends with its frame, with the last element of an array, or is a line of NATS's protocol. */
export type AnswerEnd = 'frame' | 'array' | 'nats';

const TYPE_AT = 1;
const LENGTH_AT = 2;

/** Frames that say who is near; any other is a refusal. */
export class FrameCounter {
  /** Bytes of the header that have come, and of the payload those that have not. */
  private header = 0;
  private length = 0;

  /**
   * How many frames end in `bytes[0, length)`.
   * @throws {WrongReply}
   */
  count(bytes: Buffer, length: number): number {
    let found = 0;
    for (let at = 0; at < length; ) {
      if (this.header < HEADER_BYTES) {
        const byte = bytes[at++] as number;
        if (this.header === TYPE_AT && byte !== FRAME_TYPES.near) throw new WrongReply(bytes, length);
        if (this.header >= LENGTH_AT) this.length = this.length * 256 + byte;
        this.header += 1;
      } else {
        const taken = Math.min(this.length, length - at);
        this.length -= taken;
        at += taken;
      }
      if (this.header < HEADER_BYTES || this.length > 0) continue;
      found += 1;
      this.header = 0;
    }
    return found;
  }
}

const ARRAY = 0x2a;
const STRING = 0x24;
const CR = 0x0d;
const LF = 0x0a;
const ZERO = 0x30;
/** Of CR and LF. */
const END_BYTES = 2;

/** Arrays of strings and of such arrays; anything else is an error. */
export class RedisCounter {
  /** Elements that are still to come until the answer is whole. */
  private open = 1;
  /** What the header is of, 0 between two; and the number in it. */
  private kind = 0;
  private number = 0;
  /** Bytes of a string, and of its end, that are still to come. */
  private skipped = 0;

  /**
   * How many answers end in `bytes[0, length)`.
   * @throws {WrongReply}
   */
  count(bytes: Buffer, length: number): number {
    let found = 0;
    for (let at = 0; at < length; ) {
      if (this.skipped > 0) {
        const taken = Math.min(this.skipped, length - at);
        this.skipped -= taken;
        at += taken;
        if (this.skipped === 0) found += this.closed(1);
        continue;
      }
      const byte = bytes[at++] as number;
      if (this.kind === 0) {
        if (byte !== ARRAY && byte !== STRING) throw new WrongReply(bytes, length);
        this.kind = byte;
        this.number = 0;
      } else if (byte === LF) {
        if (this.kind === STRING) this.skipped = this.number + END_BYTES;
        else found += this.closed(1 - this.number);
        this.kind = 0;
      } else if (byte !== CR) {
        this.number = this.number * 10 + byte - ZERO;
      }
    }
    return found;
  }

  /** So many elements fewer are to come: 1 if that was the last. */
  private closed(elements: number): number {
    this.open -= elements;
    if (this.open > 0) return 0;
    this.open = 1;
    return 1;
  }
}

const OK: Buffer = Buffer.from('+OK\r\n');
const PING: Buffer = Buffer.from('PING\r\n');

/**
 * What NATS says to a client that asked it to be verbose: `+OK` to each request. In between, two seconds after the client came and
 * then every two minutes, whether it is still there: that is no answer, and wants one. Anything else is an error.
 */
export class NatsCounter {
  private readonly pinged: () => void;
  /** Which of the two is under way, and how many of its bytes have come. */
  private line: Buffer = OK;
  private matched = 0;

  /** `pinged` has to send `PONG`. */
  constructor(pinged: () => void) {
    this.pinged = pinged;
  }

  /**
   * How many answers end in `bytes[0, length)`.
   * @throws {WrongReply}
   */
  count(bytes: Buffer, length: number): number {
    let found = 0;
    for (let at = 0; at < length; at += 1) {
      const byte = bytes[at];
      if (this.matched === 0) this.line = byte === PING[0] ? PING : OK;
      if (byte !== this.line[this.matched]) throw new WrongReply(bytes, length);
      this.matched += 1;
      if (this.matched < this.line.length) continue;
      this.matched = 0;
      if (this.line === OK) found += 1;
      else this.pinged();
    }
    return found;
  }
}
