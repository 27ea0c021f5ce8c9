// `drover send` against sockets that behave well and badly.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { PassThrough, Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import { parseAddress, send } from './send.ts';

/** A server on a free port for the length of one test. */
async function listening(t: { after(end: () => void): void }, answer: (socket: net.Socket) => void): Promise<string> {
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    // Some of these servers cut the connection: that is the test.
    socket.on('error', () => {});
    answer(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `127.0.0.1:${(server.address() as net.AddressInfo).port}`;
}

function collector(): { output: Writable; bytes(): Buffer } {
  const chunks: Buffer[] = [];
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { output, bytes: () => Buffer.concat(chunks) };
}

const echo = (socket: net.Socket): void => {
  socket.pipe(socket);
};

test('lines go out with their ends, and the reply comes back whole', async (t) => {
  const target = await listening(t, echo);
  const { output, bytes } = collector();
  await send({ target, lines: ['one', 'two words'], options: {}, input: Readable.from([]), output });
  assert.equal(bytes().toString(), 'one\ntwo words\n');
});

test('standard input goes out byte for byte, of any size, and half-closes', async (t) => {
  const target = await listening(t, echo);
  const { output, bytes } = collector();
  const sent = Buffer.alloc(3_000_000, Buffer.from([0xff, 0x00, 0xe2, 0x82, 0x0a]));
  await send({ target, lines: [], options: {}, input: Readable.from([sent.subarray(0, 7), sent.subarray(7)]), output });
  assert.ok(bytes().equals(sent));
});

test('a server that answers only after our end is heard out', async (t) => {
  const target = await listening(t, (socket) => socket.resume().on('end', () => socket.end('late\n')));
  const { output, bytes } = collector();
  await send({ target, lines: ['x'], options: {}, input: Readable.from([]), output });
  assert.equal(bytes().toString(), 'late\n');
});

test('nobody there', async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  t.diagnostic(`port ${port} is free now`);
  await assert.rejects(
    send({
      target: `127.0.0.1:${port}`,
      lines: ['x'],
      options: {},
      input: Readable.from([]),
      output: collector().output,
    }),
    {
      name: 'CommandError',
      message: /^cannot connect to 127\.0\.0\.1:\d+: nothing listens there; start it with 'drover up'/,
    },
  );
});

test('a connection that is cut is a failure', async (t) => {
  const target = await listening(t, (socket) => {
    socket.write('half');
    socket.once('data', () => socket.resetAndDestroy());
  });
  const { output } = collector();
  await assert.rejects(send({ target, lines: ['x'], options: {}, input: Readable.from([]), output }), {
    name: 'CommandError',
    message: /^lost the connection to 127\.0\.0\.1:\d+ \(ECONNRESET\)/,
  });
});

test('an end in the middle of a reply is a failure', async (t) => {
  const target = await listening(t, (socket) => socket.once('data', () => socket.end('AT Goloman +0')));
  const { output } = collector();
  await assert.rejects(send({ target, lines: ['x'], options: {}, input: Readable.from([]), output }), {
    name: 'CommandError',
    message: /ended in the middle of a reply; send again what has no reply/,
  });
});

test('a server that closes before it has everything is a failure', async (t) => {
  const target = await listening(t, (socket) => socket.once('data', () => socket.end()));
  const input = new PassThrough();
  input.write('first line\n');
  await assert.rejects(send({ target, lines: [], options: {}, input, output: collector().output }), {
    name: 'CommandError',
    message: /closed the connection before everything was sent/,
  });
  assert.ok(input.destroyed, 'nothing keeps the process waiting for more input');
});

test('a name is looked up, and an unknown one is answered with those there are', async () => {
  const nowhere = { lines: ['x'], options: {}, input: Readable.from([]), output: collector().output };
  await assert.rejects(
    send({ ...nowhere, target: 'Bob' }),
    /there is no server "Bob" in herd ucla: it has Goloman, Hands/,
  );
});

test('addresses', () => {
  assert.deepEqual(parseAddress('127.0.0.1:17345'), { host: '127.0.0.1', port: 17345 });
  assert.deepEqual(parseAddress('[::1]:1'), { host: '::1', port: 1 });
  assert.deepEqual(parseAddress('barn.example:65535'), { host: 'barn.example', port: 65535 });
  for (const text of ['Holiday', '127.0.0.1', ':1', '127.0.0.1:0', '127.0.0.1:65536', '::1:17345', '127.0.0.1:1x']) {
    assert.equal(parseAddress(text), undefined, text);
  }
});
