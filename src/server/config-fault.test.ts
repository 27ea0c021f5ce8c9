// Faults and their authors: the file, the command line, the environment.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { type ConfigSources, loadConfig } from './config.ts';

const directory = mkdtempSync(path.join(os.tmpdir(), 'drover-faults-'));
test.after(() => rmSync(directory, { recursive: true, force: true }));

async function linesOf(sources: Partial<ConfigSources>): Promise<string[]> {
  const error = await loadConfig({ env: {}, ...sources }).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof Error && error.name === 'ConfigError');
  return error.message.split('\n');
}

test('a fault says who made it', async () => {
  const configFile = path.join(directory, 'herd.json');
  writeFileSync(configFile, JSON.stringify({ herd: 'x', servers: { A: { clientPort: 'a' } } }));
  const inFile = '  servers.A.clientPort: must be a number, not "a"';
  assert.deepEqual(await linesOf({ configFile }), [`one fault in ${configFile}:`, inFile]);

  const gone = path.join(directory, 'gone.places');
  const missing = `the places in ${gone} cannot be used: there is no such file: is the path right? 'drover places import' makes one`;
  const places = `file:${gone}`;
  assert.deepEqual(await linesOf({ places }), ['one fault in the command line:', `  --places: ${missing}`]);
  const env = { DROVER_PLACES: places };
  assert.deepEqual(await linesOf({ env }), ['one fault in the environment:', `  DROVER_PLACES: ${missing}`]);
  assert.deepEqual(await linesOf({ configFile, env }), [
    `2 faults in ${configFile} and the environment:`,
    inFile,
    `  DROVER_PLACES: ${missing}`,
  ]);
});
