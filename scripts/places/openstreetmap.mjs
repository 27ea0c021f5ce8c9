// Named points of interest out of the OpenStreetMap QA tiles of two cities. A QA tile holds the whole database with
// every tag, cut at the tile's edge: one way may lie in several tiles and is put together again here.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { placeTypes, vicinityOf } from '../../dist/src/places/openstreetmap-types.js';
import { OPENSTREETMAP } from './licences.mjs';

const REGIONS = ['osm-qa-montevideo', 'osm-qa-astana'];

export async function readPointsOfInterest(packages) {
  const { VectorTile } = await packages.load('@mapbox/vector-tile');
  const { PbfReader } = await packages.load('pbf');
  const found = new Map();
  for (const region of REGIONS) {
    const folder = packages.fileIn('@mapbox/mvt-fixtures', path.join('real-world', region));
    for (const file of readdirSync(folder).sort()) {
      const [zoom, x, y] = path.basename(file, '.mvt').split('-').map(Number);
      const { osm } = new VectorTile(new PbfReader(readFileSync(path.join(folder, file)))).layers;
      for (let at = 0; at < osm.length; at += 1) collect(found, osm.feature(at), x, y, zoom);
    }
  }
  return [...found.values()].map(({ bounds, ...place }) => ({
    ...place,
    latitude: rounded((bounds.south + bounds.north) / 2),
    longitude: rounded((bounds.west + bounds.east) / 2),
  }));
}

function collect(found, feature, x, y, zoom) {
  const tags = feature.properties;
  const name = tags.name?.trim();
  const types = name && placeTypes(tags);
  if (!types) return;
  const id = `${tags['@type']} ${tags['@id']}`;
  const bounds = { west: Infinity, south: Infinity, east: -Infinity, north: -Infinity };
  const place = found.get(id) ?? { source: OPENSTREETMAP, name, types, vicinity: vicinityOf(tags), bounds };
  found.set(id, place);
  extend(place.bounds, feature.toGeoJSON(x, y, zoom).geometry.coordinates);
}

function extend(bounds, coordinates) {
  if (Array.isArray(coordinates[0])) {
    for (const inner of coordinates) extend(bounds, inner);
    return;
  }
  const [longitude, latitude] = coordinates;
  bounds.west = Math.min(bounds.west, longitude);
  bounds.east = Math.max(bounds.east, longitude);
  bounds.south = Math.min(bounds.south, latitude);
  bounds.north = Math.max(bounds.north, latitude);
}

/** OpenStreetMap keeps seven decimals; the tile's projection adds noise behind them. */
function rounded(degrees) {
  return Math.round(degrees * 1e7) / 1e7;
}
