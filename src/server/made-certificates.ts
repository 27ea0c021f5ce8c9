// Certificates for tests, made by openssl as docs/configuration.md shows: an authority, and what it signs.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

export class Authority {
  readonly caFile: string;
  private readonly directory: string;
  private readonly keyFile: string;

  /** Its files are `NAME.pem` and `NAME.key` in the directory. */
  constructor(directory: string, name: string) {
    this.directory = directory;
    this.caFile = path.join(directory, `${name}.pem`);
    this.keyFile = path.join(directory, `${name}.key`);
    const made = ['-keyout', this.keyFile, '-out', this.caFile];
    openssl('req', '-x509', '-newkey', 'ed25519', '-nodes', '-days', '3650', '-subj', `/CN=${name}`, ...made);
  }

  /** Signs a certificate with these alternative names; its files are `FILE.pem` and `FILE.key`. Fewer than 0 days is expired. */
  sign(file: string, alternativeNames: string, days = 365): { cert: string; key: string } {
    const [certFile, keyFile, request] = ['.pem', '.key', '.csr'].map((end) =>
      path.join(this.directory, file + end),
    ) as [string, string, string];
    const extensions = [
      '-addext',
      `subjectAltName=${alternativeNames}`,
      '-addext',
      'basicConstraints=critical,CA:FALSE',
    ];
    const subject = ['-newkey', 'ed25519', '-nodes', '-subj', '/CN=server', ...extensions];
    openssl('req', '-new', ...subject, '-keyout', keyFile, '-out', request);
    const authority = ['-CA', this.caFile, '-CAkey', this.keyFile, '-CAcreateserial'];
    const signed = ['-copy_extensions', 'copy', '-days', String(days), '-out', certFile];
    openssl('x509', '-req', '-in', request, ...authority, ...signed);
    return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
  }

  /** A file that another certificate then stands in: a renewal. */
  replace(file: string, { cert, key }: { cert: string; key: string }): void {
    writeFileSync(path.join(this.directory, `${file}.pem`), cert);
    writeFileSync(path.join(this.directory, `${file}.key`), key);
  }
}
