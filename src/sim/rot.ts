// Memory that rots: a server loses a client's record, or goes back to an older one, and its vector goes on saying that all is
// there. Only an audit can find it. Drawn apart from all else, so that it shifts no other draw of a seed.
import { NO_SLOT, type Slot } from '../core/table.ts';
import { RecordView } from '../wire/record.ts';
import type { Chance } from './chance.ts';
import { clientOf, type Inspector } from './inspector.ts';
import { judge } from './judge.ts';
import type { SimulatedServer } from './server.ts';

export interface Rot {
  readonly kind: 'rot';
  readonly atMs: number;
  readonly server: string;
  /** Which client: the one that stands at this share of the table. */
  readonly share: number;
  readonly ages: boolean;
}

export function rotsOf(servers: readonly string[], endMs: number, chance: Chance): Rot[] {
  return Array.from({ length: 1 + chance.below(6) }, () => ({
    kind: 'rot',
    atMs: chance.between(1000, endMs),
    server: chance.pick(servers),
    share: chance.fraction(),
    ages: chance.happens(0.3),
  }));
}

/** Lets it rot, if another server still has what is lost. */
export function rot(
  server: SimulatedServer,
  { share, ages }: Rot,
  all: Iterable<SimulatedServer>,
  inspector: Inspector,
): void {
  const { replica } = server;
  if (replica === undefined) return;
  const { table } = replica;
  const used = Array.from({ length: table.slots }, (_, slot) => slot).filter((slot) => table.isUsed(slot));
  const slot = used[Math.floor(share * used.length)] ?? NO_SLOT;
  if (slot === NO_SLOT) return;
  const record = new RecordView();
  table.read(slot, record);
  const client = clientOf(record);
  const isKept = [...all].some((other) => {
    const known = other === server || !other.isUp ? undefined : inspector.shownBy(other).get(client);
    return known !== undefined && judge(known, record) >= 0;
  });
  if (!isKept) return;
  const older = ages ? inspector.previousOf(server, client) : undefined;
  inspector.rotted(server, client, older);
  if (older === undefined) lose(server, slot);
  else table.replace(slot, { ...older, origin: replica.origin(older.origin.name, older.origin.epoch) });
}

function lose(server: SimulatedServer, slot: Slot): void {
  server.replica?.table.remove(slot);
  for (const { link } of server.streams) link?.sending?.forget(slot);
}
