// Gives the core its time: what arrives in one turn of the event loop, on whatever connections, is sent to the neighbours in one piece,
// then kept on disk, then answered; and the passing of time becomes `tick`. One for each server; whoever brings the core something calls
// `endTurnSoon`, or serves it between `beginAlone` and `endAlone`.
import { performance } from 'node:perf_hooks';
import type { Replica } from '../core/replica.ts';
import { ByteWriter } from '../wire/bytes.ts';
import type { Instant } from '../wire/instant.ts';
import { GATHERED_CHUNK_BYTES, GOT_INTERVAL_MS, QUIET_MS, TURN_BYTES } from '../wire/limits.ts';
import { Gathered, type Gathering } from './gathered.ts';
import { type Answering, Turn } from './turn.ts';

/** Keeps what the core has learned in this turn; `done` is told whether it is kept, at once or later but in order. */
export type Commit = (done?: (kept: boolean) => void) => void;

export interface PulseOptions {
  readonly replica: Replica;
  /** Writes the wall clock's time into its argument. */
  readonly readClock: (now: Instant) => void;
  readonly commit: Commit;
}

export class Pulse {
  readonly replica: Replica;
  readonly readClock: (now: Instant) => void;
  private readonly keep: Commit;
  /** What the clock showed when it was last read, by whoever did. */
  readonly now: Instant = { seconds: 0, nanoseconds: 0 };
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private armedForMs = Number.POSITIVE_INFINITY;
  private readonly waiting = new Set<() => void>();
  private endOfTurn: NodeJS.Immediate | undefined;
  /** When the last turn ended. */
  private endedMs = Number.NEGATIVE_INFINITY;
  /** A chunk is being served in a turn of its own. */
  private isAlone = false;
  /** What is answered now leaves with the turn that ends. */
  private isEnding = false;
  /** Small chunks that are served when all that has arrived is read. */
  readonly gathered: Gathered;
  /** Who asks something of this turn, when all that has arrived is read. */
  private asking: (() => void)[] = [];
  /** The replies of this turn, of all connections; whoever appends some says so with `answered`. */
  readonly replies: ByteWriter = new ByteWriter(0);
  private turn = new Turn();
  /** Turns whose replies wait for the disk. */
  private unkept = 0;
  /** Serves as the next turn while one is being sent. */
  private spare: Turn | undefined;

  constructor({ replica, readClock, commit }: PulseOptions) {
    this.replica = replica;
    this.gathered = new Gathered(replica.table.kernel);
    this.readClock = readClock;
    this.keep = commit;
    this.replies.bytes = this.turn.bytes;
  }

  /** A clock that only goes forward, in milliseconds. */
  nowMs(): number {
    return performance.now();
  }

  /**
   * Calls `done` as soon as `condition` holds, at once or at the end of the turn in which that came about, and what `done` replies leaves with
   * that turn; or when it never did in time. Returns what ends the wait without it.
   */
  waitFor(condition: () => boolean, timeoutMs: number, done: () => void): () => void {
    const giveUp = (): void => {
      clearTimeout(timer);
      this.waiting.delete(check);
    };
    const end = (): void => {
      giveUp();
      done();
    };
    const check = (): void => {
      if (condition()) end();
    };
    const timer = setTimeout(end, timeoutMs);
    this.waiting.add(check);
    check();
    return giveUp;
  }

  /** As `waitFor`, for what only a record can bring about: thousands may wait, and nobody looks again before one was stored. */
  waitForRecord(condition: () => boolean, timeoutMs: number, done: () => void): () => void {
    let lookedAfter = -1;
    const { table } = this.replica;
    const hasCome = (): boolean => {
      if (lookedAfter === table.stored) return false;
      lookedAfter = table.stored;
      return condition();
    };
    return this.waitFor(hasCome, timeoutMs, done);
  }

  start(): void {
    this.arm(this.nowMs());
  }

