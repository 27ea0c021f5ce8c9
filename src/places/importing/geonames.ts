// GeoNames' tables of 19 columns (cities500.txt, allCountries.txt, LI.txt). Quotes in them are letters like any other.
import { COUNTRY_NAMES } from './country-names.ts';
import { type Format, PLAIN_TYPES } from './format.ts';
import type { Intake } from './intake.ts';
import { readLines } from './lines.ts';

const COLUMNS = 19;
const LOCALITY: readonly string[] = ['locality', 'political'];

/** By GeoNames' feature code, as https://www.geonames.org/export/codes.html has them. */
const TYPE_BY_CODE: Readonly<Record<string, string>> = {
  AIRP: 'airport',
  AIRH: 'heliport',
  AMUS: 'amusement_park',
  BUSTN: 'bus_station',
  CH: 'church',
  CMTY: 'cemetery',
  CSNO: 'casino',
  HSP: 'hospital',
  HTL: 'lodging',
  LIBR: 'library',
  MSQE: 'mosque',
  MUS: 'museum',
  PO: 'post_office',
  PP: 'police',
  PRK: 'park',
  REST: 'restaurant',
  RSTN: 'train_station',
  SCH: 'school',
  STDM: 'stadium',
  UNIV: 'university',
  ZOO: 'zoo',
};

/** By feature class. */
const TYPES_BY_CLASS: Readonly<Record<string, readonly string[]>> = {
  A: ['administrative_area', 'political'],
  H: ['natural_feature'],
  L: PLAIN_TYPES,
  P: LOCALITY,
  R: ['route'],
  S: PLAIN_TYPES,
  T: ['natural_feature'],
  U: ['natural_feature'],
  V: ['natural_feature'],
};

const typesByFeature = new Map<string, readonly string[]>();

function typesOf(featureClass: string, code: string): readonly string[] {
  const feature = `${featureClass}.${code}`;
  let types = typesByFeature.get(feature);
  if (types === undefined) {
    const byClass = Object.hasOwn(TYPES_BY_CLASS, featureClass) ? TYPES_BY_CLASS[featureClass] : undefined;
    const own = byClass === PLAIN_TYPES && Object.hasOwn(TYPE_BY_CODE, code) ? TYPE_BY_CODE[code] : undefined;
    types = own === undefined ? (byClass ?? PLAIN_TYPES) : [own, ...PLAIN_TYPES];
    // Codes are a closed list of some 700; a file that has them wrong must not fill the memory.
    if (typesByFeature.size < 1000) typesByFeature.set(feature, types);
  }
  return types;
}

async function read(file: string, _: unknown, intake: Intake): Promise<void> {
  const onLine = (line: string, number: number): void => {
    const columns = line.split('\t');
    if (columns.length !== COLUMNS) {
      intake.refuse(number, `it has ${columns.length} columns, not GeoNames' ${COLUMNS}`);
      return;
    }
    const country = columns[8] as string;
    intake.add(number, {
      name: columns[1] as string,
      latitude: numberFrom(columns[4]),
      longitude: numberFrom(columns[5]),
      types: typesOf(columns[6] as string, columns[7] as string),
      vicinity: Object.hasOwn(COUNTRY_NAMES, country) ? (COUNTRY_NAMES[country] as string) : country,
    });
  };
  await readLines(file, onLine, (share) => intake.progress(share));
}

/** NaN for what is empty, which to JavaScript is 0. */
function numberFrom(text: string | undefined): number {
  return text ? Number(text) : Number.NaN;
}

export const GEONAMES: Format = {
  name: 'geonames',
  unit: 'line',
  origin: {
    key: 'geonames',
    source: 'GeoNames',
    licence: 'CC-BY-4.0',
    licenceUrl: 'https://creativecommons.org/licenses/by/4.0/',
    attribution: 'Contains data from GeoNames (CC BY 4.0), reduced to names, positions and countries.',
    url: 'https://www.geonames.org/',
  },
  read,
};
