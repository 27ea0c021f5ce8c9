// The package's version, read once.
import { readFileSync } from 'node:fs';

let versionRead: string | undefined;

export function version(): string {
  if (versionRead === undefined) {
    const file = new URL('../../../package.json', import.meta.url);
    versionRead = String((JSON.parse(readFileSync(file, 'utf8')) as { version: unknown }).version);
  }
  return versionRead;
}
