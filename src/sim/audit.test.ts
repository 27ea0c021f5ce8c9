// Audits and catch-ups of a whole herd, where an exact order of events or a great many clients are needed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asciiBytes } from '../wire/bytes.ts';
import { AUDIT_INTERVAL_MS, PURGE_GRACE_SECONDS } from '../wire/limits.ts';
import { CLASS_GRAPH, SimulatedHerd } from './herd.ts';

const EVERYBODY = ['Goloman', 'Hands', 'Holiday', 'Welsh', 'Wilkes'];

class Told {
  readonly herd: SimulatedHerd;
  readonly events: string[] = [];

  constructor(settings: { expireAfterSeconds?: number; old?: string } = {}) {
    this.herd = new SimulatedHerd(CLASS_GRAPH, (event) => this.events.push(event));
    this.herd.now.seconds = 1000;
    this.herd.expireAfterSeconds = settings.expireAfterSeconds ?? 0;
    for (const name of this.herd.names) this.herd.start(name, name === settings.old ? 1 : undefined);
    this.herd.dialAll();
    this.herd.settle();
  }

  report(clients: number): void {
    for (let client = 0; client < clients; client += 1) {
      this.herd.say('Goloman', asciiBytes(`IAMAT c${client} +1+1 ${client}`));
    }
    this.herd.settle();
    this.herd.elapse(1000);
  }

  lose(name: string, clients: number): void {
    const table = this.herd.replicas.get(name)?.table;
    let lost = 0;
    for (let slot = 0; lost < clients && table !== undefined && slot < table.slots; slot += 1) {
      if (!table.isUsed(slot)) continue;
      table.remove(slot);
      lost += 1;
    }
  }

  count(pattern: RegExp): number {
    return this.events.filter((event) => pattern.test(event)).length;
  }

  assertEqual(clients: number): void {
    const [first = [], ...others] = EVERYBODY.map((name) => this.herd.contents(name));
    assert.equal(first.length, clients);
    for (const other of others) assert.deepEqual(other, first);
  }
}

test('what a server lost although it says that it has it comes back within two minutes, at whichever end it is', () => {
  for (const name of EVERYBODY) {
    const told = new Told();
    told.report(40);
    told.lose(name, 7);
    told.herd.elapse(2 * AUDIT_INTERVAL_MS);
    told.assertEqual(40);
    assert.ok(told.count(new RegExp(`^${name}: had lost`)) > 0);
    assert.equal(told.count(/: had lost/), told.count(new RegExp(`^${name}: had lost`)), 'only who lost it is mended');
  }
});

test('a server that lost thousands has them all again without waiting a minute for each few', () => {
  const told = new Told();
  told.report(3000);
  told.lose('Welsh', 2000);
  told.herd.elapse(2 * AUDIT_INTERVAL_MS);
  told.assertEqual(3000);
});

test('what two neighbours lost both is mended at the second as soon as at the first', () => {
  const told = new Told();
  told.report(1);
  told.lose('Holiday', 1);
  told.lose('Welsh', 1);
  told.herd.elapse(AUDIT_INTERVAL_MS + 5000);
  told.assertEqual(1);
});

test('nothing is mended while nothing is lost, however long it takes and however much is on its way', () => {
  const told = new Told();
  for (let round = 0; round < 150; round += 1) {
    told.herd.say(EVERYBODY[round % 5] as string, asciiBytes(`IAMAT c${round % 20} +1+1 ${round}`));
    for (let step = 0; step < 3; step += 1) told.herd.deliver(round);
    told.herd.elapse(1000);
  }
  assert.equal(told.count(/had lost/), 0);
});

test('a client that expired does not come back from a server that has not dropped it yet', () => {
  const told = new Told({ expireAfterSeconds: 3600 });
  told.report(10);
  told.herd.now.seconds += 3600 + PURGE_GRACE_SECONDS / 2;
  told.lose('Holiday', 10);
  told.herd.elapse(2 * AUDIT_INTERVAL_MS);
  assert.equal(told.herd.contents('Holiday').length, 0);
  assert.equal(told.herd.contents('Goloman').length, 10);
});

test('a server of the version before links with newer ones and learns everything; it takes part in no audit', () => {
  const told = new Told({ old: 'Holiday' });
  told.report(10);
  told.assertEqual(10);
  const { replicas } = told.herd;
  assert.equal(replicas.get('Holiday')?.linkTo('Goloman')?.version, 1);
  assert.equal(replicas.get('Welsh')?.linkTo('Holiday')?.version, 1);
  assert.equal(replicas.get('Goloman')?.linkTo('Hands')?.version, 2);
  told.lose('Holiday', 1);
  told.herd.elapse(2 * AUDIT_INTERVAL_MS);
  assert.equal(told.herd.contents('Holiday').length, 9);
  assert.equal(told.count(/refuse|dropped/), 0);
});

test('a wiped server gets what it lost from one neighbour, not from each', () => {
  const told = new Told();
  told.report(20_000);
  told.herd.stop('Holiday');
  told.herd.settle();
  told.events.length = 0;
  told.herd.start('Holiday');
  told.herd.dialAll();
  told.herd.elapse(5000);
  told.assertEqual(20_000);
  const sent = told.count(/ to Holiday$/);
  assert.ok(sent < 1.5 * 20_000, `${sent} records were sent`);
});

test('when the neighbour that goes first is lost the next goes on', () => {
  const told = new Told();
  told.report(20_000);
  told.herd.stop('Holiday');
  told.herd.settle();
  told.events.length = 0;
  told.herd.start('Holiday');
  told.herd.dial('Goloman', 'Holiday');
  told.herd.dial('Wilkes', 'Holiday');
  const holiday = told.herd.replicas.get('Holiday');
  while (holiday?.clients === 0) told.herd.deliver(0);
  const [, first = ''] =
    /(\w+) opened$/.exec(told.events.find((event) => event.startsWith('Holiday: link')) ?? '') ?? [];
  assert.ok((holiday?.clients ?? 0) < 20_000, 'it is not through yet');
  told.herd.cut('Holiday', first);
  told.herd.elapse(5000);
  assert.equal(told.herd.contents('Holiday').length, 20_000);
});
