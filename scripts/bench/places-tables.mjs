// The same made-up places in each format of tables that is imported, for bench-places.mjs: written as other people's programs write
// them, with the columns that are not needed.
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import { parquetWriteBuffer } from 'hyparquet-writer';

const ROW_GROUP = 100_000;

const text = (name) => ({ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' });
const number = (name) => ({ name, type: 'DOUBLE', repetition_type: 'OPTIONAL' });
const group = (name, ...children) => [
  { name, num_children: children.length, repetition_type: 'OPTIONAL' },
  ...children.flat(),
];
const list = (name, element) => [
  { name, converted_type: 'LIST', num_children: 1, repetition_type: 'OPTIONAL' },
  { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
  ...element,
];

async function writeText(file, places, start, line, end) {
  const stream = createWriteStream(file);
  stream.write(start);
  for (let at = 0; at < places.length; at += 1000) {
    stream.write(
      places
        .slice(at, at + 1000)
        .map((place, offset) => line(place, at + offset))
        .join(''),
    );
  }
  stream.end(end);
  await finished(stream);
}

async function writeParquet(file, columns) {
  const schema = [{ name: 'root', num_children: columns.length }, ...columns.flatMap(([elements]) => elements)];
  const columnData = columns.map(([[{ name }], data]) => ({ name, data }));
  await writeFile(file, new Uint8Array(parquetWriteBuffer({ columnData, schema, rowGroupSize: ROW_GROUP })));
}

const feature = ({ name, latitude, longitude, street }) =>
  JSON.stringify({
    type: 'Feature',
    properties: { name, amenity: 'cafe', 'addr:street': street, 'addr:city': 'Ghent' },
    geometry: { type: 'Point', coordinates: [longitude, latitude] },
  });

/** Writes `{ name, latitude, longitude, street }` to a file a format; their names by what the format is called. */
export async function writeTables(places, folder) {
  const [csv, geojson, geojsonseq, foursquare, overture] = [
    'a.csv',
    'a.geojson',
    'a.ndjson',
    'f.parquet',
    'o.parquet',
  ].map((name) => path.join(folder, name));
  await writeText(csv, places, 'name,lat,lon,type,address\n', (one) => {
    return `"${one.name}",${one.latitude},${one.longitude},cafe,"${one.street}, Ghent"\n`;
  });
  const collection = '{"type":"FeatureCollection","features":[';
  await writeText(geojson, places, collection, (one, at) => `${at > 0 ? ',' : ''}\n${feature(one)}`, ']}\n');
  await writeText(geojsonseq, places, '', (one) => `${feature(one)}\n`);
  const all = (value) => places.map(value);
  const own = [
    [[text('name')], all(({ name }) => name)],
    [[number('latitude')], all(({ latitude }) => latitude)],
    [[number('longitude')], all(({ longitude }) => longitude)],
  ];
  await writeParquet(foursquare, [
    [[text('fsq_place_id')], all((_, at) => `id${at}`)],
    ...own,
    [[text('address')], all(({ street }) => street)],
    [[text('locality')], all(() => 'Ghent')],
    [[text('date_closed')], all(() => null)],
    [[text('website')], all((_, at) => `https://example.org/${at}`)],
    [list('fsq_category_labels', [text('element')]), all(() => ['Dining and Drinking > Cafe > Coffee Shop'])],
  ]);
  const box = ['xmin', 'xmax', 'ymin', 'ymax'].map((edge) => [number(edge)]);
  const names = [[text('primary')], list('rules', group('element', [text('value')]))];
  const address = group('element', [text('freeform')], [text('locality')]);
  await writeParquet(overture, [
    [[text('id')], all((_, at) => `id${at}`)],
    [group('names', ...names), all(({ name }) => ({ primary: name, rules: [{ value: name }] }))],
    [[text('basic_category')], all(() => 'cafe')],
    [group('taxonomy', [text('primary')]), all(() => ({ primary: 'coffee_shop' }))],
    [group('bbox', ...box), all(({ latitude: y, longitude: x }) => ({ xmin: x, xmax: x, ymin: y, ymax: y }))],
    [list('addresses', address), all(({ street }) => [{ freeform: street, locality: 'Ghent' }])],
    [[text('operating_status')], all(() => 'open')],
  ]);
  return {
    CSV: csv,
    GeoJSON: geojson,
    GeoJSONSeq: geojsonseq,
    'Foursquare, Parquet': foursquare,
    'Overture, Parquet': overture,
  };
}
