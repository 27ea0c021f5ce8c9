// Requests made ahead: every client of a load, several times over, as bytes in one piece. Sending one means handing a range of
// them to a socket. A ring goes round for ever; with each lap the stamps become later, by a digit or two written over in place.
// Knows what the requests look like; knows no socket.
import { ByteWriter } from '../wire/bytes.ts';
import { type Chance, chanceOf } from '../wire/chance.ts';
import { beginFrame, endFrame } from '../wire/frame.ts';
import { writeNearQuestion } from '../wire/near.ts';

/** `random`: anywhere in the world with every report. `step`: some 14 m on, as a van in a town that reports each second. */
export type Moves = 'random' | 'step';

/** What is asked, and in whose protocol: ours, Redis's, NATS's. `since` asks for what an `iamat` of the same plan reports, `near`
 * and `geosearch` who is around where a client of the plan would be. */
export type Request = 'iamat' | 'whatsat' | 'since' | 'near' | 'geoadd' | 'hset' | 'geosearch' | 'pub';

/** The same plan gives the same bytes. */
export interface RingPlan {
  readonly request: Request;
  readonly moves: Moves;
  /** Where clients are: all over the world, or in and around towns, where there are places to find. */
  readonly area: 'world' | 'towns';
  /** Numbers of the clients: `first`, `first + stride`, ... */
  readonly first: number;
  readonly clients: number;
  readonly stride: number;
  /** How often a lap comes by each client, 1 to 999; even, so that a client steps there and back. */
  readonly visits: number;
  readonly seed: number;
  /** POSIX seconds of every stamp; laps and visits are its nanoseconds. A later load of the same clients needs a later one. */
  readonly stampSeconds: number;
  /** For questions. Whole, except for who is near, where metres are. */
  readonly radiusKm?: number;
  readonly bound?: number;
}

export interface Ring {
  readonly bytes: Buffer;
  /** Request number n is `bytes[starts[n], starts[n + 1])`. */
  readonly starts: Uint32Array;
  /** Where the six digits of the lap stand in each request; empty if requests have no stamp. */
  readonly laps: Uint32Array;
}

/** Digits of the lap: a million laps. A connection with 20,000 requests a second has five laps of 4,096 a second, for two days. */
const LAP_DIGITS = 6;
const LEAST_REQUESTS = 4096;
const MOST_VISITS = 998;

const MICRODEGREES = 1e6;
/** Redis's GEOADD takes no more than 85 degrees. */
const WORLD_LATITUDE = 80;
const STEP_DEGREES = 0.000125;
/** Around a town's middle: some 10 km. */
const TOWN_DEGREES = 0.1;
const TOWNS: readonly (readonly [number, number])[] = [
  [34.07, -118.44],
  [40.71, -74.0],
  [51.51, -0.13],
  [48.86, 2.35],
  [52.52, 13.4],
  [41.9, 12.5],
  [55.76, 37.62],
  [30.04, 31.24],
  [6.52, 3.38],
  [-1.29, 36.82],
  [-26.2, 28.05],
  [19.08, 72.88],
  [28.61, 77.21],
  [13.76, 100.5],
  [31.23, 121.47],
  [35.68, 139.69],
  [-33.87, 151.21],
  [-23.55, -46.63],
  [-12.05, -77.04],
  [19.43, -99.13],
];

/** How often a lap should come by each of that many clients. */
export function visitsFor(clients: number): number {
  const visits = Math.max(4, Math.ceil(LEAST_REQUESTS / clients));
  return Math.min(MOST_VISITS, visits + (visits % 2));
}

/** The ID of a client: 20 bytes. */
function writeClient(out: ByteWriter, number: number): void {
  out.ascii('device-');
  out.decimal(number, 13);
}

/** Whole microdegrees as `+34.068930` or `-118.445127`: always as many bytes, whatever the number. */
function writeDegrees(out: ByteWriter, microdegrees: number, integerDigits: number): void {
  const size = Math.abs(microdegrees);
  out.ascii(microdegrees < 0 ? '-' : '+');
  out.decimal(Math.floor(size / MICRODEGREES), integerDigits);
  out.ascii('.');
  out.decimal(size % MICRODEGREES, 6);
}

interface Step {
  readonly client: number;
  readonly latitude: number;
  readonly longitude: number;
  readonly visit: number;
}

