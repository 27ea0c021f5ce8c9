// Measures the near index beside a fixed grid of 0.05 degrees and prints the figures of docs/decisions/0009-near-index.md:
// `npm run build && node scripts/measure-near.mjs [CLIENTS]`. Only ratios within one run count.
import { NearIndex } from '../dist/src/core/near.js';
import { Nearest } from '../dist/src/core/nearest.js';
import { PlacesFile } from '../dist/src/places/places-file.js';
import { haversine, haversineToKm, RADIANS_PER_DEGREE } from '../dist/src/wire/distance.js';

const CLIENTS = Number(process.argv[2] ?? 1_000_000);
const QUERIES = 20_000;
const ROUNDS = 5;
const RADIUS_KM = 10;
const MOST = 20;
/** About 5 m. */
const STEP_DEGREES = 5e-5;

let state = 1;
/** The same numbers in each run (mulberry32). */
function chance() {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

const UNITS_PER_DEGREE = 1e7;
const PLACES = new URL('../data/places/cc-by-4.0.places', import.meta.url).pathname;
const file = PlacesFile.open(PLACES);
const chunks = await Promise.all(Array.from({ length: file.chunks }, (_, at) => file.readChunk(at)));
const coordinates = Int32Array.from(chunks.flatMap((chunk) => [...chunk.coordinates]));
const places = coordinates.length / 2;
file.close();

/** Latitude and longitude of somebody, by turns. */
const CROWDS = {
  'within 10 km of towns': () => {
    const town = Math.floor(chance() * places);
    return [
      coordinates[2 * town + 1] / UNITS_PER_DEGREE + (chance() - 0.5) * 0.18,
      coordinates[2 * town] / UNITS_PER_DEGREE + (chance() - 0.5) * 0.18,
    ];
  },
  'anywhere, -60 to 70': () => [chance() * 130 - 60, chance() * 360 - 180],
  'in one city, 0.5 x 0.5': () => [34 + chance() * 0.5, -118.5 + chance() * 0.5],
  'at ten spots': () => [34 + Math.floor(chance() * 10) * 0.01, -118.5],
};

/** The structure to beat: heads of lists in a grid of the whole world, and rings of cells around the centre. */
class FixedGrid {
  static COLUMNS = 7200;
  static ROWS = 3600;
  heads = new Int32Array(FixedGrid.COLUMNS * FixedGrid.ROWS).fill(-1);
  next = new Int32Array(CLIENTS);
  previous = new Int32Array(CLIENTS);
  cells = new Int32Array(CLIENTS).fill(-1);
  positions = new Int32Array(2 * CLIENTS);
  bytes = this.heads.byteLength + CLIENTS * 20;

  cellOf(latitude, longitude) {
    const row = Math.min(FixedGrid.ROWS - 1, Math.floor((latitude + 90) * 20));
    return row * FixedGrid.COLUMNS + Math.min(FixedGrid.COLUMNS - 1, Math.floor((longitude + 180) * 20));
  }

  put(slot, latitude, longitude) {
    this.positions[2 * slot] = Math.round(latitude * UNITS_PER_DEGREE);
    this.positions[2 * slot + 1] = Math.round(longitude * UNITS_PER_DEGREE);
    const cell = this.cellOf(latitude, longitude);
    const old = this.cells[slot];
    if (cell === old) return;
    const { next, previous, heads } = this;
    if (old >= 0) {
      if (previous[slot] < 0) heads[old] = next[slot];
      else next[previous[slot]] = next[slot];
      if (next[slot] >= 0) previous[next[slot]] = previous[slot];
    }
    const head = heads[cell];
    next[slot] = head;
    previous[slot] = -1;
    if (head >= 0) previous[head] = slot;
    heads[cell] = slot;
    this.cells[slot] = cell;
  }

  /** Not right at the poles, where rings of cells are no rings: none of the crowds is there. */
  nearest(latitude, longitude, radiusKm, into) {
    into.count = 0;
    const cosine = Math.cos(latitude * RADIANS_PER_DEGREE);
    const cell = this.cellOf(latitude, longitude);
    const row = Math.floor(cell / FixedGrid.COLUMNS);
    const column = cell % FixedGrid.COLUMNS;
    // A degree of longitude at the edge of the radius, where it is shortest.
    const kmPerCell =
      111.19 * 0.05 * Math.max(0.01, Math.cos((Math.abs(latitude) + radiusKm / 111) * RADIANS_PER_DEGREE));
    const rings = Math.ceil(radiusKm / kmPerCell);
    for (let ring = 0; ring <= rings; ring += 1) {
      if (into.isFull && haversineToKm(into.farthest) < (ring - 1) * kmPerCell) break;
      for (let y = Math.max(0, row - ring); y <= Math.min(FixedGrid.ROWS - 1, row + ring); y += 1) {
        const step = ring === 0 || Math.abs(y - row) === ring ? 1 : 2 * ring;
        for (let x = column - ring; x <= column + ring; x += step) {
          this.look(
            y * FixedGrid.COLUMNS + ((x + FixedGrid.COLUMNS) % FixedGrid.COLUMNS),
            cosine,
            latitude,
            longitude,
            into,
            radiusKm,
          );
        }
      }
    }
    into.sort();
  }

  look(cell, cosine, latitude, longitude, into, radiusKm) {
    for (let slot = this.heads[cell]; slot >= 0; slot = this.next[slot]) {
      const other = this.positions[2 * slot] / UNITS_PER_DEGREE;
      const away = haversine(cosine, latitude, longitude, other, this.positions[2 * slot + 1] / UNITS_PER_DEGREE);
      if (into.beats(slot, away) && haversineToKm(away) <= radiusKm) into.keep(slot, away);
    }
  }
}

/** This process's own processor time: what others do on the machine makes it longer too, but less than a clock on the wall. */
function processorMicroseconds() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Microseconds of one call, the median of some rounds. */
function measure(count, call) {
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = processorMicroseconds();
    for (let index = 0; index < count; index += 1) call(index, round);
    rounds.push((processorMicroseconds() - start) / count);
  }
  return rounds.sort((left, right) => left - right)[ROUNDS >> 1];
}

