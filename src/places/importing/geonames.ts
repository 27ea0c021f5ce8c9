// GeoNames' tables of 19 columns (cities500.txt, allCountries.txt, LI.txt). Quotes in them are letters like any other.
import { COUNTRY_NAMES } from './country-names.ts';
import { decimalFrom, type Format, PLAIN_TYPES } from './format.ts';
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

/** Where each column of a line begins, and where the next one would: an array of all the texts costs more than the rest of an import. */
const starts = new Int32Array(COLUMNS + 1);

/** How many columns the line has. */
function findColumns(line: string): number {
  let count = 1;
  for (let tab = line.indexOf('\t'); tab >= 0; tab = line.indexOf('\t', tab + 1)) {
    if (count <= COLUMNS) starts[count] = tab + 1;
    count += 1;
  }
  if (count === COLUMNS) starts[COLUMNS] = line.length + 1;
  return count;
}

function column(line: string, number: number): string {
  return line.slice(starts[number] as number, (starts[number + 1] as number) - 1);
}

async function read(file: string, _: unknown, intake: Intake): Promise<void> {
  const onLine = (line: string, number: number): void => {
    const count = findColumns(line);
    if (count !== COLUMNS) {
      intake.refuse(number, `it has ${count} columns, not GeoNames' ${COLUMNS}`);
      return;
    }
    const country = column(line, 8);
    intake.add(number, {
      name: column(line, 1),
      latitude: decimalFrom(column(line, 4)),
      longitude: decimalFrom(column(line, 5)),
      types: typesOf(column(line, 6), column(line, 7)),
      vicinity: Object.hasOwn(COUNTRY_NAMES, country) ? (COUNTRY_NAMES[country] as string) : country,
    });
  };
  await readLines(file, onLine, (share) => intake.progress(share));
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