export function makeRing(plan: RingPlan): Ring {
  const { clients, visits } = plan;
  const chance = chanceOf(plan.seed);
  const count = clients * visits;
  const out = new ByteWriter(count * 128);
  const starts = new Uint32Array(count + 1);
  const laps = new Uint32Array(count);
  const homes = homesOf(plan, chance);
  const order = Uint32Array.from({ length: clients }, (_, index) => index);
  let stamped = false;
  for (let visit = 0, number = 0; visit < visits; visit += 1) {
    shuffle(order, chance);
    for (const index of order) {
      const step = stepOf(plan, homes, index, visit, chance);
      starts[number] = out.length;
      const lap = writeRequest(out, plan, step);
      if (lap >= 0) laps[number] = lap;
      stamped = lap >= 0;
      number += 1;
    }
  }
  starts[count] = out.length;
  const { buffer, byteOffset } = out.bytes;
  return {
    bytes: Buffer.from(buffer, byteOffset, out.length),
    starts,
    laps: stamped ? laps : new Uint32Array(0),
  };
}

interface Position {
  readonly latitude: number;
  readonly longitude: number;
}

/** In or around a town, in degrees. */
export function townPosition(chance: Chance): Position {
  const [latitude, longitude] = TOWNS[Math.floor(chance() * TOWNS.length)] as readonly [number, number];
  const around = (middle: number): number => middle + (chance() - 0.5) * 2 * TOWN_DEGREES;
  return { latitude: around(latitude), longitude: around(longitude) };
}

function worldPosition(chance: Chance): Position {
  return { latitude: (chance() - 0.5) * 2 * WORLD_LATITUDE, longitude: (chance() - 0.5) * 358 };
}

/** Latitude and longitude of where each client starts, in whole microdegrees, and the way it goes. */
function homesOf({ clients, area }: RingPlan, chance: Chance): Int32Array {
  const homes = new Int32Array(clients * 4);
  for (let index = 0; index < clients; index += 1) {
    const { latitude, longitude } = area === 'towns' ? townPosition(chance) : worldPosition(chance);
    const heading = chance() * 2 * Math.PI;
    homes[index * 4] = Math.round(latitude * MICRODEGREES);
    homes[index * 4 + 1] = Math.round(longitude * MICRODEGREES);
    homes[index * 4 + 2] = Math.round(Math.cos(heading) * STEP_DEGREES * MICRODEGREES);
    homes[index * 4 + 3] = Math.round(Math.sin(heading) * STEP_DEGREES * MICRODEGREES);
  }
  return homes;
}

function stepOf(plan: RingPlan, homes: Int32Array, index: number, visit: number, chance: Chance): Step {
  const client = plan.first + index * plan.stride;
  if (plan.moves === 'random' && plan.area === 'world') {
    const latitude = Math.round((chance() - 0.5) * 2 * WORLD_LATITUDE * MICRODEGREES);
    const longitude = Math.round((chance() - 0.5) * 358 * MICRODEGREES);
    return { client, latitude, longitude, visit };
  }
  // There and back again: the lap's last step and the next lap's first are neighbours, too.
  const steps = visit <= plan.visits / 2 ? visit : plan.visits - visit;
  const latitude = (homes[index * 4] as number) + steps * (homes[index * 4 + 2] as number);
  const longitude = (homes[index * 4 + 1] as number) + steps * (homes[index * 4 + 3] as number);
  return { client, latitude, longitude, visit };
}

function shuffle(order: Uint32Array, chance: Chance): void {
  for (let index = order.length - 1; index > 0; index -= 1) {
    const other = Math.floor(chance() * (index + 1));
    const kept = order[index] as number;
    order[index] = order[other] as number;
    order[other] = kept;
  }
}

/** Returns where the digits of the lap stand, or -1. */
function writeRequest(out: ByteWriter, plan: RingPlan, step: Step): number {
  switch (plan.request) {
    case 'iamat':
      out.ascii('IAMAT ');
      return writeReport(out, plan, step, '\n');
    case 'whatsat':
    case 'since':
      return writeQuestion(out, plan, step);
    case 'near':
      return writeNear(out, plan, step);
    case 'geosearch':
      return writeGeosearch(out, plan, step);
    case 'geoadd':
      out.ascii('*5\r\n$6\r\nGEOADD\r\n$3\r\ngeo\r\n');
      writeLongitudeAndLatitude(out, step);
      out.ascii('$20\r\n');
      writeClient(out, step.client);
      out.ascii('\r\n');
      return -1;
    case 'hset': {
      out.ascii('*4\r\n$4\r\nHSET\r\n$3\r\npos\r\n$20\r\n');
      writeClient(out, step.client);
      out.ascii('\r\n$42\r\n');
      return writePlaceAndTime(out, plan, step, '\r\n');
    }
    case 'pub':
      out.ascii('PUB moves 63\r\n');
      return writeReport(out, plan, step, '\r\n');
  }
}