function measureCrowd(crowd, index) {
  state = 1;
  const draw = CROWDS[crowd];
  const spots = new Float64Array(2 * CLIENTS);
  for (let slot = 0; slot < CLIENTS; slot += 1) spots.set(draw(), 2 * slot);
  const fill = processorMicroseconds();
  for (let slot = 0; slot < CLIENTS; slot += 1) index.put(slot, spots[2 * slot], spots[2 * slot + 1]);
  const insert = (processorMicroseconds() - fill) / CLIENTS;
  const bytes = index.bytes;
  const nearest = new Nearest(MOST);
  let found = 0;
  const centres = Int32Array.from({ length: QUERIES }, () => Math.floor(chance() * CLIENTS));
  // A slow structure is asked less often.
  const query = (at) => {
    const slot = centres[at];
    index.nearest(spots[2 * slot], spots[2 * slot + 1], RADIUS_KM, nearest);
    found += nearest.count;
  };
  const start = processorMicroseconds();
  for (let at = 0; at < 20; at += 1) query(at);
  const asked = Math.max(20, Math.min(QUERIES, Math.floor(20_000_000 / (processorMicroseconds() - start))));
  found = 0;
  const ask = measure(asked, query);
  const order = Int32Array.from({ length: CLIENTS }, () => Math.floor(chance() * CLIENTS));
  const step = measure(CLIENTS, (at, round) => {
    const slot = order[at];
    const away = (((at ^ round) & 3) - 1.5) * STEP_DEGREES;
    index.put(slot, spots[2 * slot] + away, spots[2 * slot + 1] - away);
  });
  const jump = measure(CLIENTS, (at, round) => {
    const from = order[(at + round * 7919) % CLIENTS];
    index.put(order[at], spots[2 * from], spots[2 * from + 1]);
  });
  return {
    insert,
    step,
    jump,
    ask,
    found: found / asked / ROUNDS,
    bytes: bytes / CLIENTS,
    after: index.bytes / CLIENTS,
  };
}

console.log(
  `${CLIENTS.toLocaleString('en-US')} clients; microseconds a call, k=${MOST} within ${RADIUS_KM} km; Node ${process.version}`,
);
console.log('| crowd | structure | insert | step | jump | query | found | bytes a client | after moves |');
console.log('|---|---|---|---|---|---|---|---|---|');
for (const crowd of Object.keys(CROWDS)) {
  for (const Structure of [NearIndex, FixedGrid]) {
    const { insert, step, jump, ask, found, bytes, after } = measureCrowd(crowd, new Structure());
    const figures = [
      insert.toFixed(3),
      step.toFixed(3),
      jump.toFixed(3),
      ask.toFixed(2),
      found.toFixed(1),
      bytes.toFixed(1),
      after.toFixed(1),
    ];
    console.log(`| ${crowd} | ${Structure.name} | ${figures.join(' | ')} |`);
  }
}
