import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LOG_RECORD_BYTES, LOG_WAITING_BYTES } from '../wire/limits.ts';
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

test('a log that ends in half a record goes on with a line of its own', () => {
  const file = path.join(directory, 'torn.log');
  writeFileSync(file, 'whole\n{"level":30,"ti');
  for (const line of ['one\n', 'two\n']) {
    const log = new LogFile(file, assert.fail);
    log.write(line);
    log.close();
  }
  assert.equal(readFileSync(file, 'utf8'), 'whole\n{"level":30,"ti\none\ntwo\n');
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

test('records of any length and any script stay whole and in order', () => {
  const file = path.join(directory, 'long.log');
  const log = new LogFile(file, assert.fail);
  const lines = Array.from({ length: 300 }, (_, count) => `${count} ${'øé\u{1f30d}x'.repeat((count * 37) % 2000)}\n`);
  lines.push(`${'y'.repeat(1_000_000)}\n`, 'last\n');
  for (const line of lines) log.write(line);
  log.close();
  assert.equal(readFileSync(file, 'utf8'), lines.join(''));
});

test('what the disk did not take is written when it takes it, oldest first, and the rest is counted', {
  skip: !existsSync('/dev/full'),
}, () => {
  const file = path.join(directory, 'full.log');
  symlinkSync('/dev/full', file);
  const complaints: string[] = [];
  const log = new LogFile(file, (message) => complaints.push(message));
  const lines = Array.from({ length: 12_000 }, (_, count) => `${count} ${'x'.repeat(1000)}\n`);
  for (const line of lines) log.write(line);
  assert.ok(log.bytes.length <= LOG_WAITING_BYTES, `${log.bytes.length}`);
  const unwritten = log.length;
  assert.ok(unwritten > LOG_WAITING_BYTES - LOG_RECORD_BYTES, `${unwritten}`);
  unlinkSync(file);
  log.reopen();
  log.flush();
  log.write('after\n');
  log.close();
  const text = readFileSync(file, 'utf8');
  const kept = text.split('\n').length - 2;
  assert.equal(text, `${lines.slice(0, kept).join('')}after\n`);
  assert.equal(text.length, unwritten + 'after\n'.length);
  assert.equal(complaints.length, 2, complaints.join());
  assert.match(complaints[1] ?? '', new RegExp(`is written again; ${lines.length - kept} records were dropped$`));
  assert.ok(log.bytes.length < LOG_WAITING_BYTES / 8, 'the memory is given back');
});

test('a line that was half written when the disk was full is finished', (t) => {
  if (process.platform === 'win32') return t.skip('no limit on the size of files');
  const folder = mkdtempSync(path.join(directory, 'limit-'));
  const script = `
    import { renameSync } from 'node:fs';
    import { LogFile } from ${JSON.stringify(fileURLToPath(new URL('./log-file.js', import.meta.url)))};
    const file = process.argv[1] + '/now.log';
    const log = new LogFile(file, (message) => console.log(message));
    for (let count = 0; count < 900; count += 1) log.write('record ' + count + ' '.repeat(count % 90) + '\\n');
    log.flush();
    for (let part = 1; log.length > 0; part += 1) {
      renameSync(file, process.argv[1] + '/' + part + '.log');
      log.reopen();
      log.flush();
    }
    log.close();`;
  const node = [process.execPath, '--input-type=module', '-e', script, folder];
  const { stdout, stderr } = spawnSync('sh', ['-c', 'ulimit -f 24 && exec "$0" "$@"', ...node], { encoding: 'utf8' });
  assert.equal(stderr, '');
  assert.match(stdout, /^cannot write .*EFBIG.*\n.*is written again; 0 records were dropped\n$/);
  const parts = readdirSync(folder)
    .sort()
    .map((name) => readFileSync(path.join(folder, name), 'utf8'));
  assert.ok(parts.length > 1 && !parts[0]?.endsWith('\n'), 'the limit fell into a line');
  const whole = Array.from({ length: 900 }, (_, count) => `record ${count}${' '.repeat(count % 90)}\n`);
  assert.equal(parts.join(''), whole.join(''));
});
