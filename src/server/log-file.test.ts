import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { LogFile } from './log-file.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'drover-'));
after(() => rmSync(directory, { recursive: true, force: true }));

test('what is written is in the file after a flush and after a close, readable by its owner alone', () => {
  const file = path.join(directory, 'a.log');
  const log = new LogFile(file, assert.fail);
  log.write('one\n');
  log.flush();
  assert.equal(readFileSync(file, 'utf8'), 'one\n');
  log.write('two\n');
  log.close();
  assert.equal(readFileSync(file, 'utf8'), 'one\ntwo\n');
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('a log that was moved away is opened anew, and kept when that cannot be', () => {
  const folder = mkdtempSync(path.join(directory, 'rotated-'));
  const file = path.join(folder, 'a.log');
  const complaints: string[] = [];
  const log = new LogFile(file, (message) => complaints.push(message));
  log.write('old\n');
  renameSync(file, `${file}.1`);
  log.reopen();
  log.write('new\n');
  log.flush();
  assert.equal(readFileSync(`${file}.1`, 'utf8'), 'old\n');
  assert.equal(readFileSync(file, 'utf8'), 'new\n');
  renameSync(folder, `${folder}-gone`);
  log.reopen();
  log.write('still\n');
  log.close();
  assert.match(complaints.join(), /cannot open the log .* anew/);
  assert.equal(readFileSync(path.join(`${folder}-gone`, 'a.log'), 'utf8'), 'new\nstill\n');
});

test('a disk that takes nothing is complained about once, holds nobody up and bounds memory', {
  skip: !existsSync('/dev/full'),
}, () => {
  const complaints: string[] = [];
  const log = new LogFile('/dev/full', (message) => complaints.push(message));
  const line = `${'x'.repeat(1000)}\n`;
  for (let count = 0; count < 20_000; count += 1) log.write(line);
  log.flush();
  log.close();
  assert.equal(complaints.length, 1);
  assert.match(complaints[0] ?? '', /ENOSPC/);
});
