// Ports that were taken stay taken, also for other processes, and are there for a server.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { freePorts, takePorts } from './free-ports.ts';

/** What another process, which then ends, gets for this call. */
function elsewhere(call: string): unknown {
  const module = JSON.stringify(new URL('./free-ports.js', import.meta.url).href);
  const code = `import * as ports from ${module}; console.log(JSON.stringify(await ports.${call}));`;
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '--eval', code]).toString());
}

test('a port is given once, to one process, and a server can listen on it', async () => {
  const ports = await freePorts(3);
  assert.equal(new Set(ports).size, 3);
  const [port = 0] = ports;
  assert.equal(await takePorts([port]), false);
  assert.equal(elsewhere(`takePorts([${port}])`), false);
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  await once(server.close(), 'close');
  assert.equal(elsewhere(`takePorts([${port}])`), false);
});

test('of several all are taken or none; one on which somebody listens is not free', async () => {
  const [one, other] = elsewhere('freePorts(2)') as [number, number];
  const server = createServer().listen(other, '127.0.0.1');
  await once(server, 'listening');
  assert.equal(await takePorts([one, other]), false);
  await once(server.close(), 'close');
  assert.equal(await takePorts([one, other]), true);
});
