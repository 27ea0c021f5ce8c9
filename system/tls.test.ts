// Servers that know each other by certificates, and strangers that try: real processes, certificates made by openssl.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { Handshake } from '../src/core/handshake.ts';
import { Authority } from '../src/server/made-certificates.ts';
import { ByteWriter } from '../src/wire/bytes.ts';
import { beginFrame, endFrame } from '../src/wire/frame.ts';
import { exchange } from './client.ts';
import { clientPort, drover, freePortOffset, Process, until } from './processes.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'drover-'));
const NAMES = ['Barn', 'Gate', 'Hill'] as const;
type Name = (typeof NAMES)[number];

const ours = new Authority(directory, 'ca');
const theirs = new Authority(directory, 'other-ca');
for (const name of NAMES) ours.sign(name, `URI:herd://farm/${name}`);

let ports: Record<Name, number>;
let configFile: string;
const processes = new Map<Name, Process>();

function writeConfig(file: string, more: object): string {
  const servers = Object.fromEntries(NAMES.map((name) => [name, { clientPort: ports[name] }]));
  const links = [
    ['Barn', 'Gate'],
    ['Gate', 'Hill'],
  ];
  writeFileSync(path.join(directory, file), JSON.stringify({ herd: 'farm', servers, links, ...more }));
  return path.join(directory, file);
}

async function start(name: Name, config = configFile): Promise<void> {
  const started = new Process(['serve', name, '--config', config, '--data', path.join(directory, name)]);
  processes.set(name, started);
  await started.printed(/listens on/);
}

async function healthy(config = configFile): Promise<void> {
  let last = '';
  await until(
    async () => {
      const { code, stdout, stderr } = await drover(['status', '--json', '--config', config, '--data', directory]);
      last = stdout + stderr;
      return code === 0;
    },
    () => `the herd is not healthy: ${last}`,
  );
}

async function logged(name: Name, pattern: RegExp): Promise<void> {
  const read = (): string => readFileSync(path.join(directory, name, `${name}.log`), 'utf8');
  await until(
    () => pattern.test(read()),
    () => `${pattern} is not in the log of ${name}:\n${read()}`,
  );
}

before(async () => {
  const first = clientPort('Goloman', await freePortOffset());
  ports = { Barn: first, Gate: first + 1, Hill: first + 2 };
  configFile = writeConfig('farm.json', {
    tls: { certFile: '{name}.pem', keyFile: '{name}.key', caFile: 'ca.pem' },
  });
  await Promise.all(NAMES.map((name) => start(name)));
});

after(async () => {
  await Promise.all([...processes.values()].map((started) => started.stop()));
  rmSync(directory, { recursive: true, force: true });
});

test('servers link over TLS, reports travel, the status is told, and a restarted server is back', async () => {
  await healthy();
  const at = await exchange(ports.Barn, 'IAMAT van +1+1 1\n');
  const known = async (): Promise<void> => {
    let answer = '';
    await until(
      async () => {
        answer = await exchange(ports.Hill, 'WHATSAT van 0 0\n');
        return answer.startsWith(at);
      },
      () => `Hill says ${answer}`,
    );
  };
  await known();
  assert.equal((await processes.get('Hill')?.stop())?.code, 0);
  await start('Hill');
  await healthy();
  await known();
});

interface Shown {
  readonly cert?: string;
  readonly key?: string;
}

