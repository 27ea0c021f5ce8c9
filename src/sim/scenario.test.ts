import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { runScenario } from './scenario.ts';

const folder = fileURLToPath(new URL('../../../scenarios/', import.meta.url));

// To accept what the herd does now as right: UPDATE_SCENARIOS=1 npm test, and read the difference.
const update = process.env['UPDATE_SCENARIOS'] === '1';

const files = readdirSync(folder).filter((file) => file.endsWith('.txt'));

test('there are scenarios', () => assert.ok(files.length > 0));

for (const file of files) {
  test(`scenario ${file}`, () => {
    const text = readFileSync(path.join(folder, file), 'utf8');
    const happened = runScenario(text);
    if (update) writeFileSync(path.join(folder, file), happened);
    else assert.equal(happened, text);
  });
}
