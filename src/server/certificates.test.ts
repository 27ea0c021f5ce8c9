import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { pino } from 'pino';
import { nameIn } from '../net/tls.ts';
import { CertificateWatch } from './certificate-watch.ts';
import { CertificateError, type Certificates, findCertificates, readCertificates } from './certificates.ts';
import { loadConfig } from './config.ts';
import { Authority } from './made-certificates.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'drover-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const authority = new Authority(directory, 'ca');
const files = {
  certFile: path.join(directory, '{name}.pem'),
  keyFile: path.join(directory, '{name}.key'),
  caFile: authority.caFile,
};
const DAY_MS = 86_400_000;

test('a certificate names one server of one herd, in its URI and nowhere else', () => {
  const names: readonly (readonly [string, string | undefined])[] = [
    ['URI:herd://farm/Barn', 'Barn'],
    ['DNS:barn.example,URI:herd://farm/Barn,IP:127.0.0.1', 'Barn'],
    ['URI:herd://other/Hill,URI:herd://farm/Barn', 'Barn'],
    ['URI:herd://farm/a%2Cb%20%25', 'a,b %'],
    ['URI:herd://farm/Barn,URI:herd://farm/Gate', undefined],
    ['URI:herd://other/Barn', undefined],
    ['URI:herd://farm/Barn/x', undefined],
    ['URI:herd://farm/', undefined],
    ['URI:herd://farm/%zz', undefined],
    ['URI:https://farm/Barn', undefined],
    ['DNS:Barn', undefined],
  ];
  for (const [index, [alternatives, name]] of names.entries()) {
    const { cert } = authority.sign(`name-${index}`, alternatives);
    assert.equal(nameIn(new X509Certificate(cert), 'farm'), name, alternatives);
  }
});

function faultsOf(name: string, caFile = files.caFile): string[] {
  try {
    readCertificates({ ...files, caFile }, 'farm', name);
  } catch (error) {
    assert.ok(error instanceof CertificateError, String(error));
    return error.message.split('; ');
  }
  return [];
}

test('everything that is wrong with the files is said at once', () => {
  const { key } = authority.sign('Barn', 'URI:herd://farm/Barn');
  assert.deepEqual(faultsOf('Barn'), []);
  const missing = faultsOf('Nobody', path.join(directory, 'no-ca'));
  assert.equal(missing.length, 3);
  for (const fault of missing) assert.match(fault, /^tls\.(cert|key|ca)File: cannot read .* \(ENOENT\)$/);

  const stranger = new Authority(directory, 'stranger');
  const others = stranger.sign('Gate', 'URI:herd://farm/Hill');
  authority.replace('Gate', { cert: others.cert, key });
  assert.deepEqual(
    faultsOf('Gate').map((fault) => fault.replace(`${directory}/`, '').replace(`${directory}/`, '')),
    [
      'tls.certFile: Gate.pem is of Hill and has no single subjectAltName URI:herd://farm/Gate',
      'tls.keyFile: Gate.key is not the key of the certificate',
      'tls.certFile: Gate.pem is not signed by an authority of ca.pem',
    ],
  );
  authority.replace('Gate', { cert: 'nonsense', key: 'nonsense' });
  assert.match(faultsOf('Gate').join(), /^tls\.certFile: .* holds no certificate in PEM$/);
  authority.replace('Barn', { cert: authority.sign('Other', 'URI:herd://farm/Barn').cert, key: 'nonsense' });
  assert.match(faultsOf('Barn').join(), /holds no private key in PEM, or one with a passphrase$/);
});

test('whoever asks shows a certificate of its own, or of a server that is on this machine', async () => {
  const configFile = path.join(directory, 'herd.json');
  const at = (certFile: string): string =>
    JSON.stringify({
      herd: 'farm',
      servers: { North: { clientPort: 1 }, South: { clientPort: 2 } },
      tls: { certFile, keyFile: certFile.replace('.pem', '.key'), caFile: 'ca.pem' },
    });
  writeFileSync(configFile, at('{name}.pem'));
  const config = await loadConfig({ env: {}, configFile });
  assert.throws(() => findCertificates(config, 'asker'), /no certificate here to show/);
  authority.sign('South', 'URI:herd://farm/South');
  assert.equal(findCertificates(config, 'asker')?.name, 'South');
  authority.sign('asker', 'URI:herd://farm/asker');
  assert.equal(findCertificates(config, 'asker')?.name, 'asker');
  // One path for every machine, each with its own file there.
  writeFileSync(configFile, at('South.pem'));
  assert.equal(findCertificates(await loadConfig({ env: {}, configFile }), 'asker')?.name, 'South');
});

test('the end of a certificate is announced, once a day, and a renewed one is taken into use (Fly.io, 2024)', () => {
  const lines: Record<string, unknown>[] = [];
  const logger = pino({ messageKey: 'event' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  authority.sign('Watched', 'URI:herd://farm/Watched', 40);
  const read = (): Certificates => readCertificates(files, 'farm', 'Watched');
  const certificates = read();
  const first = certificates.secure;
  const startMs = Date.now();
  let day = 0;
  let renewals = 0;
  const nowMs = (): number => startMs + day * DAY_MS;
  const renewed = (): void => {
    renewals += 1;
  };
  const watch = new CertificateWatch({ certificates, read, renewed, logger, nowMs });
  try {
    const heard: string[] = [];
    for (; day < 42; day += 0.25) {
      lines.length = 0;
      watch.look();
      for (const { event, level, fewerThanDays } of lines)
        heard.push(`${level} ${event} ${fewerThanDays ?? ''}`.trim());
    }
    assert.deepEqual(
      [...new Set(heard)],
      [
        '40 certificate ends soon 30',
        '40 certificate ends soon 7',
        '40 certificate ends soon 1',
        '50 certificate expired: no neighbour links with this server',
      ],
    );
    assert.equal(heard.length, 32);
    lines.length = 0;
    authority.replace('Watched', { cert: 'half written', key: '' });
    watch.look();
    assert.equal(lines[0]?.['event'], 'certificates cannot be used; the old ones stay');
    assert.equal(certificates.secure, first);
    const renewed = authority.sign('Watched', 'URI:herd://farm/Watched', 400);
    lines.length = 0;
    watch.look();
    assert.deepEqual(
      lines.map(({ event }) => event),
      ['certificates renewed'],
    );
    assert.equal(certificates.secure.cert, renewed.cert);
    assert.equal(renewals, 1);
  } finally {
    watch.stop();
  }
});
