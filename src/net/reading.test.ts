// A client's connection is served the same, whichever way its bytes are read: over real sockets, with each of the two.
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { Replica } from '../core/replica.ts';
import type { Observer } from '../core/sink.ts';
import { asciiBytes } from '../wire/bytes.ts';
import { ClientListener } from './client-listener.ts';
import type { ClientObserver } from './client-service.ts';
import { Pulse } from './pulse.ts';
import { type Read, readIntoOneBuffer, readPublicly } from './reading.ts';

const silent = <T extends object>(): T => new Proxy({} as T, { get: () => () => {} });

async function withServer(read: Read, use: (dial: () => Socket) => Promise<void>): Promise<void> {
  const replica = new Replica({
    herd: 'farm',
    self: 'Barn',
    epoch: 1,
    neighbours: [],
    nowMs: 0,
    expireAfterSeconds: 0,
    hashSeed: 1,
    observer: silent<Observer>(),
  });
  const readClock = (now: { seconds: number; nanoseconds: number }): void => {
    now.seconds = 1000;
    now.nanoseconds = 0;
  };
  const pulse = new Pulse({ replica, readClock, commit: (done) => done?.(true) });
  const clients = new ClientListener(
    {
      pulse,
      lineBytes: 64 * 1024,
      read,
      places: () => asciiBytes('{}'),
      acceptsReports: () => true,
      observer: Object.assign(Object.create(silent()), { eachLine: false }) as ClientObserver,
    },
    { connections: 100, reason: 'full' },
  );
  pulse.start();
  // Port 0: any that is free.
  await clients.listen('127.0.0.1', 0);
  const sockets: Socket[] = [];
  try {
    await use(() => {
      const socket = connect({ port: clients.port ?? 0, host: '127.0.0.1', allowHalfOpen: true });
      sockets.push(socket);
      return socket;
    });
  } finally {
    for (const socket of sockets) socket.destroy();
    pulse.stop();
    await clients.stop();
  }
}

async function everything(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('latin1');
}

const ways: readonly (readonly [string, Read])[] = [
  ['into one buffer', readIntoOneBuffer ?? assert.fail('this Node keeps its parts under other names')],
  ['publicly', readPublicly],
];

