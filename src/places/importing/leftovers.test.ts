// Imports that are killed while they write, in processes of their own: what they leave is removed, what others still write is not.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { IMPORT_SILENCE_MS } from '../limits.ts';
import { withFolder } from '../made-places.ts';
import { importText } from './made-import.ts';

/** Says so and waits for ever once it has begun to write. */
const WRITER = `
import { writeSync } from 'node:fs';
import { importPlaces } from ${JSON.stringify(new URL('./import.js', import.meta.url).href)};
const [file, output] = process.argv.slice(1);
const onProgress = (what) => {
  if (!what.startsWith('writing')) return;
  writeSync(1, 'writing');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
};
await importPlaces({ files: [file], output, format: undefined, read: { columns: {}, delimiter: ',' }, words: {}, onProgress });
`;

async function writer(folder: string): Promise<ChildProcess> {
  const file = path.join(folder, 'a.csv');
  writeFileSync(file, 'name,lat,lon\nHere,1,2\n');
  const words = ['--input-type=module', '--eval', WRITER, file, path.join(folder, 'out.places')];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  await Promise.race([
    once(child.stdout as NonNullable<typeof child.stdout>, 'data'),
    once(child, 'exit').then(() => assert.fail('it ended before it wrote')),
  ]);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

const again = (folder: string): Promise<unknown> => importText(folder, 'a.csv', 'name,lat,lon\nHere,1,2\n');
const unfinished = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith('.tmp'));

test('what a killed import left is removed by the next of the same target, what another one writes is not', () =>
  withFolder(async (folder) => {
    const [killed, living] = [await writer(folder), await writer(folder)];
    try {
      await kill(killed);
      assert.equal(unfinished(folder).length, 2);
      const other = '.other.places.1.1.tmp';
      writeFileSync(path.join(folder, other), '');
      await again(folder);
      const left = unfinished(folder).filter((name) => name !== other);
      assert.equal(left.length, 1);
      assert.match(left[0] ?? '', new RegExp(`^\\.out\\.places\\.[\\da-f]+\\.${living.pid}\\.tmp$`));
    } finally {
      await kill(living);
    }
    await again(folder);
    assert.deepEqual(unfinished(folder), ['.other.places.1.1.tmp']);
  }));

test('of another machine or container, only when nobody has written to it for long', () =>
  withFolder(async (folder) => {
    // No process here has that number, and none here may judge by it.
    const file = path.join(folder, '.out.places.0.4999999.tmp');
    writeFileSync(file, '');
    await again(folder);
    assert.equal(unfinished(folder).length, 1);
    const thenMs = Date.now() - IMPORT_SILENCE_MS - 1000;
    utimesSync(file, thenMs / 1000, thenMs / 1000);
    await again(folder);
    assert.deepEqual(unfinished(folder), []);
  }));

test('what has this process’s number is left of an earlier one, as in a container that is started again', () =>
  withFolder(async (folder) => {
    const child = await writer(folder);
    const [name = ''] = unfinished(folder);
    await kill(child);
    writeFileSync(path.join(folder, name.replace(`.${child.pid}.`, `.${process.pid}.`)), 'half');
    await again(folder);
    assert.deepEqual(unfinished(folder), []);
  }));
