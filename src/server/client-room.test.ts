import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONNECTIONS } from '../wire/limits.ts';
import { roomForClients } from './client-room.ts';

const limits = (soft: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units     \n` +
  `Max processes             100                  100                  processes \n` +
  `Max open files            ${soft.padEnd(20)} 1048576              files     \n`;

test('clients leave a server the files that it needs itself, and the reason says what to do', () => {
  const { connections, reason } = roomForClients(limits('4096'));
  assert.equal(connections, 4096 - 512);
  assert.match(reason, /allows this process 4096 open files, so it takes 3584 clients.*ulimit -n, or LimitNOFILE/);
  assert.equal(roomForClients(limits('100')).connections, 50);
});

test('where the system sets no bound, or does not say, the bound is ours', () => {
  for (const text of [limits('unlimited'), limits('1048576'), '']) {
    const { connections, reason } = roomForClients(text);
    assert.equal(connections, CONNECTIONS);
    assert.match(reason, /^a server takes 50000 clients/);
  }
});
