// Who may be linked with, judged by what a connection proves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Link } from './link.ts';
import { Replica } from './replica.ts';
import type { Observer, Transport } from './sink.ts';

/** Two replicas over a connection whose certificates prove these names; returns what each refused. */
function connect(
  dialler: string,
  dialled: string,
  proven: { of: string | undefined; at: string | undefined },
): string[] {
  const refusals: string[] = [];
  const queue: (() => void)[] = [];
  const replica = (self: string, neighbour: string): Replica => {
    const observer = new Proxy({} as Observer, {
      get: (_, name) => (link: Link, reason: string, byUs: boolean) => {
        if (name === 'linkOpened') refusals.push(`${self} opened ${link.neighbour}`);
        if (name === 'linkRefused' && byUs) refusals.push(`${self}: ${reason}`);
      },
    });
    const times = { nowMs: 0, epoch: 1, expireAfterSeconds: 0, hashSeed: 1 };
    return new Replica({ herd: 'farm', self, neighbours: [neighbour], observer, ...times });
  };
  const transport = (provenName: string | undefined, other: () => Link | undefined): Transport => ({
    isLocal: true,
    provenName,
    write: (bytes) => queue.push(() => other()?.received(bytes, 0)) > 0,
    end: () => {},
    destroy: () => {},
  });
  const links: Link[] = [];
  links[1] = replica('Barn', 'Gate').connected(
    transport(proven.of, () => links[0]),
    undefined,
    0,
  );
  links[0] = replica(dialler, dialled).connected(
    transport(proven.at, () => links[1]),
    dialled,
    0,
  );
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) next();
  return refusals;
}

test('a server is who its certificate says, at both ends', () => {
  assert.deepEqual(connect('Gate', 'Barn', { of: 'Gate', at: 'Barn' }), ['Barn opened Gate', 'Gate opened Barn']);
  assert.deepEqual(connect('Gate', 'Barn', { of: undefined, at: undefined }), ['Barn opened Gate', 'Gate opened Barn']);
  assert.deepEqual(connect('Gate', 'Barn', { of: 'Hill', at: 'Barn' }), ['Barn: Gate showed the certificate of Hill']);
  assert.deepEqual(connect('Gate', 'Barn', { of: '', at: 'Barn' }), [
    'Barn: Gate showed the certificate of no server of herd farm',
  ]);
  assert.deepEqual(connect('Gate', 'Barn', { of: 'Gate', at: 'Hill' }), ['Gate: Barn showed the certificate of Hill']);
});
