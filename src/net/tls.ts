// TLS between servers: how a connection is made and what its certificate proves. Both sides show a certificate that the herd's
// own authority signed; the server's name stands in it as a URI, `herd://HERD/NAME`. Knows no file and no rule of the herd.
import type { X509Certificate } from 'node:crypto';
import { connect as connectPlain, type Socket } from 'node:net';
import { type ConnectionOptions, connect, type SecureContextOptions, type TLSSocket } from 'node:tls';

/** What this side shows and whom it believes; `secure` is replaced when certificates are renewed. */
export interface Credentials {
  secure: SecureContextOptions;
}

/** Nobody has an older Drover with TLS, and every Node that we run on has 1.3. */
export const OLDEST_TLS = 'TLSv1.3';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Dials, with TLS where there are credentials. `connected` is called once the other side's certificate is believed. */
export function dial(address: Address, credentials: Credentials | undefined, connected: () => void): Socket {
  const plain = { ...address, allowHalfOpen: true };
  if (credentials === undefined) {
    const socket = connectPlain(plain);
    socket.once('connect', connected);
    return socket;
  }
  const options: ConnectionOptions = {
    ...credentials.secure,
    ...plain,
    minVersion: OLDEST_TLS,
    rejectUnauthorized: true,
    // It names a server of the herd, not a host: the core compares it with the name that is said in the greeting.
    checkServerIdentity: () => undefined,
  };
  const socket = connect(options);
  socket.once('secureConnect', connected);
  return socket;
}

/** The server that the certificate at the other end proves it is. */
export function nameProvenBy(socket: TLSSocket, herd: string): string | undefined {
  const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
  return certificate === undefined ? undefined : nameIn(certificate, herd);
}

/** The one server of a herd that a certificate names; undefined when it names none, or several. */
export function nameIn(certificate: X509Certificate, herd: string): string | undefined {
  const names = new Set<string>();
  for (const uri of urisOf(certificate.subjectAltName ?? '')) {
    const [, itsHerd, name] = /^herd:\/\/([^/]+)\/([^/]+)$/.exec(uri) ?? [];
    if (itsHerd !== undefined && name !== undefined && decoded(itsHerd) === herd) names.add(decoded(name) ?? '');
  }
  const [name] = names;
  return names.size === 1 && name !== '' ? name : undefined;
}

/** The URIs of `DNS:a, URI:"b, c", URI:d`: Node quotes what could be mistaken for the list's own punctuation. */
function urisOf(alternativeNames: string): string[] {
  const uris: string[] = [];
  for (const [, kind, value = ''] of alternativeNames.matchAll(/(?:^|, )([^:,]+):("(?:[^"\\]|\\.)*"|[^,"]*)/g)) {
    // What is quoted has bytes in it that no name of a server has unencoded.
    if (kind === 'URI' && !value.startsWith('"')) uris.push(value);
  }
  return uris;
}

/** Undoes percent-encoding; undefined if it is none. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate, or its authority, has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; check the clocks',
  INVALID_PURPOSE: 'its certificate is for another use; it needs both client and server authentication',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'it showed no certificate',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS; give every server of the herd the tls section',
  ERR_SSL_HTTP_REQUEST: 'it does not speak TLS; give every server of the herd the tls section',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'it speaks TLS older than 1.3',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'it speaks TLS older than 1.3',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'it wants a certificate',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "it does not know this server's authority",
};

/** What an error code of a connection means for whoever runs the herd. */
export function explainTls(code: string): string {
  if (/^(SELF_SIGNED|DEPTH_ZERO_SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY)|CERT_SIGNATURE_FAILURE)/.test(code)) {
    return `its certificate is of an authority that is not in caFile (${code})`;
  }
  const reason = REASONS[code];
  return reason === undefined ? code : `${reason} (${code})`;
}
