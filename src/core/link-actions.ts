// The state machine of a link as a table: what each frame does in each state. Complete by type; knows only which method of
// the link is meant.
import { type ByteReader, MalformedFrame } from '../wire/bytes.ts';
import { FRAME_TYPES, type FrameName } from '../wire/frame.ts';
import { readRefusal } from '../wire/messages.ts';
import { readNearQuestion } from '../wire/near.ts';
import { readVector } from '../wire/vector.ts';
import type { Link } from './link.ts';

/**
 * greeting: open; the dialler has said hello and waits for the challenge, the accepter waits for the hello - proving: the
 * accepter waits for the proof - syncing: it is a neighbour, its vector not yet seen - live: records flow - leaving:
 * replaced by a better connection to the same neighbour, or told goodbye; what still arrives counts - asking: not a
 * neighbour but somebody with the secret who asks for the status - looking: somebody on this machine who has proved nothing and
 * may only look - closed.
 */
export type LinkState = 'greeting' | 'proving' | 'syncing' | 'live' | 'leaving' | 'asking' | 'looking' | 'closed';

type Action = (link: Link, reader: ByteReader, nowMs: number) => void;

const violation: Action = () => {
  throw new MalformedFrame('frame out of order');
};
const ignore: Action = () => {};
const status: Action = (link) => link.tellStatus();
const near: Action = (link, reader) => link.askedNear(readNearQuestion(reader));
const forget: Action = (link, reader) => link.herd.observer.forgetRequested(link, reader.bytes.slice());
const refused: Action = (link, reader) => link.wasRefused(readRefusal(reader));
const bye: Action = (link, _reader, nowMs) => link.leave('the other side left', nowMs);
const records: Action = (link, reader, nowMs) => link.receivedRecords(reader, nowMs);

const NOTHING_ELSE: Record<FrameName, Action> = allOf(violation);

export const ACTIONS: Record<LinkState, Record<FrameName, Action>> = {
  greeting: {
    ...NOTHING_ELSE,
    hello: (link, reader) => link.heardHello(reader.bytes),
    challenge: (link, reader, nowMs) => link.heardChallenge(reader.bytes, nowMs),
    refuse: refused,
    bye,
    // Whoever is on this machine may look; from elsewhere only whoever has the secret, see `asking`.
    statusRequest: (link) => link.askedUnproven(),
    nearRequest: (link, reader) => link.nearUnproven(readNearQuestion(reader)),
    forgetRequest: (link, reader) => link.forgetUnproven(reader.bytes),
  },
  proving: {
    ...NOTHING_ELSE,
    proof: (link, reader, nowMs) => link.heardProof(reader.bytes, nowMs),
    refuse: refused,
    bye,
  },
  syncing: {
    ...NOTHING_ELSE,
    vector: (link, reader, nowMs) => link.synced(readVector(reader), nowMs),
    refuse: refused,
    bye,
  },
  live: {
    ...NOTHING_ELSE,
    refuse: refused,
    records,
    bye,
    got: (link, reader, nowMs) => link.receivedGot(reader, nowMs),
    prune: (link, reader, nowMs) => link.holdBack(reader, true, nowMs),
    graft: (link, reader, nowMs) => link.holdBack(reader, false, nowMs),
    digest: (link, reader) => (link.audit ?? notAgreed()).heardDigest(reader),
    inventory: (link, reader, nowMs) => (link.audit ?? notAgreed()).heardInventory(reader, nowMs),
  },
  leaving: { ...allOf(ignore), records },
  asking: { ...NOTHING_ELSE, statusRequest: status, nearRequest: near, forgetRequest: forget, bye },
  looking: { ...NOTHING_ELSE, nearRequest: near, bye },
  closed: allOf(ignore),
};

function notAgreed(): never {
  throw new MalformedFrame('frame of a version that was not agreed on');
}

function allOf(action: Action): Record<FrameName, Action> {
  return Object.fromEntries(Object.keys(FRAME_TYPES).map((name) => [name, action])) as Record<FrameName, Action>;
}
