// A connection whose small chunks wait for the end of reading: nothing that comes in between overtakes them or leaves them behind.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GATHERED_CHUNK_BYTES, QUIET_MS } from '../wire/limits.ts';
import type { Places } from './client-service.ts';
import { Farm, say } from './made-farm.ts';

test('the chunks of a connection are served in order, small or not, whole lines or not', async () => {
  const farm = new Farm();
  const socket = farm.connect();
  say(socket, 'one\n');
  say(socket, 'two\n');
  say(socket, 'thr');
  say(socket, 'ee\n');
  const many = Array.from({ length: 300 }, (_, index) => `line ${index}\n`);
  say(socket, many.join(''));
  say(socket, 'four\n');
  assert.equal(
    await farm.heard(),
    ['one\n', 'two\n', 'three\n', ...many, 'four\n'].map((line) => `? ${line}`).join(''),
  );
});

test('a chunk that comes when the one before it has paused the connection is read behind what waits', async () => {
  const farm = new Farm();
  const socket = farm.connect();
  say(socket, 'WHATSAT nobody 1 1\nIAMAT a +1+1 1\n');
  say(socket, 'IAMAT a +1+1 2\nha');
  say(socket, 'lf\n');
  const replies = (await farm.heard()).split('\n');
  assert.equal(replies.length, 5);
  const ends = ['? WHATSAT nobody 1 1', ' a +1+1 1', ' a +1+1 2', '? half', ''];
  for (const [index, end] of ends.entries()) assert.ok(replies[index]?.endsWith(end), replies[index]);
});

test('a turn that ends early leaves nobody behind', async () => {
  const farm = new Farm();
  const [first, second] = [farm.connect(), farm.connect()];
  say(first, 'one\n');
  farm.pulse.endTurn();
  assert.equal(await farm.heard(), '? one\n');
  // Enough replies in one chunk end the turn.
  say(first, 'two\n');
  say(second, 'x\n'.repeat(30_000));
  assert.ok((await farm.heard()).includes('? two\n'));
});

test('what was sent before the end is answered, and what waits on a connection that is gone harms nobody', async () => {
  const farm = new Farm();
  const [ending, gone, staying] = [farm.connect(), farm.connect(), farm.connect()];
  say(gone, 'IAMAT a +1+1 1\nIAMAT a +1+1 2\n');
  say(staying, 'IAMAT b +1+1 3\n');
  say(ending, 'last\n');
  ending.emit('end');
  gone.emit('close');
  assert.match(await farm.heard(), /^\? last\nAT Barn \S+ b \+1\+1 3\n$/);
});

test('a small chunk that comes when no turn has ended for a while is answered at once, and the next is gathered', async () => {
  const farm = new Farm();
  const [first, second] = [farm.connect(), farm.connect()];
  say(first, 'soon\n');
  assert.equal(farm.heardAtOnce(), '');
  assert.equal(await farm.heard(), '? soon\n');
  farm.pulse.timeMs += QUIET_MS;
  say(first, 'IAMAT a +1+1 1\nat once\n');
  assert.match(farm.heardAtOnce(), /^AT Barn \S+ a \+1\+1 1\n\? at once\n$/);
  say(second, 'not so\n');
  assert.equal(farm.heardAtOnce(), '');
  assert.equal(await farm.heard(), '? not so\n');
  // Large ones may be many, and half a line has no answer.
  farm.pulse.timeMs += QUIET_MS;
  say(first, `${'\n'.repeat(GATHERED_CHUNK_BYTES)}x\n`);
  assert.equal(farm.heardAtOnce(), '');
  assert.equal(await farm.heard(), '? x\n');
  farm.pulse.timeMs += QUIET_MS;
  say(first, 'ha');
  say(second, 'whole\n');
  assert.equal(farm.heardAtOnce(), '? whole\n');
  // What needs no chunk is answered as ever.
  first.emit('end');
  assert.equal(await farm.heard(), '? ha\n');
});

test('what comes after a chunk that is gathered is gathered, too, however long that took', async () => {
  const farm = new Farm();
  const [first, second] = [farm.connect(), farm.connect()];
  say(first, 'one\n');
  farm.pulse.timeMs += QUIET_MS;
  say(second, 'two\n');
  assert.equal(farm.heardAtOnce(), '');
  assert.equal(await farm.heard(), '? one\n? two\n');
});

test('a question waits for what else has arrived, however quiet it is', async () => {
  const farm = new Farm();
  const [asking, reporting] = [farm.connect(), farm.connect()];
  farm.pulse.timeMs += QUIET_MS;
  say(asking, 'IAMAT b +1+1 1\nWHATSAT a 1 1\n');
  say(reporting, 'IAMAT a +1+1 7\n');
  assert.equal(farm.heardAtOnce(), '');
  assert.equal((await farm.heard()).match(/ a \+1\+1 7\n/g)?.length, 2);
});

test('replies to lookups leave in their order with what waits behind them, and the observer is told of each', async () => {
  const farm = new Farm();
  const asking = farm.connect();
  const found: ((places: Places) => void)[] = [];
  farm.places = new Promise((resolve) => found.push(resolve));
  say(asking, 'IAMAT a +1+1 7\nWHATSAT a 1 1\n');
  await farm.heard();
  farm.places = new Promise((resolve) => found.push(resolve));
  say(asking, 'WHATSAT a 1 2\nbehind\n');
  assert.equal(await farm.heard(), '');
  farm.sent.length = 0;
  found[1]?.(undefined);
  assert.equal(await farm.heard(), '');
  found[0]?.(Buffer.from('{\n}'));
  await new Promise((resolve) => setImmediate(resolve));
  const replies = await farm.heard();
  assert.match(replies, /^AT Barn \S+ a \+1\+1 7\n\{\n\}\n\n\? WHATSAT a 1 2\n\? behind\n$/);
  const at = replies.indexOf('\n') + 1;
  assert.deepEqual(farm.sent, [`${replies.slice(0, at)}${at + '{\n}\n\n'.length}`, '? WHATSAT a 1 2\n16']);
});
