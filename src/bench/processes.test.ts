import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const SCHED_IDLE = '5';
const SCHED_OTHER = '0';

const hasChrt = process.platform === 'linux' && spawnSync('chrt', ['--version']).status === 0;
const skip = hasChrt ? false : 'there is no chrt';

test('a thread that makes way runs only when nobody else wants to, and others of its process as before', {
  skip,
}, () => {
  const program = `
import { readFileSync } from 'node:fs';
import { Worker, isMainThread, parentPort } from 'node:worker_threads';
import { makeWayForAll } from ${JSON.stringify(new URL('./processes.js', import.meta.url).href)};
// The policy of this thread: the 41st field, see proc(5); the second is a name that may hold anything.
const policy = () => readFileSync('/proc/thread-self/stat', 'utf8').split(') ')[1].split(' ')[38];
if (isMainThread) {
  const thread = new Worker(new URL(import.meta.url));
  thread.on('message', (its) => process.stdout.write(its + ' ' + policy()));
} else {
  parentPort.postMessage(makeWayForAll() + ' ' + policy());
}`;
  const url = `data:text/javascript,${encodeURIComponent(program)}`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', `import ${JSON.stringify(url)}`],
    {
      encoding: 'utf8',
    },
  );
  assert.equal(stdout, `true ${SCHED_IDLE} ${SCHED_OTHER}`, stderr);
});
