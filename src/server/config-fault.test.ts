// Faults and their authors: the file, the command line, the environment.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

test('what is wrong with the secret is listed with everything else, and never shown', async () => {
  const configFile = path.join(directory, 'secret.json');
  const secret = path.join(directory, 'herd.key');
  const file = { herd: 'x', servers: { A: { clientPort: 'a' } }, secretFile: 'herd.key' };
  writeFileSync(configFile, JSON.stringify(file));
  const said = async (): Promise<string> => {
    const [head, ...faults] = await linesOf({ configFile });
    assert.equal(head, `2 faults in ${configFile}:`);
    assert.equal(faults[0], '  servers.A.clientPort: must be a number, not "a"');
    return faults[1] ?? '';
  };
  const named = `  secretFile: the secret file ${secret}`;
  assert.equal(await said(), `${named} cannot be read: there is no such file; 'drover keygen' makes a secret`);
  writeFileSync(secret, '# nothing\n');
  assert.equal(await said(), `${named} is empty; 'drover keygen' makes a secret`);
  writeFileSync(secret, 'abcdef\n');
  const short = `  secretFile: secret 1 of ${secret} is not at least 64 hexadecimal digits; 'drover keygen' makes one`;
  assert.equal(await said(), short);
  rmSync(secret);
  mkdirSync(secret);
  assert.match(await said(), /^ {2}secretFile: .* cannot be read: it is a directory;/);
  // Whoever only looks for the servers, or asks for places, need not know it.
  writeFileSync(configFile, JSON.stringify({ ...file, servers: { A: { clientPort: 1 } } }));
  for (const purpose of ['find', 'places'] as const) await loadConfig({ configFile, env: {}, purpose });
});
