// The supervisor with real child processes that play servers: ready, failing, crashing, deaf to signals.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { backoffMs, Supervisor, type SupervisorObserver, type SupervisorTimes } from './supervisor.ts';

const FAST: Partial<SupervisorTimes> = { leastBackoffMs: 10, mostBackoffMs: 40, settleMs: 50, killAfterMs: 300 };

const LIVE = 'setInterval(() => {}, 1000);';
const READY = `process.send({ kind: 'ready', logFile: 'x.log' });`;
const POLITE = `process.on('SIGTERM', () => process.exit(0)); process.on('disconnect', () => process.exit(0));`;

interface Watched {
  readonly supervisor: Supervisor;
  readonly events: string[];
  /** Resolves when an event that contains the text has happened. */
  seen(text: string): Promise<string>;
}

function supervise(scripts: Readonly<Record<string, string>>, times: Partial<SupervisorTimes> = FAST): Watched {
  const events: string[] = [];
  const target = new EventTarget();
  const add = (text: string): void => {
    events.push(text);
    target.dispatchEvent(new Event('added'));
  };
  const observer: SupervisorObserver = {
    crashed: (name, reason) => add(`${name} crashed: ${reason}`),
    back: (name, pid) => add(`${name} back: ${pid}`),
    stoppedAlone: (name) => add(`${name} stopped alone`),
    complained: (name, line) => add(`${name} said: ${line}`),
  };
  const supervisor = new Supervisor({
    names: Object.keys(scripts),
    command: (name) => ({ file: process.execPath, arguments: ['-e', scripts[name] ?? ''] }),
    observer,
    times,
  });
  const seen = async (text: string): Promise<string> => {
    for (;;) {
      const event = events.find((line) => line.includes(text));
      if (event !== undefined) return event;
      await once(target, 'added', { signal: AbortSignal.timeout(20_000) });
    }
  };
  return { supervisor, events, seen };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('start waits for all, stop leaves none', async () => {
  const { supervisor, events } = supervise({
    A: POLITE + LIVE + READY,
    B: `${POLITE + LIVE} setTimeout(() => { ${READY} }, 100);`,
  });
  const ready = await supervisor.start();
  assert.deepEqual([...ready.keys()], ['A', 'B']);
  assert.equal(ready.get('B')?.logFile, 'x.log');
  await supervisor.stop();
  await supervisor.stop();
  await supervisor.idle;
  for (const { pid } of ready.values()) assert.equal(isAlive(pid), false);
  assert.deepEqual(events, []);
});

test('one that cannot start is the reason, and the others are stopped', async () => {
  const failed = `process.send({ kind: 'failed', message: 'A cannot listen: port in use' }, () => process.exit(1));`;
  const { supervisor, events } = supervise({
    A: failed,
    B: `${POLITE + LIVE + READY} process.stderr.write('pid ' + process.pid + '\\n');`,
  });
  await assert.rejects(supervisor.start(), { name: 'CommandError', message: 'A cannot listen: port in use' });
  const pid = Number(/pid (\d+)/.exec(events.join())?.[1] ?? 0);
  assert.ok(pid === 0 || !isAlive(pid));
});

test('a start that ends without a word, or takes too long, or cannot be spawned', async () => {
  await assert.rejects(supervise({ A: 'process.exit(7)' }).supervisor.start(), /A did not start \(exit code 7\)/);
  await assert.rejects(
    supervise({ A: LIVE }, { ...FAST, startLimitMs: 300 }).supervisor.start(),
    /A was not ready within 0\.3 s/,
  );
  const observer = { crashed() {}, back() {}, stoppedAlone() {}, complained() {} };
  const supervisor = new Supervisor({
    names: ['A'],
    command: () => ({ file: '/does/not/exist', arguments: [] }),
    observer,
    times: FAST,
  });
  await assert.rejects(supervisor.start(), /A could not be started: .*ENOENT/);
});

test('a crash is said and the server comes back, again and again', async () => {
  const { supervisor, events, seen } = supervise({ A: POLITE + LIVE + READY });
  let pid = (await supervisor.start()).get('A')?.pid ?? 0;
  for (let round = 0; round < 3; round += 1) {
    events.length = 0;
    process.kill(pid, 'SIGKILL');
    await seen('A crashed: SIGKILL');
    const back = Number((await seen('A back: ')).slice('A back: '.length));
    assert.notEqual(back, pid);
    pid = back;
  }
  await supervisor.stop();
  assert.equal(isAlive(pid), false);
});

test('a crash after the start is told after its last words', async () => {
  const { supervisor, events, seen } = supervise({
    A: `${READY} setTimeout(() => { process.stderr.write('out of luck\\n'); process.exit(3); }, 50);`,
  });
  await supervisor.start();
  await seen('A crashed: exit code 3');
  await seen('A back: ');
  assert.ok(events.indexOf('A said: out of luck') < events.indexOf('A crashed: exit code 3'));
  await supervisor.stop();
});

test('a failure at a restart is told with its reason', async () => {
  // The first run has no file to find; every later one does.
  const marker = path.join(mkdtempSync(path.join(os.tmpdir(), 'drover-supervisor-')), 'ran');
  const script = `
    const fs = require('node:fs');
    if (fs.existsSync(${JSON.stringify(marker)})) {
      process.send({ kind: 'failed', message: 'A cannot listen: port in use' }, () => process.exit(1));
    } else {
      fs.writeFileSync(${JSON.stringify(marker)}, '');
      ${LIVE + READY}
    }`;
  const { supervisor, seen } = supervise({ A: script });
  process.kill((await supervisor.start()).get('A')?.pid ?? 0, 'SIGKILL');
  await seen('A crashed: SIGKILL');
  await seen('A crashed: A cannot listen: port in use');
  await supervisor.stop();
  rmSync(path.dirname(marker), { recursive: true });
});

test('an exit code of 0 is on purpose: said, and left alone', async () => {
  const { supervisor, events, seen } = supervise({ A: POLITE + LIVE + READY, B: POLITE + LIVE + READY });
  const ready = await supervisor.start();
  process.kill(ready.get('A')?.pid ?? 0, 'SIGTERM');
  await seen('A stopped alone');
  assert.ok(isAlive(ready.get('B')?.pid ?? 0));
  process.kill(ready.get('B')?.pid ?? 0, 'SIGTERM');
  await supervisor.idle;
  assert.deepEqual(events, ['A stopped alone', 'B stopped alone']);
});

test('servers that a Ctrl-C reached before us did not stop on purpose', async () => {
  const { supervisor, events } = supervise({ A: POLITE + LIVE + READY }, { ...FAST, settleMs: 2000 });
  const pid = (await supervisor.start()).get('A')?.pid ?? 0;
  process.kill(pid, 'SIGTERM');
  await supervisor.stop();
  assert.deepEqual(events, []);
  assert.equal(isAlive(pid), false);
});

test('one that is deaf, and one that is stopped, are killed', async () => {
  const deaf = `process.on('SIGTERM', () => {});`;
  const { supervisor } = supervise({ A: deaf + LIVE + READY, B: POLITE + LIVE + READY });
  const ready = await supervisor.start();
  process.kill(ready.get('B')?.pid ?? 0, 'SIGSTOP');
  await supervisor.stop();
  for (const { pid } of ready.values()) assert.equal(isAlive(pid), false);
});

test('stopped while it waits to restart, it stays down', async () => {
  const { supervisor, events, seen } = supervise(
    { A: LIVE + READY },
    { ...FAST, leastBackoffMs: 5000, mostBackoffMs: 9000 },
  );
  process.kill((await supervisor.start()).get('A')?.pid ?? 0, 'SIGKILL');
  await seen('A crashed');
  await supervisor.stop();
  await supervisor.idle;
  assert.equal(events.length, 1);
});

test('stopped while it starts, the start fails and nothing is left', async () => {
  const { supervisor } = supervise({ A: POLITE + LIVE });
  const started = supervisor.start();
  await supervisor.stop();
  await assert.rejects(started, /A did not start/);
});

test('a line without end is shown in pieces', async () => {
  const { supervisor, events, seen } = supervise({
    A: `${POLITE + LIVE} process.stderr.write('y'.repeat(100000) + '\\nlast', () => { ${READY} });`,
  });
  await supervisor.start();
  await supervisor.stop();
  await seen('said: last');
  assert.ok(events.length > 2);
  assert.equal(events.map((event) => event.slice('A said: '.length)).join(''), `${'y'.repeat(100_000)}last`);
});

test('backoff stays between its bounds and can reach the upper one', () => {
  const times = { leastBackoffMs: 200, mostBackoffMs: 10_000 } as SupervisorTimes;
  fc.assert(
    fc.property(fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (crashes, chance) => {
      const delayMs = backoffMs(crashes, times, () => chance);
      assert.ok(delayMs >= 200 && delayMs <= 10_000);
    }),
  );
  assert.equal(
    backoffMs(1, times, () => 1),
    400,
  );
  assert.equal(
    backoffMs(20, times, () => 1),
    10_000,
  );
});
