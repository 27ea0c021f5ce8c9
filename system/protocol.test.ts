// The client protocol, sentence by sentence, against one real server.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, exchange } from './client.ts';
import { Herd } from './processes.ts';

let herd: Herd;
let port: number;

before(async () => {
  herd = await Herd.start(['Goloman']);
  port = herd.port('Goloman');
});
after(() => herd.stop());

const KIWI = 'kiwi.cs.ucla.edu +34.068930-118.445127 1520023934.918963997';
const AT_KIWI = /^AT Goloman \+\d+\.\d{9} kiwi\.cs\.ucla\.edu \+34\.068930-118\.445127 1520023934\.918963997$/;

test('the published example: AT, the same AT again, and five real places', async () => {
  const reply = await exchange(port, `IAMAT ${KIWI}\nWHATSAT kiwi.cs.ucla.edu 10 5\n`);
  const [first = '', second = '', ...json] = reply.split('\n');
  assert.match(first, AT_KIWI);
  assert.equal(second, first);
  assert.ok(reply.endsWith('}\n\n') && !reply.endsWith('\n\n\n'));
  assert.equal(reply.indexOf('\n\n'), reply.length - 2, 'an empty line stands only at the end');
  const places = JSON.parse(json.join('\n')) as { results: { name: string; types: string[] }[]; status: string };
  assert.equal(places.status, 'OK');
  assert.equal(places.results.length, 5);
  assert.ok(places.results.every(({ types }) => !types.includes('heliport')));
  assert.match(reply, /\n {3}"results" : \[\n {6}\{\n {9}"geometry" : \{/);
});

test('bound 0 gives an empty list, and fewer places than asked for are not padded', async () => {
  const nothing = await exchange(port, `IAMAT ${KIWI}\nWHATSAT kiwi.cs.ucla.edu 10 0\n`);
  assert.match(nothing, /\n {3}"results" : \[\]/);
  const ocean = await exchange(port, 'IAMAT ship -48.8767-123.3933 5\nWHATSAT ship 50 20\n');
  assert.match(ocean, /"results" : \[\],?\n[\s\S]*"status" : "ZERO_RESULTS"/);
});

test('client, location and stamp are copied as the bytes they were', async () => {
  const cases = [
    ['m\u00fcller', '+27.5916+086.5640', '1520023934.9189639970000000000001'],
    ['\u00ff\u00fe\u0080', '-0.0-0.0', '-5'],
    ['__proto__', '+34-118', '00001520023934.0'],
    ['a\u00a0b\u001c', '-90+180.000', '0'],
  ];
  for (const [client, location, stamp] of cases) {
    const reply = await exchange(port, `\t IAMAT\v ${client}\f${location}  ${stamp} \r\nWHATSAT ${client} 1 0\n`);
    const [at = '', again] = reply.split('\n');
    assert.ok(at.endsWith(` ${client} ${location} ${stamp}`), JSON.stringify(at));
    assert.match(at, /^AT Goloman [+-]\d+\.\d{9} /);
    assert.equal(again, at);
  }
});

test('the skew is signed and exact: a stamp of the future is negative', async () => {
  const future = Math.floor(Date.now() / 1000) + 1000;
  const reply = await exchange(port, `IAMAT early +1+1 ${future}\nIAMAT late +1+1 -9223372036.854775808\n`);
  assert.match(reply, /^AT Goloman -\d{3}\.\d{9} early /);
  assert.match(reply, /\nAT Goloman \+\d{11}\.\d{9} late /);
});

test('every kind of invalid line gets `? ` and itself, and the connection lives on', async () => {
  const lines = [
    'AT Goloman +0.263873386 kiwi.cs.ucla.edu +34.068930-118.445127 1520023934.918963997',
    'iamat a +1+1 1',
    'IAMAT',
    'IAMAT a +1+1',
    'IAMAT a +1+1 1 1',
    'IAMAT a +91+1 1',
    'IAMAT a +1+180.0000001 1',
    'IAMAT a 1+1 1',
    'IAMAT a +1+1/ 1',
    'IAMAT a +1e0+1 1',
    'IAMAT a +1+1 nan',
    'IAMAT a +1+1 1e9',
    'IAMAT a +1+1 1_0',
    'IAMAT a +1+1 99999999999',
    'WHATSAT nobody 10 5',
    'WHATSAT kiwi.cs.ucla.edu 50.0001 5',
    'WHATSAT kiwi.cs.ucla.edu -1 5',
    'WHATSAT kiwi.cs.ucla.edu 10 21',
    'WHATSAT kiwi.cs.ucla.edu 10 5.0',
    'WHATSAT kiwi.cs.ucla.edu 10',
    'GET / HTTP/1.1',
    '  inner \t\v white   space is kept  ',
    '\u00a0',
    '\u0000',
    'caf\u00e9 \u00ff',
  ];
  const reply = await exchange(port, `IAMAT ${KIWI}\n${lines.map((line) => `${line}\n`).join('')}IAMAT last +1+1 1\n`);
  const replies = reply.split('\n');
  assert.deepEqual(
    replies.slice(1, lines.length + 1),
    lines.map((line) => `? ${line}`),
  );
  assert.match(replies[lines.length + 1] ?? '', /^AT Goloman .* last \+1\+1 1$/);
});

test('a CRLF line is echoed without its CR, a lone CR is white space, and blank lines get no reply', async () => {
  assert.equal(await exchange(port, 'nonsense\r\n'), '? nonsense\n');
  assert.equal(await exchange(port, '\n \t\r\n\f\v\n'), '');
  assert.match(await exchange(port, 'IAMAT\rcr\r+1+1\r1\r\n'), /^AT Goloman .* cr \+1\+1 1\n$/);
});

test('the last line may lack its LF, and half-close gets every reply', async () => {
  const reply = await exchange(port, `x\nIAMAT ${KIWI}`);
  const [first, second = ''] = reply.split('\n');
  assert.equal(first, '? x');
  assert.match(second, AT_KIWI);
});

test('a command in many segments, many in one, and a segment that ends inside a character', async () => {
  const client = await Client.connect(port);
  for (const byte of Buffer.from('IAMAT m\u00fc +1+1 1\nIAMAT b +2+2 2\nzz', 'utf8')) {
    client.send(Uint8Array.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const [first = '', second = ''] = await client.lines(2);
  assert.ok(Buffer.from(first, 'latin1').toString('utf8').endsWith(' m\u00fc +1+1 1'));
  assert.ok(second.endsWith(' b +2+2 2'));
  client.finish();
  assert.equal((await client.end()).split('\n')[2], '? zz');
  client.destroy();
});

test('nothing is said before the client speaks, and the server waits for its FIN', async () => {
  const client = await Client.connect(port);
  client.send('x\n');
  await client.lines(1);
  client.send('y\n');
  assert.equal(await client.receives((text) => text.includes('y')), '? x\n? y\n');
  assert.equal(client.ended, false);
  client.finish();
  await client.end();
  client.destroy();
});

test('1,000 pipelined commands are answered in order', async () => {
  const commands = Array.from({ length: 1000 }, (_, index) =>
    index % 10 === 9
      ? `WHATSAT p${index - 1} 1 1`
      : index % 3 === 0
        ? `nonsense ${index}`
        : `IAMAT p${index} +1+1 ${index}`,
  );
  const reply = await exchange(port, `${commands.join('\n')}\n`);
  const heads = reply.split('\n').filter((line) => /^(AT|\?) /.test(line));
  const expected = commands.map((command, index) => {
    if (command.startsWith('nonsense')) return `? ${command}`;
    if (command.startsWith('IAMAT')) return command.slice(6);
    return (index - 1) % 3 === 0 ? `? ${command}` : `p${index - 1} +1+1 ${index - 1}`;
  });
  assert.deepEqual(
    heads.map((line) => line.replace(/^AT Goloman \S+ /, '')),
    expected,
  );
});

test('a reply comes in one piece, AT line and JSON together', async () => {
  const client = await Client.connect(port);
  client.send(`IAMAT ${KIWI}\n`);
  await client.lines(1);
  client.pieces.length = 0;
  client.send('WHATSAT kiwi.cs.ucla.edu 10 20\n');
  await client.receives((text) => text.endsWith('\n\n'));
  assert.equal(client.pieces.length, 1);
  client.destroy();
});

test('a stale report is answered with its own data and changes nothing', async () => {
  await exchange(port, 'IAMAT van +1+1 100.5\n');
  assert.match(
    await exchange(port, 'IAMAT van +2+2 100.5\nIAMAT van +3+3 7\n'),
    / van \+2\+2 100\.5\n.* van \+3\+3 7\n$/,
  );
  assert.match(await exchange(port, 'WHATSAT van 1 0\n'), / van \+1\+1 100\.5\n/);
  await herd.logged('Goloman', 2, ({ event, client }) => event === 'report stale' && client === 'van');
});

test('a line over the limit gets its beginning back and is skipped to its end', async () => {
  const start = 'IAMAT '.padEnd(64, 'z');
  const long = start + 'y'.repeat(70_000);
  assert.equal(await exchange(port, `${long}\nnext\n${long}`), `? ${start}...\n? next\n? ${start}...\n`);
  const most = 'w'.repeat(65_536);
  assert.equal(await exchange(port, `${most}\n`), `? ${most}\n`);
});

test('the log has every line received and sent, escaped, and no client can forge a record', async () => {
  const evil = 'evil\u001b[2J\u0085"}{"event":"forged"\\x';
  await exchange(port, `${evil}\r\n`);
  const shown = 'evil\\x1b[2J\\x85"}{"event":"forged"\\x5cx';
  const records = await herd.logged('Goloman', 2, ({ line }) => String(line).includes('evil'));
  assert.deepEqual(
    records.map(({ event, line }) => [event, line]),
    [
      ['received', shown],
      ['sent', `? ${shown}`],
    ],
  );
});
