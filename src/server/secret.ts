// The herd's secret: made, read and put to use. Never printed, logged or passed in arguments.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Crypto, Keyring } from '../core/handshake.ts';
import { makeDirectory } from '../storage/make-directory.ts';
import type { HerdConfig } from './config.ts';
import { type ConfigFault, whyUnread } from './config-fault.ts';

/** As long as the hash function's output: nothing shorter is worth keying it with. */
const SECRET_BYTES = 32;
const LINE = /^[0-9a-f]{64,}$/i;

const nodeCrypto: Crypto = {
  random: (count) => randomBytes(count),
  hmac: (key, parts) => {
    const hmac = createHmac('sha256', key);
    for (const part of parts) hmac.update(part);
    return hmac.digest();
  },
  equal: (left, right) => left.length === right.length && timingSafeEqual(left, right),
};

/** The secret cannot be used. The message is one line and says what to do; it never holds the secret. */
export class SecretError extends Error {
  override readonly name = 'SecretError';
}

/** A new secret, as a line of a secret file: 64 hexadecimal digits. */
export function makeSecret(): string {
  return randomBytes(SECRET_BYTES).toString('hex');
}

/**
 * The secrets of a file, one a line, `#` begins a comment. Any is accepted, the first is offered.
 * @throws {SecretError}
 */
export function readKeyring(file: string): Keyring {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new SecretError(
      `the secret file ${file} cannot be read: ${whyUnread(error)}; 'drover keygen' makes a secret`,
    );
  }
  const lines = text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
  if (lines.length === 0) throw new SecretError(`the secret file ${file} is empty; 'drover keygen' makes a secret`);
  const bad = lines.findIndex((line) => !LINE.test(line) || line.length % 2 === 1);
  if (bad >= 0) {
    throw new SecretError(
      `secret ${bad + 1} of ${file} is not at least ${2 * SECRET_BYTES} hexadecimal digits; 'drover keygen' makes one`,
    );
  }
  return { keys: lines.map((line) => Buffer.from(line, 'hex')), crypto: nodeCrypto };
}

/** What is wrong with the file that a configuration names. */
export function secretFaults(file: string): ConfigFault[] {
  try {
    readKeyring(file);
    return [];
  } catch (error) {
    if (error instanceof SecretError) return [{ path: 'secretFile', message: error.message, namesUnusable: true }];
    throw error;
  }
}

/** Where `drover up` keeps the secret of a herd whose configuration names none. */
export function secretFileIn(dataDirectory: string): string {
  return path.join(dataDirectory, 'herd.key');
}

/**
 * The secrets that the configuration names, or else those of the data directory; undefined when there are none. Servers that
 * know each other by certificates have a secret only if the configuration says so: what lies about is no herd's.
 */
export function findKeyring({ secretFile, tls }: HerdConfig, dataDirectory: string): Keyring | undefined {
  if (secretFile !== undefined) return readKeyring(secretFile);
  if (tls !== undefined) return undefined;
  const file = secretFileIn(dataDirectory);
  return existsSync(file) ? readKeyring(file) : undefined;
}

/** Makes the secret of a data directory, unless it has one. Several processes may try at once: one wins, all agree. */
export function ensureSecret(dataDirectory: string): string {
  const file = secretFileIn(dataDirectory);
  makeDirectory(dataDirectory);
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${makeSecret()}\n`, { mode: 0o600 });
  try {
    // Unlike a rename, a link never replaces what is there.
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return file;
}
