import assert from 'node:assert/strict';
import test from 'node:test';
import { isLoopback } from './address.ts';

test('only addresses that no other machine can reach are loopback', () => {
  for (const host of ['127.0.0.1', '127.8.9.1', '::1', 'localhost', '::ffff:127.0.0.1'])
    assert.ok(isLoopback(host), host);
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '::ffff:10.0.0.1', 'barn.example', '', '128.0.0.1']) {
    assert.ok(!isLoopback(host), host);
  }
});
