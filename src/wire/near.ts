// The question which clients are near a position, and its answer, to bytes and back. Everything read here came from outside and is
// checked. Knows neither an index nor who may ask.
//
//   question   latitude and longitude in 1e-7 degree (signed), radius in metres, most clients: four varints
//   answer     how many were found, then of each, nearest first, its ID, location and stamp as fields, and its distance in
//              metres; those that do not fit into a frame are left out
import { type ByteReader, type ByteWriter, MalformedFrame } from './bytes.ts';
import { FRAME_PAYLOAD_BYTES, NEAR_CLIENTS, NEAR_RADIUS_METRES } from './limits.ts';
import { clientBytes, locationBytes, type StoredRecord, stampBytes } from './record.ts';

const UNITS_PER_DEGREE = 1e7;
/** Of the three lengths and the distance of a client, at most. */
const NUMBERS_BYTES = 16;

export interface NearQuestion {
  /** Degrees, -90 to 90 and -180 to 180; said to 1e-7. */
  readonly latitude: number;
  readonly longitude: number;
  /** 0 to NEAR_RADIUS_METRES, whole. */
  readonly radiusMetres: number;
  /** 0 to NEAR_CLIENTS. */
  readonly most: number;
}

/** A client that was found, as its server knows it. */
export interface NearRecord {
  readonly record: StoredRecord;
  readonly distanceKm: number;
}

/** A client that was found, as whoever asked is told. */
export interface NearClient {
  readonly client: Uint8Array;
  /** Location and stamp as the client sent them. */
  readonly location: Uint8Array;
  readonly stamp: Uint8Array;
  readonly distanceMetres: number;
}

export interface NearAnswer {
  /** More than there are clients here, if they did not fit into one answer. */
  readonly found: number;
  readonly clients: readonly NearClient[];
}

export function writeNearQuestion(out: ByteWriter, { latitude, longitude, radiusMetres, most }: NearQuestion): void {
  out.signedVarint(Math.round(latitude * UNITS_PER_DEGREE));
  out.signedVarint(Math.round(longitude * UNITS_PER_DEGREE));
  out.varint(radiusMetres);
  out.varint(most);
}

/** @throws {MalformedFrame} if a number is out of its range */
export function readNearQuestion(reader: ByteReader): NearQuestion {
  const latitude = reader.signedVarint() / UNITS_PER_DEGREE;
  const longitude = reader.signedVarint() / UNITS_PER_DEGREE;
  const radiusMetres = reader.varint();
  const most = reader.varint();
  if (Math.abs(latitude) > 90 || Math.abs(longitude) > 180) throw new MalformedFrame('asks about no position');
  if (radiusMetres > NEAR_RADIUS_METRES) throw new MalformedFrame(`asks within more than ${NEAR_RADIUS_METRES} m`);
  if (most > NEAR_CLIENTS) throw new MalformedFrame(`asks for ${most} clients, at most ${NEAR_CLIENTS} allowed`);
  if (reader.remaining > 0) throw new MalformedFrame('question with bytes left over');
  return { latitude, longitude, radiusMetres, most };
}

/** Writes as many, from the first on, as fit into a frame of its own. */
export function writeNearAnswer(out: ByteWriter, found: readonly NearRecord[]): void {
  const begin = out.length;
  out.varint(found.length);
  for (const { record, distanceKm } of found) {
    if (out.length - begin + record.textLength + NUMBERS_BYTES > FRAME_PAYLOAD_BYTES) return;
    out.field(clientBytes(record));
    out.field(locationBytes(record));
    out.field(stampBytes(record));
    out.varint(Math.round(distanceKm * 1000));
  }
}

/** @throws {MalformedFrame} */
export function readNearAnswer(reader: ByteReader): NearAnswer {
  const found = reader.varint();
  const clients: NearClient[] = [];
  while (reader.remaining > 0) {
    const client = reader.field(FRAME_PAYLOAD_BYTES);
    const location = reader.field(FRAME_PAYLOAD_BYTES);
    const stamp = reader.field(FRAME_PAYLOAD_BYTES);
    clients.push({ client, location, stamp, distanceMetres: reader.varint() });
  }
  if (clients.length > found) throw new MalformedFrame('more clients than were found');
  return { found, clients };
}