/** Dials Barn's link port with a certificate, says a hello as `from`, and returns all that comes back until the end. */
function dialBarn(shown: Shown, from?: string): Promise<string> {
  const socket: TLSSocket = connect({
    host: '127.0.0.1',
    port: ports.Barn + 1000,
    ca: readFileSync(ours.caFile),
    checkServerIdentity: () => undefined,
    ...shown,
  });
  return new Promise((resolve) => {
    let heard = '';
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1');
    });
    // The server's refusal may arrive as an alert.
    socket.on('error', (error) => {
      heard += error.message;
    });
    socket.once('close', () => resolve(heard));
    socket.once('secureConnect', () => {
      if (from === undefined) return;
      const out = new ByteWriter();
      const begin = beginFrame(out, 'hello');
      const versions = { oldestVersion: 1, newestVersion: 1, purpose: 'link' as const };
      out.copy(new Handshake(undefined).hello({ ...versions, herd: 'farm', from, to: 'Barn', epoch: 1 }));
      endFrame(out, begin);
      socket.write(out.take());
    });
  });
}

test('whoever shows no certificate, or one that is not believed, is refused and logged', async () => {
  await dialBarn({});
  await logged('Barn', /it showed no certificate/);
  await dialBarn(theirs.sign('Stranger', 'URI:herd://farm/Gate'), 'Gate');
  await logged('Barn', /its certificate is of an authority that is not in caFile/);
  await dialBarn(ours.sign('Old', 'URI:herd://farm/Gate', -1), 'Gate');
  await logged('Barn', /its certificate, or its authority, has expired/);
  await new Promise<void>((resolve) => {
    const plain = connectPlain({ host: '127.0.0.1', port: ports.Barn + 1000 }, () => plain.write('\x01\x20\0\0\0\0'));
    plain.on('error', () => {});
    plain.resume();
    plain.once('close', () => resolve());
  });
  await logged('Barn', /it does not speak TLS; give every server of the herd the tls section/);
});

test("a server with the right certificate of another server's name is refused and told why", async () => {
  const hill = {
    cert: readFileSync(path.join(directory, 'Hill.pem'), 'utf8'),
    key: readFileSync(path.join(directory, 'Hill.key'), 'utf8'),
  };
  assert.match(await dialBarn(hill, 'Gate'), /Gate showed the certificate of Hill/);
  await logged('Barn', /Gate showed the certificate of Hill/);
  const herdless = ours.sign('Elsewhere', 'URI:herd://other/Gate');
  assert.match(await dialBarn(herdless, 'Gate'), /Gate showed the certificate of no server of herd farm/);
  await healthy();
});

test('a server does not start with files that do not fit, and says all that is wrong', async () => {
  const tls = { certFile: 'Barn.pem', keyFile: 'Hill.key', caFile: 'other-ca.pem' };
  const config = writeConfig('unfit.json', { tls });
  const { code, stderr } = await drover(['serve', 'Gate', '--config', config, '--data', path.join(directory, 'unfit')]);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^drover: Gate does not start: .*is of Barn and.*herd:\/\/farm\/Gate; .*is not the key.*; .*not signed by.*\n$/,
  );
});

test('certificates are enough for a herd that others can reach, and a secret may come on top', async (context) => {
  await Promise.all([...processes.values()].map((started) => started.stop()));
  assert.equal((await drover(['keygen', path.join(directory, 'herd.key')])).code, 0);
  const tls = { certFile: '{name}.pem', keyFile: '{name}.key', caFile: 'ca.pem' };
  const config = writeConfig('both.json', { tls, secretFile: 'herd.key' });
  ours.sign('drover-status', 'URI:herd://farm/drover-status');
  for (const name of NAMES) await start(name, config);
  await healthy(config);
  await logged('Barn', /"link opened"/);

  const exposed = JSON.parse(readFileSync(configFile, 'utf8'));
  // Reserved for documentation (RFC 5737); nobody dials it, since Hill is no neighbour of Barn.
  exposed.servers.Hill.host = '192.0.2.1';
  writeFileSync(path.join(directory, 'exposed.json'), JSON.stringify(exposed));
  const file = path.join(directory, 'exposed.json');
  await processes.get('Barn')?.stop();
  const open = new Process(['serve', 'Barn', '--config', file, '--data', path.join(directory, 'exposed')]);
  context.after(() => open.stop());
  await open.printed(/listens on/);
});
