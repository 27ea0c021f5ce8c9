// What a server needs before it can be one: its certificates, secret, log and disk. Each is there, or a StartError says what to do.
import type { Keyring } from '../core/handshake.ts';
import { isLoopback } from '../net/address.ts';
import { type Acknowledgement, Locked, OtherHerd, Store } from '../storage/store.ts';
import { CertificateError, type Certificates, readCertificates } from './certificates.ts';
import type { HerdConfig, ServerEntry } from './config.ts';
import { openLog, type ServerLog } from './log.ts';
import { findKeyring, SecretError } from './secret.ts';

export interface ServerOptions {
  readonly config: HerdConfig;
  /** Which server of the configuration to be. */
  readonly name: string;
  /** State and logs; made if it is not there. */
  readonly dataDirectory: string;
  /** What has happened to a report before it is acknowledged: in memory, in the log on disk, or safe from power loss. */
  readonly ack: Acknowledgement;
}

/** The server cannot run here. The message is one line and says what to do. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** What this server shows its neighbours, in a herd that links over TLS. */
export function certificatesOrExplain({ config, name }: ServerOptions): Certificates | undefined {
  if (config.tls === undefined) return undefined;
  try {
    return readCertificates(config.tls, config.herd, name);
  } catch (error) {
    if (error instanceof CertificateError) throw new StartError(`${name} does not start: ${error.message}`);
    throw error;
  }
}

/** The herd's secrets. A herd that other machines can reach does not start without them or certificates. */
export function keyringOrExplain({ config, dataDirectory }: ServerOptions, { name }: ServerEntry): Keyring | undefined {
  try {
    const keyring = findKeyring(config, dataDirectory);
    if (keyring !== undefined) return keyring;
  } catch (error) {
    if (error instanceof SecretError) throw new StartError(`${name} does not start: ${error.message}`);
    throw error;
  }
  const exposed = [...config.servers.values()].find(
    ({ host, listenHost }) => !isLoopback(host) || !isLoopback(listenHost),
  );
  if (exposed === undefined || config.tls !== undefined) return undefined;
  throw new StartError(
    `${name} does not start: ${exposed.name} is at ${exposed.listenHost}, where others can reach it, and the herd has no secret; make one with 'drover keygen herd.key' and name it as secretFile in the configuration of every server, or give them certificates (tls)`,
  );
}

/** Takes the server's directory on disk, which no other process may work in. */
export async function openDiskOrExplain(
  { config, dataDirectory, name, ack }: ServerOptions,
  { logger }: ServerLog,
): Promise<Store> {
  const say = (message: string): void => void process.stderr.write(`${name}: ${message}\n`);
  try {
    return await Store.open({
      directory: dataDirectory,
      herd: config.herd,
      name,
      acknowledge: ack,
      nowMs: Date.now(),
      observer: {
        failing: (reason) => {
          logger.error({ reason }, 'disk failing');
          say(`the disk takes nothing (${reason}): reports are refused until it does`);
        },
        working: () => {
          logger.warn('disk working');
          say('the disk takes everything again: reports are accepted');
        },
        snapshotWritten: (snapshot) => logger.info({ ...snapshot }, 'snapshot written'),
        snapshotFailed: (reason) => logger.error({ reason }, 'snapshot failed'),
      },
    });
  } catch (error) {
    if (error instanceof Locked || error instanceof OtherHerd)
      throw new StartError(`${name} does not start: ${error.message}`);
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new StartError(
      `${name} cannot use its data directory ${dataDirectory} (${reason}); choose another with --data`,
    );
  }
}

export function openLogOrExplain({ dataDirectory, name }: ServerOptions): ServerLog {
  try {
    return openLog(dataDirectory, name);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new StartError(
      `${name} cannot write to its data directory ${dataDirectory} (${reason}); choose another with --data`,
    );
  }
}

/** Why a port cannot be listened on. */
export function explain(error: NodeJS.ErrnoException, name: string, what: string, host: string, port: number): never {
  const where = `its ${what} port ${host}:${port}`;
  if (error.code === 'EADDRINUSE') {
    throw new StartError(`${name} cannot listen: ${where} is in use; stop what holds it, or use --port-offset`);
  }
  throw new StartError(`${name} cannot listen on ${where} (${error.code ?? error.message}); check host and port`);
}
