// What a table comes to, in 4,096 numbers that are kept up to date with every record: equal tables have equal digests, and a part
// that differs says where to look. The parts are the same at every server of a herd, and nobody outside can aim at one of them:
// all is keyed by the herd's secret. Knows no link and no rule of which record wins.
import { asciiBytes } from '../wire/bytes.ts';
import { DIGEST_FAN } from '../wire/limits.ts';
import type { Origin } from '../wire/messages.ts';
import type { StoredRecord } from '../wire/record.ts';
import type { Keyring } from './handshake.ts';

/** What the hashes of a herd begin with, and what tells that two servers begin with the same. 32 bits each. */
export interface DigestKeys {
  readonly first: number;
  readonly second: number;
  readonly check: number;
}

/** A herd without a secret is on one machine, and has its name as key. */
export function digestKeys(herd: string, keyring: Keyring | undefined): DigestKeys {
  const name = asciiBytes(herd);
  const key = keyring?.keys[0];
  if (keyring === undefined || key === undefined) {
    return { first: hashBytes(name, 0, name.length, 1), second: hashBytes(name, 0, name.length, 2), check: 0 };
  }
  const bytes = keyring.crypto.hmac(key, [asciiBytes('drover digest '), name]);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return { first: view.getInt32(0), second: view.getInt32(4), check: view.getUint32(8) };
}

/** 64 bits as two integers of 32. */
type Lanes = readonly [number, number];

export class Digest {
  readonly keys: DigestKeys;
  /** Both lanes of each bucket, one behind the other. */
  private readonly lanes: Int32Array;

  /** `lanes` is memory for twice as many numbers as there are buckets, all 0. */
  constructor(keys: DigestKeys, lanes: Int32Array) {
    this.keys = keys;
    this.lanes = lanes;
  }

  /** A client's ID as 52 bits of a hash; its bucket is the upper 12 of them. */
  clientKey({ text, textStart, clientLength }: StoredRecord): number {
    const high = hashBytes(text, textStart, clientLength, this.keys.first) >>> 6;
    return high * 0x4000000 + (hashBytes(text, textStart, clientLength, this.keys.second) >>> 6);
  }

  bucketOf({ text, textStart, clientLength }: StoredRecord): number {
    return hashBytes(text, textStart, clientLength, this.keys.first) >>> 20;
  }

  /** An update comes into its bucket, or leaves it. */
  toggle(bucket: number, origin: Origin, sequence: number): void {
    // An update is named by its origin, the origin's life and its number; numbers may be longer than 32 bits.
    const low = sequence | 0;
    const high = Math.floor(sequence / 0x100000000) ^ origin.hash;
    const first = mix(mix(this.keys.first, low), high);
    const { lanes } = this;
    const at = 2 * bucket;
    lanes[at] = (lanes[at] as number) ^ first;
    lanes[at + 1] = (lanes[at + 1] as number) ^ mix(this.keys.second ^ first, low);
  }

  /** The parts of one level: of the whole table, or of one of its parts. */
  parts(of: number | undefined): Lanes[] {
    return Array.from({ length: DIGEST_FAN }, (_, part): Lanes => {
      if (of === undefined) return this.sum(part * DIGEST_FAN, DIGEST_FAN);
      return this.sum(of * DIGEST_FAN + part, 1);
    });
  }

  private sum(from: number, count: number): Lanes {
    let first = 0;
    let second = 0;
    for (let bucket = from; bucket < from + count; bucket += 1) {
      first ^= this.lanes[2 * bucket] as number;
      second ^= this.lanes[2 * bucket + 1] as number;
    }
    return [first >>> 0, second >>> 0];
  }
}

/** MurmurHash3's mixing (public domain), as in `Table`. */
function mix(state: number, value: number): number {
  let hash = Math.imul(state ^ value, 0xcc9e2d51);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function hashBytes(bytes: Uint8Array, start: number, length: number, key: number): number {
  let hash = key;
  for (let index = start; index < start + length; index += 1) {
    hash = Math.imul(hash ^ (bytes[index] as number), 0xcc9e2d51);
    hash = (hash << 15) | (hash >>> 17);
  }
  return mix(hash, length);
}
