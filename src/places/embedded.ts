// The provider that needs no key and no network: places that come with Drover.
import { fileURLToPath } from 'node:url';
import { FileProvider } from './file.ts';

/** One a licence, see scripts/build-places.mjs. */
const FILES = ['cc-by-4.0.places', 'odbl-1.0.places'];

export class EmbeddedProvider extends FileProvider {
  constructor() {
    super('embedded', FILES.map(inDataFolder));
  }
}

/** From `dist/src/places/`, where this file is when it runs. */
function inDataFolder(file: string): string {
  return fileURLToPath(new URL(`../../../data/places/${file}`, import.meta.url));
}
