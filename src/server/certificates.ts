// The certificates of a herd that links over TLS: read, checked as a whole before anything starts, read again while the server
// runs, and watched, since they end. Never logs a key.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { type Credentials, nameIn } from '../net/tls.ts';
import type { HerdConfig, TlsFiles } from './config.ts';

/** The certificates cannot be used. One line with everything that is wrong. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
}

export interface Certificates extends Credentials {
  /** The server that they prove. */
  readonly name: string;
  /** What ends first, when, in milliseconds of POSIX time, and which file it is. */
  readonly endsMs: number;
  readonly endsFile: string;
}

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * The certificates of server `name`.
 * @throws {CertificateError}
 */
export function readCertificates(files: TlsFiles, herd: string, name: string): Certificates {
  const certFile = fileOf(files.certFile, name);
  const keyFile = fileOf(files.keyFile, name);
  const faults: string[] = [];
  const read = (key: string, file: string): string => {
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      faults.push(`tls.${key}: cannot read ${file} (${(error as NodeJS.ErrnoException).code})`);
      return '';
    }
  };
  const parse = (key: string, file: string, text: string): X509Certificate[] => {
    if (text === '') return [];
    try {
      const found = (text.match(PEM) ?? []).map((pem) => new X509Certificate(pem));
      if (found.length === 0) faults.push(`tls.${key}: ${file} holds no certificate in PEM`);
      return found;
    } catch {
      faults.push(`tls.${key}: ${file} holds a certificate that cannot be read`);
      return [];
    }
  };
  const [cert, key, ca] = [read('certFile', certFile), read('keyFile', keyFile), read('caFile', files.caFile)];
  const chain = parse('certFile', certFile, cert);
  const authorities = parse('caFile', files.caFile, ca);
  const own = chain[0];
  if (own !== undefined) {
    const says = nameIn(own, herd);
    if (says !== name) {
      faults.push(
        `tls.certFile: ${certFile} ${says === undefined ? 'names' : `is of ${says} and has`} no single subjectAltName URI:herd://${encodeURIComponent(herd)}/${encodeURIComponent(name)}`,
      );
    }
    if (key !== '') faults.push(...keyFaults(own, key, keyFile));
    const top = chain.at(-1) as X509Certificate;
    if (authorities.length > 0 && !authorities.some((one) => top.checkIssued(one) && top.verify(one.publicKey))) {
      faults.push(`tls.certFile: ${certFile} is not signed by an authority of ${files.caFile}`);
    }
  }
  if (faults.length > 0) throw new CertificateError(faults.join('; '));
  const ends = [
    ...chain.map((one) => ({ endsMs: Date.parse(one.validTo), endsFile: certFile })),
    ...authorities.map((one) => ({ endsMs: Date.parse(one.validTo), endsFile: files.caFile })),
  ].sort((one, other) => one.endsMs - other.endsMs);
  const { endsMs, endsFile } = ends[0] as { endsMs: number; endsFile: string };
  return { name, endsMs, endsFile, secure: { cert, key, ca } };
}

/**
 * Certificates with which to ask the herd's servers something: of `asker` if there are any, or else of a server whose files are on
 * this machine.
 * @throws {CertificateError}
 */
export function findCertificates({ tls, herd, servers }: HerdConfig, asker: string): Certificates | undefined {
  if (tls === undefined) return undefined;
  const names = [asker, ...servers.keys()].filter((name) => existsSync(fileOf(tls.certFile, name)));
  const [first] = names;
  if (first === undefined)
    throw new CertificateError(`there is no certificate here to show: no file is ${tls.certFile}`);
  // A file without {name} is of one server, whichever.
  const cert = readFileSync(fileOf(tls.certFile, first), 'utf8');
  return readCertificates(tls, herd, names.find((name) => certificateNames(cert, herd, name)) ?? first);
}

function certificateNames(pem: string, herd: string, name: string): boolean {
  try {
    return nameIn(new X509Certificate(pem), herd) === name;
  } catch {
    // What is wrong with it is said by whoever reads all of it.
    return false;
  }
}

function keyFaults(own: X509Certificate, key: string, keyFile: string): string[] {
  try {
    return own.checkPrivateKey(createPrivateKey(key))
      ? []
      : [`tls.keyFile: ${keyFile} is not the key of the certificate`];
  } catch {
    return [`tls.keyFile: ${keyFile} holds no private key in PEM, or one with a passphrase`];
  }
}

function fileOf(pattern: string, name: string): string {
  return pattern.replaceAll('{name}', () => name);
}