function writeQuestion(out: ByteWriter, plan: RingPlan, step: Step): number {
  out.ascii('WHATSAT ');
  writeClient(out, step.client);
  if (plan.request === 'whatsat') {
    out.ascii(` ${plan.radiusKm ?? 10} ${plan.bound ?? 5}\n`);
    return -1;
  }
  out.ascii(' 0 0 SINCE ');
  return writeStamp(out, plan, step, '\n');
}

/** As a frame of the link port. */
function writeNear(out: ByteWriter, { radiusKm = 10, bound = 5 }: RingPlan, step: Step): number {
  const begin = beginFrame(out, 'nearRequest');
  const [latitude, longitude] = [step.latitude / MICRODEGREES, step.longitude / MICRODEGREES];
  writeNearQuestion(out, { latitude, longitude, radiusMetres: Math.round(radiusKm * 1000), most: bound });
  endFrame(out, begin);
  return -1;
}

function writeGeosearch(out: ByteWriter, { radiusKm = 10, bound = 5 }: RingPlan, step: Step): number {
  out.ascii('*12\r\n$9\r\nGEOSEARCH\r\n$3\r\ngeo\r\n$10\r\nFROMLONLAT\r\n');
  writeLongitudeAndLatitude(out, step);
  const rest = ['BYRADIUS', String(radiusKm), 'km', 'ASC', 'COUNT', String(bound), 'WITHDIST'];
  for (const word of rest) out.ascii(`$${word.length}\r\n${word}\r\n`);
  return -1;
}

function writeLongitudeAndLatitude(out: ByteWriter, step: Step): void {
  out.ascii('$11\r\n');
  writeDegrees(out, step.longitude, 3);
  out.ascii('\r\n$10\r\n');
  writeDegrees(out, step.latitude, 2);
  out.ascii('\r\n');
}

function writeReport(out: ByteWriter, plan: RingPlan, step: Step, end: string): number {
  writeClient(out, step.client);
  out.ascii(' ');
  return writePlaceAndTime(out, plan, step, end);
}

function writePlaceAndTime(out: ByteWriter, plan: RingPlan, step: Step, end: string): number {
  writeDegrees(out, step.latitude, 2);
  writeDegrees(out, step.longitude, 3);
  out.ascii(' ');
  return writeStamp(out, plan, step, end);
}

function writeStamp(out: ByteWriter, { stampSeconds }: RingPlan, { visit }: Step, end: string): number {
  out.decimal(stampSeconds, 10);
  out.ascii('.');
  const lap = out.length;
  out.decimal(0, LAP_DIGITS);
  out.decimal(visit, 3);
  out.ascii(end);
  return lap;
}

/** Goes round a ring, and keeps its stamps rising. */
export class RingWalk {
  readonly ring: Ring;
  private readonly count: number;
  private at = 0;
  private lap = 0;
  /** How many of the lap's last digits differ from the lap before. */
  private changed = 0;
  private readonly digits = new Uint8Array(LAP_DIGITS).fill(0x30);

  /** Only the first whole multiple of `batch` requests is used. */
  constructor(ring: Ring, batch: number) {
    this.ring = ring;
    this.count = Math.floor((ring.starts.length - 1) / batch) * batch;
    if (this.count === 0) throw new Error(`a ring of ${ring.starts.length - 1} requests has no batch of ${batch}`);
  }

  /** The bytes of the next `batch` requests. They are written over a lap later: they must have left by then. */
  next(batch: number): Buffer {
    if (this.at === this.count) this.nextLap();
    const { bytes, starts, laps } = this.ring;
    const begin = this.at;
    this.at += batch;
    if (laps.length > 0) {
      for (let number = begin; number < this.at; number += 1) {
        const lastDigit = (laps[number] as number) + LAP_DIGITS - 1;
        for (let digit = 0; digit < this.changed; digit += 1) bytes[lastDigit - digit] = this.digits[digit] as number;
      }
    }
    return bytes.subarray(starts[begin], starts[this.at]);
  }

  private nextLap(): void {
    this.at = 0;
    this.lap += 1;
    this.changed = 0;
    let rest = this.lap;
    for (let digit = 0; digit < LAP_DIGITS; digit += 1) {
      this.digits[digit] = 0x30 + (rest % 10);
      this.changed += 1;
      if (rest % 10 !== 0) break;
      rest = Math.floor(rest / 10);
    }
  }
}
