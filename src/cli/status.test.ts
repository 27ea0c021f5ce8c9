import assert from 'node:assert/strict';
import test from 'node:test';
import { duration, tables } from './status.ts';

test('a herd with one server down is shown as two tables', () => {
  const text = tables([
    {
      reachable: true,
      server: 'Barn',
      herd: 'farm',
      version: '1.0.0',
      pid: 77,
      startedAt: '2026-01-01T00:00:00.000Z',
      upSeconds: 61,
      clientAddress: '127.0.0.1:5000',
      disk: 'working',
      clients: 3,
      connections: 1,
      placesProvider: 'embedded',
      places: [],
      memory: {},
      residentBytes: 50 * 1048576,
      logFile: '/x/Barn.log',
      links: [{ neighbour: 'House', address: '127.0.0.1:6001', state: 'down', dialsFailed: 9 }],
      origins: [{ origin: 'Barn', epoch: 1_767_225_600_000, height: 7, ranges: 1 }],
    },
    { server: 'House', reachable: false, reason: 'ECONNREFUSED' },
  ]);
  const lines = text.split('\n').map((line) => line.trimEnd().replace(/ {2,}/g, '  '));
  assert.deepEqual(lines, [
    'server  state  pid  up  client port  clients  connections  memory  places',
    'Barn  up  77  1 min  127.0.0.1:5000  3  1  50 MiB  embedded',
    'House  down: ECONNREFUSED',
    '',
    'link  state  up  dialled by  behind  unacked  in flight  sent  received  duplicates',
    'Barn - House  down, 9 dials failed',
    '',
    'updates of  since  Barn',
    'Barn  2026-01-01 00:00:00  7+',
    '',
  ]);
});

test('durations use the largest unit', () => {
  assert.deepEqual([0, 59, 60, 3599, 3600, 86_399, 86_400, 900_000].map(duration), [
    '0 s',
    '59 s',
    '1 min',
    '59 min',
    '1 h',
    '23 h',
    '1 d',
    '10 d',
  ]);
});
