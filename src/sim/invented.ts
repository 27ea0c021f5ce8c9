// Frames that no server would say: of the shape that their type has, and now and then of none. Drawn from a source of chance. Knows
// the frames and no link.
import { asciiBytes, ByteWriter } from '../wire/bytes.ts';
import type { Chance } from '../wire/chance.ts';
import { beginFrame, endFrame, FRAME_TYPES, type FrameName, NEWEST_VERSION, OLDEST_VERSION } from '../wire/frame.ts';

export function pick<T>(chance: Chance, list: readonly T[]): T {
  return list[Math.floor(chance() * list.length)] as T;
}

export function randomBytes(chance: Chance, most: number): Uint8Array {
  return Uint8Array.from({ length: Math.floor(chance() * most) }, () => Math.floor(chance() * 256));
}

const NUMBERS = [0, 1, 2, 3, 7, 50, 127, 128, 1000, 2 ** 32, 2 ** 48, 2 ** 53 - 2, 2 ** 53 - 1];
export const NAMES: readonly string[] = ['Barn', 'Gate', 'Hill', 'x', '__proto__'];
const LIKELY_ORIGINS = [
  ['Barn', 3],
  ['Gate', 2],
] as const;
const EPOCHS = [1, 2, 3, 0, 4, 9, 2 ** 47, 2 ** 48 - 1, 2 ** 53 - 2, 2 ** 53 - 1];

/** A frame that may be right and mostly is not, of the shape that its type has. */
export function inventedFrame(chance: Chance): Uint8Array {
  const out = new ByteWriter();
  const name = pick(chance, Object.keys(FRAME_TYPES) as FrameName[]);
  const begin = beginFrame(out, name, chance() < 0.5 ? OLDEST_VERSION : NEWEST_VERSION);
  if (chance() < 0.2) out.copy(randomBytes(chance, 40));
  else writeInvented(out, name, chance);
  endFrame(out, begin);
  return out.take();
}

function writeInvented(out: ByteWriter, name: FrameName, chance: Chance): void {
  const few = (): number => Math.floor(chance() * 4);
  const origin = (): void => {
    const [name, epoch] = chance() < 0.5 ? pick(chance, LIKELY_ORIGINS) : [pick(chance, NAMES), pick(chance, EPOCHS)];
    out.field(asciiBytes(name));
    out.varint(epoch);
  };
  const origins = (): number => {
    const count = few();
    out.varint(count);
    for (let index = 0; index < count; index += 1) origin();
    return count;
  };
  const vector = (): void => {
    const count = few();
    out.varint(count);
    for (let index = 0; index < count; index += 1) {
      origin();
      out.varint(pick(chance, NUMBERS));
      const ranges = few();
      out.varint(ranges);
      for (let at = 0; at < 2 * ranges; at += 1) out.varint(pick(chance, NUMBERS.slice(0, 10)));
    }
  };
  if (name === 'vector') vector();
  else if (name === 'got') {
    out.varint(pick(chance, NUMBERS));
    vector();
  } else if (name === 'prune' || name === 'graft') origins();
  else if (name === 'records') {
    const known = origins();
    const count = few();
    out.varint(count);
    for (let index = 0; index < count; index += 1) writeInventedRecord(out, chance, known);
    const marks = few();
    out.varint(marks);
    for (let index = 0; index < marks; index += 1) {
      out.varint(Math.floor(chance() * (known + 0.05)));
      out.varint(pick(chance, NUMBERS));
    }
  } else if (name === 'digest' || name === 'inventory') writeInventedAudit(out, name, chance);
  else if (chance() < 0.5) out.field(randomBytes(chance, 40));
}

function writeInventedAudit(out: ByteWriter, name: 'digest' | 'inventory', chance: Chance): void {
  // In a herd without a secret the check is 0: what follows is looked at.
  out.uint32(chance() < 0.8 ? 0 : 7);
  out.signedVarint(pick(chance, [0, 1000, -(2 ** 40), 2 ** 40]));
  if (name === 'digest') {
    const levels = Math.floor(chance() * 3);
    out.varint(levels);
    for (let level = 0; level < levels; level += 1) {
      out.varint(pick(chance, [0, 1, 64, 65]));
      for (let part = 0; part < 64; part += 1) for (let at = 0; at < 8; at += 1) out.byte(Math.floor(chance() * 256));
    }
    return;
  }
  out.byte(Math.floor(chance() * 3));
  const origins = pick(chance, [0, 1, 2]);
  out.varint(origins);
  for (const [name, epoch] of LIKELY_ORIGINS.slice(0, origins)) {
    out.field(asciiBytes(name));
    out.varint(epoch);
  }
  out.varint(1);
  out.varint(pick(chance, [0, 5, 4095, 4096]));
  const holdings = Math.floor(chance() * 4);
  out.varint(holdings);
  for (let index = 0; index < holdings; index += 1) {
    out.varint(pick(chance, NUMBERS));
    out.varint(Math.floor(chance() * (origins + 0.1)));
    out.varint(pick(chance, NUMBERS));
  }
}

function writeInventedRecord(out: ByteWriter, chance: Chance, origins: number): void {
  out.varint(Math.floor(chance() * (origins + 0.05)));
  out.varint(pick(chance, NUMBERS));
  out.signedVarint(pick(chance, [0, 1, 990, 1000, 1000, -5, 2 ** 40, -(2 ** 40), 2 ** 50]));
  out.varint(pick(chance, [0, 0, 0, 999_999_999, 5, 10 ** 9]));
  const flags = pick(chance, [0, 1, 1, 1, 2, 3, 4]);
  out.byte(flags);
  if ((flags & 1) === 0) {
    out.signedVarint(pick(chance, [0, 1, 7, 1000, 2 ** 40]));
    out.varint(pick(chance, [0, 1]));
  }
  for (const texts of [
    ['kiwi', 'c0', 'c1', 'g0', 'g1', 'a b', ''],
    ['+1+1', '+1-1', '+90-180', '-0+0', '+1+1', '+90.1+0', 'x'],
    ['1', '0', '-3.5', '1000', '5', '9000000000', 'nan'],
  ])
    out.field(asciiBytes(pick(chance, texts)));
}