for (const [name, read] of ways) {
  test(`pipelined and split lines are answered in order, half-closed or not, read ${name}`, async () => {
    await withServer(read, async (dial) => {
      const lines = Array.from({ length: 20_000 }, (_, index) =>
        index % 5 === 4 ? `oops ${index}` : `IAMAT client${index % 700} +1.5-2.25 ${index}.5`,
      );
      const bytes = Buffer.from(`${lines.join('\n')}\n`);
      const sockets = [dial(), dial(), dial()];
      const answers = sockets.map(everything);
      // Three connections at once, so that one buffer serves them in turn, in pieces that end anywhere.
      for (let at = 0, piece = 1; at < bytes.length; at += piece, piece = (piece * 7 + 1) % 50_021) {
        for (const socket of sockets) socket.write(bytes.subarray(at, at + piece));
        await new Promise((resolve) => setImmediate(resolve));
      }
      for (const socket of sockets) socket.end();
      for (const text of await Promise.all(answers)) {
        const replies = text.split('\n');
        assert.equal(replies.length, lines.length + 1);
        for (const [index, line] of lines.entries()) {
          const reply = replies[index] ?? '';
          if (line.startsWith('oops')) assert.equal(reply, `? ${line}`);
          else
            assert.match(reply, new RegExp(`^AT Barn [+-]\\d+\\.\\d{9} ${line.slice(6).replaceAll(/[.+]/g, '\\$&')}$`));
        }
      }
    });
  });

  test(`small chunks that arrive together are each answered to whoever sent them, read ${name}`, async () => {
    await withServer(read, async (dial) => {
      const sockets = Array.from({ length: 30 }, dial);
      const answers = sockets.map(everything);
      const expected: RegExp[][] = sockets.map(() => []);
      const said = sockets.map(() => '');
      const say = (who: number, line: string, reply: RegExp): void => {
        said[who] += `${line}\n`;
        expected[who]?.push(reply);
      };
      for (let round = 1; round <= 60; round += 1) {
        for (const [who, socket] of sockets.entries()) {
          const kind = (round * 7 + who) % 11;
          if (kind === 0) say(who, `oops ${who} ${round}`, new RegExp(`^\\? oops ${who} ${round}$`));
          if (kind === 1 && round > 12) {
            say(who, `WHATSAT c${who} 1 1`, new RegExp(`^AT Barn .* c${who} \\+1\\+2 ${round - 1}$`));
            expected[who]?.push(/^\{\}$/, /^$/);
          }
          say(who, `IAMAT c${who} +1+2 ${round}`, new RegExp(`^AT Barn .* c${who} \\+1\\+2 ${round}$`));
          // Some chunks end within a line, whose rest comes with the next round.
          const kept = kind === 2 ? 9 : 0;
          const text = said[who] ?? '';
          socket.write(text.slice(0, text.length - kept));
          said[who] = text.slice(text.length - kept);
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      for (const [who, socket] of sockets.entries()) socket.end(said[who] ?? '');
      for (const [who, answer] of answers.entries()) {
        const replies = (await answer).split('\n');
        assert.equal(replies.length, (expected[who]?.length ?? 0) + 1);
        expected[who]?.forEach((reply, at) => assert.match(replies[at] ?? '', reply));
      }
    });
  });

  test(`what waits keeps its bytes while others are read, read ${name}`, async () => {
    await withServer(read, async (dial) => {
      const [waiting, busy] = [dial(), dial()];
      const answer = everything(waiting);
      // Unknown for now: the server waits for it, and must still know afterwards what was asked.
      waiting.write('WHATSAT late 10 5 SINCE 77\nIAMAT behind +3+4 1\nWHATSAT nobody 1 1 SINCE 1\n');
      waiting.end();
      const noise = everything(busy);
      for (let round = 0; round < 20; round += 1) {
        busy.write(`${'x'.repeat(900)}\n`.repeat(20));
        await new Promise((resolve) => setImmediate(resolve));
      }
      busy.end('IAMAT late +1+2 77\n');
      await noise;
      const [first, json, , second, third] = (await answer).split('\n');
      assert.match(first ?? '', /^AT Barn \+923\.0000000\d\d late \+1\+2 77$/);
      assert.equal(json, '{}');
      assert.match(second ?? '', /^AT Barn .* behind \+3\+4 1$/);
      assert.equal(third, '? WHATSAT nobody 1 1 SINCE 1');
    });
  });

  test(`a question sees what arrived with it on another connection, read ${name}`, async () => {
    await withServer(read, async (dial) => {
      const [asker, teller] = [dial(), dial()];
      const lines = [asker, teller].map((socket) => createInterface(socket)[Symbol.asyncIterator]());
      const next = async (index: number): Promise<string> => String((await lines[index]?.next())?.value);
      asker.write('hello\n');
      teller.write('hello\n');
      assert.deepEqual([await next(0), await next(1)], ['? hello', '? hello']);
      for (let round = 1; round <= 50; round += 1) {
        // Both leave in one turn of this process, so the server finds both when it looks again, and the question first.
        asker.write(`IAMAT mine +1+1 ${round}\nWHATSAT van 1 1\nIAMAT mine +1+1 ${round}.5\nWHATSAT mine 1 1\n`);
        teller.write(`IAMAT van +1+2 ${round}\n`);
        assert.match(await next(1), new RegExp(` van \\+1\\+2 ${round}$`));
        const own = ` mine +1+1 ${round}`;
        for (const end of [own, ` van +1+2 ${round}`, '{}', '', `${own}.5`, `${own}.5`, '{}', '']) {
          const reply = await next(0);
          assert.ok(reply.endsWith(end), `round ${round}: ${reply}`);
        }
      }
      asker.end('WHATSAT van 1 1');
      assert.match(await next(0), / van \+1\+2 50$/);
      teller.end();
    });
  });

  test(`a client that reads slowly gets every reply, read ${name}`, async () => {
    await withServer(read, async (dial) => {
      const socket = dial();
      const count = 60_000;
      socket.write(Array.from({ length: count }, (_, index) => `IAMAT c${index} +1+1 1\n`).join(''));
      socket.end();
      let text = '';
      for await (const chunk of socket) {
        text += (chunk as Buffer).toString();
        await new Promise((resolve) => setImmediate(resolve));
      }
      const replies = text.split('\n');
      assert.equal(replies.length, count + 1);
      assert.ok(replies.slice(0, count).every((reply, index) => reply.endsWith(` c${index} +1+1 1`)));
    });
  });
}
