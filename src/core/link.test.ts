// Who may be linked with, judged by what a connection proves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EPOCHS_BELOW, VECTOR_ENTRIES } from '../wire/limits.ts';
import { Got } from './got.ts';
import type { Link } from './link.ts';
import { Replica } from './replica.ts';
import type { Observer, Transport } from './sink.ts';

const silent = new Proxy({} as Observer, { get: () => () => {} });
const options = { herd: 'farm', epoch: 1, nowMs: 0, expireAfterSeconds: 0, hashSeed: 1 };

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
    return new Replica({ ...options, self, neighbours: [neighbour], observer });
  };
  const transport = (provenName: string | undefined, other: () => Link | undefined): Transport => ({
    isLocal: true,
    provenName,
    write: (bytes) => {
      const sent = bytes.slice();
      return queue.push(() => other()?.received(sent, 0)) > 0;
    },
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

test('a server goes on after a life of its own that others remember, but not after one that no clock has seen', () => {
  const replica = new Replica({ ...options, self: 'Barn', neighbours: ['Gate'], observer: silent });
  replica.origin('Barn', 2 ** 53 - 1);
  assert.equal(replica.self.epoch, 1);
  replica.origin('Barn', 41);
  assert.ok(replica.self.epoch > 41 && replica.self.epoch < EPOCHS_BELOW);
});

test('if others count more updates of a life than it has made, a server goes on in another, so that its next ones count', () => {
  const claims = [
    { height: 0, above: [7, 9] },
    { height: 1, above: [] },
  ];
  for (const claim of claims) {
    const replica = new Replica({ ...options, self: 'Barn', neighbours: ['Gate'], observer: silent });
    replica.claimed(new Map(), { name: 'Gate', epoch: 1, ...claim });
    replica.claimed(new Map(), { name: 'Barn', epoch: 1, height: 0, above: [] });
    assert.equal(replica.self.epoch, 1);
    replica.claimed(new Map(), { name: 'Barn', epoch: 1, ...claim });
    assert.ok(replica.self.epoch > 1);
  }
});

test('a neighbour that names more servers than there can be takes no room from those that come after it', () => {
  const replica = new Replica({ ...options, self: 'Barn', neighbours: ['Gate'], observer: silent });
  const transport: Transport = { isLocal: true, provenName: undefined, write: () => true, end() {}, destroy() {} };
  const link = replica.connected(transport, undefined, 0);
  const known = replica.origin('Hill', 5);
  replica.vector.set(known, new Got());
  const nameMany = (): void => {
    for (let epoch = 0; epoch <= VECTOR_ENTRIES; epoch += 1) replica.origin('x', epoch);
  };
  assert.throws(nameMany, /more origins than any herd has/);
  replica.disconnected(link, 'refused');
  assert.equal(replica.origin('Gate', 1).name, 'Gate');
  assert.equal(replica.origin('Hill', 5), known);
  assert.equal(replica.origin('Barn', 1), replica.self);
});
