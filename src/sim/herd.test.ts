import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { asciiBytes } from '../wire/bytes.ts';
import { CLASS_GRAPH, SimulatedHerd } from './herd.ts';

function linkedHerd(tell?: (event: string) => void): SimulatedHerd {
  const herd = new SimulatedHerd(CLASS_GRAPH, tell);
  for (const name of herd.names) herd.start(name);
  herd.dialAll();
  herd.settle();
  return herd;
}

const reports = fc.array(
  fc.record({
    server: fc.constantFrom('Goloman', 'Hands', 'Holiday', 'Welsh', 'Wilkes'),
    client: fc.constantFrom('kiwi', '__proto__', 'a'),
    // Few different stamps, so that many are equal, some in the future of the servers' clock (1000 s).
    stamp: fc.constantFrom('999', '999.000000001', '1000', '1004', '1010', '2000', '9000000000', '-5'),
    // How many deliveries happen before the next report, and which.
    deliveries: fc.array(fc.nat(50), { maxLength: 6 }),
  }),
  { maxLength: 30 },
);

test('whatever the order of arrival, all servers end with the same record, and it is the winner of those acknowledged', () => {
  fc.assert(
    fc.property(reports, (list) => {
      const sent = new Map<string, number>();
      const herd = linkedHerd((event) => {
        const match = /^(\w+): sends (.*) to (\w+)$/.exec(event);
        if (match !== null) sent.set(event, (sent.get(event) ?? 0) + 1);
      });
      herd.now.seconds = 1000;
      for (const [index, { server, client, stamp, deliveries }] of list.entries()) {
        herd.say(server, asciiBytes(`IAMAT ${client} +1-${index} ${stamp}`));
        for (const choice of deliveries) herd.deliver(choice);
      }
      herd.settle();
      const [first = [], ...rest] = herd.names.map((name) => herd.contents(name));
      for (const contents of rest) assert.deepEqual(contents, first);
      assert.equal(first.length, new Set(list.map(({ client }) => client)).size);
      for (const line of first) {
        const winner = orderOf(line.split(' ')[5] as string);
        const client = line.split(' ')[3];
        for (const report of list)
          if (report.client === client) assert.ok(orderOf(report.stamp) <= winner + 1e-6, line);
      }
      for (const [event, times] of sent) assert.equal(times, 1, `at most once: ${event}`);
    }),
    { numRuns: 300 },
  );
});

/** Stamps more than 5 s ahead of the servers' clock are all alike: they are ordered by when they were received. */
function orderOf(stamp: string): number {
  return Math.min(Number(stamp), 1005);
}

test('a record is never sent back to the server it came from', () => {
  const events: string[] = [];
  const herd = linkedHerd((event) => events.push(event));
  herd.say('Welsh', asciiBytes('IAMAT kiwi +34-118 5'));
  herd.settle();
  assert.ok(events.includes('Welsh: sends kiwi (Welsh 4.1) to Holiday'));
  assert.ok(!events.some((event) => /^Holiday: sends .* to Welsh$/.test(event)));
  // Every edge carries it at most once in each direction, and not back over the edge that brought it first.
  const copies = events.filter((event) => / sends /.test(event)).length;
  assert.ok(copies >= 4 && copies <= 2 * CLASS_GRAPH.length - 5 + 1, `${copies} copies`);
});

test('a report that is equal or earlier is answered with its own data and forgotten (OwnTracks#313)', () => {
  const herd = linkedHerd();
  herd.now.seconds = 1000;
  herd.say('Hands', asciiBytes('IAMAT kiwi +1+1 100'));
  assert.match(
    herd.say('Hands', asciiBytes('IAMAT kiwi +2+2 100.0000000009')),
    /^AT Hands \+900\.000000001 kiwi \+2\+2 100\.0{9}9$/,
  );
  assert.match(herd.say('Hands', asciiBytes('IAMAT kiwi +3+3 99')), / kiwi \+3\+3 99$/);
  assert.match(herd.say('Hands', asciiBytes('WHATSAT kiwi 1 1')), / kiwi \+1\+1 100$/);
  herd.settle();
  assert.match(herd.say('Welsh', asciiBytes('WHATSAT kiwi 1 1')), / kiwi \+1\+1 100$/);
});

test('a fast clock cannot pin a position for longer than 5 s (Traccar#2809)', () => {
  const herd = linkedHerd();
  herd.now.seconds = 1000;
  herd.say('Hands', asciiBytes('IAMAT kiwi +1+1 9000000000'));
  assert.match(herd.say('Hands', asciiBytes('WHATSAT kiwi 1 1')), / \+1\+1 9000000000$/);
  herd.now.seconds = 1006;
  herd.say('Hands', asciiBytes('IAMAT kiwi +2+2 1006'));
  assert.match(herd.say('Hands', asciiBytes('WHATSAT kiwi 1 1')), / \+2\+2 1006$/);
});