  /** What still arrives is still served, but time passes no more. */
  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    if (this.endOfTurn !== undefined) clearImmediate(this.endOfTurn);
    this.endOfTurn = undefined;
  }

  /** The replies from `start` on are for this one: they leave with the turn, see `endTurn`. */
  answered(who: Answering, start: number, acknowledge: boolean): void {
    this.turn.add(who, start, this.replies.length, acknowledge);
    if (this.isEnding || this.isAlone) return;
    if (this.replies.length >= TURN_BYTES) this.endTurn();
    else this.endTurnSoon();
  }

  /** Something was learned: the turn ends when what has arrived by now has been looked at. */
  endTurnSoon(): void {
    this.endOfTurn ??= setImmediate(this.endReading);
  }

  /**
   * A chunk has arrived. True if it is to be served at once, in a turn of its own, which `endAlone` ends: it is small, and no turn has ended
   * for a while, so that hardly anything else will have arrived.
   */
  beginAlone(chunkBytes: number, nowMs: number): boolean {
    this.isAlone =
      this.endOfTurn === undefined && chunkBytes <= GATHERED_CHUNK_BYTES && nowMs - this.endedMs >= QUIET_MS;
    return this.isAlone;
  }

  /**
   * Ends the turn of a chunk that is alone, if it brought anything, and unless a question in it waits for what else has arrived. False if it is
   * not alone.
   */
  endAlone(hasNews: boolean = !this.turn.isEmpty): boolean {
    if (!this.isAlone) return false;
    this.isAlone = false;
    if (hasNews && this.endOfTurn === undefined) this.endTurn();
    return true;
  }

  /**
   * Keeps a chunk until what has arrived by now is read. Returns where in `gathered` it begins; -1 if it must be served at once, and then
   * `endAlone` called.
   */
  gather(chunk: Uint8Array, who: Gathering): number {
    // Only the first of a turn looks at the clock.
    if (this.endOfTurn === undefined && this.beginAlone(chunk.length, this.nowMs())) return -1;
    const start = this.gathered.add(chunk, who);
    if (start >= 0) this.endTurnSoon();
    return start;
  }

  /**
   * Calls `ask` when what has arrived by now, on whatever connection, is read, and before the turn ends. Of two connections that were
   * written one after the other the later may be read first: without this a question could come before what its asker was told of.
   */
  afterReading(ask: () => void): void {
    this.asking.push(ask);
    this.endTurnSoon();
  }

  /** What has arrived is read: serves what waits for that, then ends the turn. */
  readonly endReading = (): void => {
    if (!this.gathered.isEmpty) {
      this.readClock(this.now);
      this.gathered.serve(this.nowMs());
    }
    const { asking } = this;
    if (asking.length > 0) this.asking = [];
    for (const ask of asking) ask();
    this.endTurn();
  };

  /**
   * Links first, then the disk, then clients: what is acknowledged is kept, and whoever asks a neighbour after reading its reply is
   * not too early. Neighbours need not wait for this server's disk: what it loses they give it back. Nor need clients to whom nothing is
   * acknowledged, unless earlier turns' replies, of whomever, still wait.
   */
  readonly endTurn = (): void => {
    if (this.endOfTurn !== undefined) clearImmediate(this.endOfTurn);
    this.endOfTurn = undefined;
    if (this.asking.length > 0 || !this.gathered.isEmpty) this.endTurnSoon();
    this.send();
    if (this.turn.isEmpty) this.keep();
    else this.answer();
    this.endedMs = this.nowMs();
  };

  /** Keeps the turn and lets its replies leave. */
  private answer(): void {
    const { turn, replies } = this;
    this.replica.reports.answers.drop();
    // They may have outgrown it.
    turn.bytes = replies.bytes;
    const { length } = replies;
    this.turn = this.spare ?? new Turn();
    this.spare = undefined;
    replies.bytes = this.turn.bytes;
    replies.length = 0;
    if (this.unkept === 0 && !turn.acknowledges) {
      if (turn.leave(true)) this.spare ??= turn;
      return this.keep();
    }
    this.unkept += 1;
    let isOver = false;
    let isWaiting = false;
    this.keep((kept) => {
      isOver = true;
      this.unkept -= 1;
      if (turn.leave(kept) && !isWaiting) this.spare ??= turn;
    });
    if (isOver) return;
    // It waits for the disk, as others will behind it: each is to take no more than its replies do, and not a whole buffer.
    isWaiting = true;
    this.spare ??= new Turn(turn.bytes);
    turn.bytes = turn.bytes.slice(0, length);
  }

  /** Ends the turn; `done` hears whether it is kept. */
  commit(done: (kept: boolean) => void): void {
    const who = {
      turnEnded: (_replies: Uint8Array, kept: boolean): boolean => {
        done(kept);
        return true;
      },
    };
    this.answered(who, this.replies.length, true);
  }

  private send(): void {
    const nowMs = this.nowMs();
    if (this.replica.flush(nowMs)) this.endTurnSoon();
    // What just happened may be owed an acknowledgement sooner than anything was due before.
    if (this.armedForMs > nowMs + GOT_INTERVAL_MS) this.arm(nowMs + GOT_INTERVAL_MS);
    this.isEnding = true;
    for (const check of this.waiting) {
      // The others have the next turn: the replies of one are bounded.
      if (this.replies.length >= TURN_BYTES) {
        this.endTurnSoon();
        break;
      }
      check();
    }
    this.isEnding = false;
  }

  private readonly tick = (): void => {
    const nowMs = this.nowMs();
    this.readClock(this.now);
    if (this.replica.tick(nowMs, this.now)) this.endTurnSoon();
    this.arm(Math.max(nowMs + 1, this.replica.dueMs()));
  };

  private arm(atMs: number): void {
    if (this.stopped) return;
    clearTimeout(this.timer);
    this.armedForMs = atMs;
    this.timer = setTimeout(this.tick, Math.max(0, atMs - this.nowMs()));
  }
}
