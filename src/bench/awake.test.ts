import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as later } from 'node:timers/promises';
import { keepAwake } from './awake.ts';

const SCHED_IDLE = '5';
/** Steps of 20 ms: beside tests that want all cores it hardly ever runs. */
const STEPS = 3000;

/** The fields of /proc/PID/stat behind the name, see proc(5); undefined if there is no such process. */
function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/** One that this process may use. */
const core = /^Cpus_allowed_list:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] as string;
const skip = spawnSync('chrt', ['--version']).status === 0 ? false : 'there is no chrt';

test('what keeps a core awake runs only when nobody else wants to, and ends when it is told to', { skip }, async () => {
  const awake = keepAwake({ all: core });
  assert.equal(awake?.pids.length, 1);
  const pid = awake?.pids[0] as number;
  // It becomes taskset, then chrt, then Node.
  let policy: string | undefined;
  for (let step = 0; step < STEPS && policy !== SCHED_IDLE; step += 1) {
    policy = statOf(pid)?.[38];
    await later(20);
  }
  assert.equal(policy, SCHED_IDLE);
  const allowed = /^Cpus_allowed_list:\s+(\S+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  assert.equal(allowed, core);
  await awake?.stop();
  assert.equal(statOf(pid), undefined);
  await awake?.stop();
});

test('it ends with whoever started it', { skip }, async () => {
  const program = `import { keepAwake } from ${JSON.stringify(new URL('./awake.js', import.meta.url).href)};
process.stdout.write(String(keepAwake({ all: '${core}' }).pids[0]));
process.exit();`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });
  const pid = Number(stdout);
  assert.ok(pid > 1, stdout);
  for (let step = 0; step < STEPS && statOf(pid) !== undefined; step += 1) await later(20);
  assert.equal(statOf(pid), undefined);
});

test('where nothing is pinned no core is kept awake', () => {
  assert.equal(keepAwake({ all: undefined }), undefined);
});
