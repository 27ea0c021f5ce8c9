import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { makeDirectory } from './make-directory.ts';

test('what is missing is made, for its owner alone, and what is there stays', (t) => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'drover-directory-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const deep = path.join(root, 'one', 'two', 'three');
  makeDirectory(deep);
  makeDirectory(deep);
  assert.equal(statSync(deep).mode & 0o777, 0o700);
  assert.equal(statSync(path.join(root, 'one')).mode & 0o777, 0o700);
  makeDirectory(`${root}/`);
  makeDirectory('/');
  makeDirectory('.');
  writeFileSync(path.join(root, 'file'), '');
  assert.throws(() => makeDirectory(path.join(root, 'file')), { code: 'EEXIST' });
  assert.throws(() => makeDirectory(path.join(root, 'file', 'below', 'that')), { code: 'ENOTDIR' });
});

test('a file system that makes no directories says so, and nobody waits for ever', (t) => {
  if (process.platform !== 'linux') return t.skip('there is no /proc');
  assert.throws(() => makeDirectory('/proc/drover'), { code: 'ENOENT' });
  assert.throws(() => makeDirectory('/proc/drover/data'), { code: 'ENOENT' });
});