test('reports in one reading of the clock are received one after the other', () => {
  const herd = linkedHerd();
  herd.now.seconds = 1000;
  const skews = [1, 2, 3].map((index) => herd.say('Hands', asciiBytes(`IAMAT c${index} +1+1 1000`)).split(' ')[2]);
  assert.deepEqual(skews, ['+0.000000000', '+0.000000001', '+0.000000002']);
});

test("a clock that is really set back is followed, a hair's breadth is not", () => {
  const herd = linkedHerd();
  const skew = (client: string): string | undefined =>
    herd.say('Hands', asciiBytes(`IAMAT ${client} +1+1 0`)).split(' ')[2];
  herd.now.seconds = 1000;
  assert.equal(skew('a'), '+1000.000000000');
  herd.now.seconds = 999;
  assert.equal(skew('b'), '+1000.000000001');
  herd.now.seconds = 900;
  assert.equal(skew('c'), '+900.000000000');
});

test('20,000 clients are each found by their bytes, whatever the bytes', () => {
  const herd = linkedHerd();
  const ids = Array.from({ length: 20_000 }, (_, index) => `${index % 2 === 0 ? '\u00ff' : 'x'}${index.toString(36)}`);
  for (const [index, id] of ids.entries()) herd.say('Goloman', asciiBytes(`IAMAT ${id} +1+${index % 180} 7`));
  herd.settle();
  for (const [index, id] of ids.entries()) {
    assert.ok(herd.say('Welsh', asciiBytes(`WHATSAT ${id} 1 1`)).endsWith(` ${id} +1+${index % 180} 7`));
  }
});

test('a client that has not reported for long is unknown everywhere, and its record goes and does not come back (memberlist#312, chitchat#155)', () => {
  const herd = new SimulatedHerd(CLASS_GRAPH);
  herd.expireAfterSeconds = 100;
  for (const name of herd.names) herd.start(name);
  herd.dialAll();
  herd.settle();
  herd.now.seconds = 1000;
  herd.say('Goloman', asciiBytes('IAMAT old +1+1 7'));
  herd.elapse(1000);
  herd.now.seconds = 1050;
  herd.say('Welsh', asciiBytes('IAMAT young +1+1 7'));
  herd.elapse(1000);
  herd.now.seconds = 1101;
  for (const name of herd.names) {
    assert.equal(herd.say(name, asciiBytes('WHATSAT old 1 1')), '? WHATSAT old 1 1');
    assert.match(herd.say(name, asciiBytes('WHATSAT young 1 1')), /^AT Welsh /);
  }
  // The others still hold the old record; one that starts with nothing and gets it from them does not show it either.
  herd.stop('Holiday');
  herd.start('Holiday');
  herd.dialAll();
  herd.elapse(1000);
  assert.equal(herd.say('Holiday', asciiBytes('WHATSAT old 1 1')), '? WHATSAT old 1 1');
  herd.now.seconds = 1101 + 301;
  herd.elapse(1000);
  for (const name of herd.names) assert.equal(herd.contents(name).length, 1);
  // It may come back, and a restart does not bring the old one.
  herd.say('Hands', asciiBytes('IAMAT old +2+2 8'));
  herd.elapse(1000);
  for (const name of herd.names) assert.match(herd.say(name, asciiBytes('WHATSAT old 1 1')), / old \+2\+2 8$/);
});

test('a client that is forgotten on request is forgotten everywhere, and older reports do not bring it back', () => {
  const herd = linkedHerd();
  herd.now.seconds = 1000;
  herd.say('Goloman', asciiBytes('IAMAT kiwi +1+1 900'));
  herd.elapse(1000);
  assert.ok(herd.replicas.get('Welsh')?.forget(asciiBytes('kiwi'), herd.now, herd.nowMs));
  assert.ok(!herd.replicas.get('Welsh')?.forget(asciiBytes('nobody'), herd.now, herd.nowMs));
  herd.elapse(1000);
  for (const name of herd.names) {
    assert.equal(herd.say(name, asciiBytes('WHATSAT kiwi 1 1')), '? WHATSAT kiwi 1 1');
    assert.ok(!herd.contents(name).join().includes('+1+1'), 'nothing is kept of where it was');
  }
  herd.say('Hands', asciiBytes('IAMAT kiwi +2+2 999'));
  herd.elapse(1000);
  for (const name of herd.names) assert.match(herd.say(name, asciiBytes('WHATSAT kiwi 1 1')), /^\? /);
  herd.now.seconds = 1010;
  herd.say('Hands', asciiBytes('IAMAT kiwi +3+3 1005'));
  herd.elapse(1000);
  for (const name of herd.names) assert.match(herd.say(name, asciiBytes('WHATSAT kiwi 1 1')), / \+3\+3 1005$/);
});
