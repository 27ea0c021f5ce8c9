// What a server tells `drover status` about itself, and how it is asked: as JSON over the link port, never over the client
// port. `server.ts` fills it in.

import { ASKER, askNear, askStatus, askToForget, type Question } from '../net/status-client.ts';
import type { NearAnswer, NearQuestion } from '../wire/near.ts';
import { findCertificates } from './certificates.ts';
import type { HerdConfig, ServerEntry } from './config.ts';
import type { PlacesStatus } from './places.ts';
import { findKeyring } from './secret.ts';

export interface LinkStatus {
  readonly neighbour: string;
  readonly address: string;
  readonly state: 'up' | 'down';
  /** Of the protocol between servers: the newest that both speak. */
  readonly version?: number;
  /** Which server dialled the link that is up. */
  readonly dialledBy?: string;
  readonly upSeconds?: number;
  /** Clients whose newest record the neighbour has not been sent. */
  readonly behind?: number;
  /** How long the oldest batch that the neighbour has not acknowledged is on its way; 0 when there is none. */
  readonly oldestUnacknowledgedMs?: number;
  readonly inFlightBytes?: number;
  /** The catch-up at the start of this link: how many records the neighbour lacked, and when it was through. */
  readonly catchUp?: { readonly records: number; readonly at: string };
  readonly recordsSent?: number;
  readonly recordsReceived?: number;
  /** Of them, how many this server had already. */
  readonly duplicates?: number;
  /** Records that this server must have had and had not: not 0 means a bug, or memory or a disk that rots. */
  readonly repairs?: number;
  /** Failed dials since the link was last up. */
  readonly dialsFailed: number;
}

/** How far a server has the updates of one origin in one of its lives. */
export interface OriginStatus {
  readonly origin: string;
  readonly epoch: number;
  /** Everything up to this one is covered ... */
  readonly height: number;
  /** ... and this many separate ranges above it. */
  readonly ranges: number;
}

export interface ServerStatus {
  readonly server: string;
  readonly herd: string;
  readonly version: string;
  readonly pid: number;
  /** RFC 3339, UTC. */
  readonly startedAt: string;
  readonly upSeconds: number;
  readonly clientAddress: string;
  /** `failing`: nothing can be written, so reports are refused. */
  readonly disk: 'working' | 'failing';
  readonly clients: number;
  readonly connections: number;
  /** In the order in which they are asked, with commas between. */
  readonly placesProvider: string;
  readonly places: readonly PlacesStatus[];
  readonly residentBytes: number;
  /** Bytes taken for clients, by what they are for. */
  readonly memory: Readonly<Record<string, number>>;
  readonly logFile: string;
  readonly links: readonly LinkStatus[];
  readonly origins: readonly OriginStatus[];
}

/** What proves to the herd's servers that we may ask. */
export type Proof = Pick<Question, 'herd' | 'keyring' | 'credentials'>;

/** @throws {SecretError | CertificateError} */
export function findProof(config: HerdConfig, dataDirectory: string): Proof {
  const { herd } = config;
  return { herd, keyring: findKeyring(config, dataDirectory), credentials: findCertificates(config, ASKER) };
}

/**
 * Asks one server of the configuration.
 * @throws {Error} whose message says why there is no answer
 */
export async function askServer({ name, host, peerPort }: ServerEntry, proof: Proof): Promise<ServerStatus> {
  const status = (await askStatus({ ...proof, server: name, host, peerPort })) as ServerStatus;
  if (status.server === name) return status;
  throw new Error(`${host}:${peerPort} is ${status.server}; check hosts and ports`);
}

/**
 * Which clients one of the herd's servers knows near a position.
 * @throws {Error} whose message says why there is no answer
 */
export function nearAt({ name, host, peerPort }: ServerEntry, proof: Proof, near: NearQuestion): Promise<NearAnswer> {
  return askNear({ ...proof, server: name, host, peerPort }, near);
}

/**
 * Makes the whole herd forget a client, through one of its servers. False if that server does not know it.
 * @throws {Error} whose message says why it could not be asked
 */
export function forgetAt({ name, host, peerPort }: ServerEntry, proof: Proof, client: string): Promise<boolean> {
  return askToForget({ ...proof, server: name, host, peerPort }, Buffer.from(client));
}
