// One client's connection: bytes to commands, replies in command order, and what happens when either side is slow. Knows
// the replica for what is true and `ClientService` for everything else; knows no configuration and no provider.
import type { Socket } from 'node:net';
import { type ByteWriter, LF } from '../wire/bytes.ts';
import { Command, parseCommand } from '../wire/command.ts';
import {
  LINE_EXCERPT_BYTES,
  LOOKUPS_PER_CONNECTION,
  REPLIES_PAUSE_BYTES,
  SINCE_WAIT_MS,
  TURN_BYTES,
  TURN_LINES,
  TURN_MS,
} from '../wire/limits.ts';
import { LineReader } from '../wire/lines.ts';
import type { StoredRecord } from '../wire/record.ts';
import { writeInvalid, writePlaces, writeTooLong } from '../wire/reply.ts';
import type { ClientService, Places } from './client-service.ts';
import type { Gathering } from './gathered.ts';
import { type Lookup, Lookups } from './lookups.ts';
import { Replies, type RepliesOwner } from './replies.ts';
import type { Answering } from './turn.ts';

/** What a lookup that is answered holds beside its places: its line and its record, which are mostly shorter. */
const REPLY_BYTES = 256;

export class ClientConnection implements RepliesOwner, Answering, Gathering {
  private readonly id: number;
  private readonly socket: Socket;
  private readonly service: ClientService;
  private readonly reader: LineReader;
  private readonly replies: Replies;
  private readonly lookups = new Lookups();
  private ended = false;
  /** The client has ended its side, and its last command is served. */
  private served = false;
  /** Turns whose replies wait for disk and links. */
  private turns = 0;
  /** Where this connection's replies begin among those of the turn, and whether they acknowledge anything. */
  private replyStart = 0;
  private reported = false;
  private closed = false;
  /** Nothing more is served; what was answered still leaves. */
  private stopped = false;
  /** Commands wait: for the client to read, for a lookup, or for other connections' turns. */
  private paused = false;
  private resuming = false;
  /** The line that was found is a question, and must wait until all that has arrived is read. */
  private asks = false;
  /** Its chunk waits until all that has arrived is read. */
  private isGathered = false;

  constructor(id: number, socket: Socket, service: ClientService) {
    this.id = id;
    this.socket = socket;
    this.service = service;
    this.reader = new LineReader(service.lineBytes, LINE_EXCERPT_BYTES);
    this.replies = new Replies(socket, this);
    service.read(socket, (chunk) => this.received(chunk));
    socket.on('end', () => {
      this.ended = true;
      this.serveNow();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (!this.closed) this.service.observer.dropped(id, error.code ?? error.message);
    });
    socket.on('close', () => this.free());
  }

  /** Stops serving: what is answered is flushed, what is not is dropped. */
  stop(): void {
    if (this.closed || this.stopped) return;
    this.stopped = true;
    this.paused = true;
    this.served = true;
    this.lookups.giveUp();
    this.endIfDone();
    // Read on, and let go, what still comes: so that the client's end is seen.
    this.socket.resume();
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** A small chunk waits until all that has arrived is read, so that reports of many connections are looked up together; see `Pulse.gather`. */
  private received(chunk: Uint8Array): void {
    if (this.closed || this.stopped) return;
    if (this.isGathered) this.serveNow();
    // It is read behind what waits, and nothing more before that.
    if (this.paused) {
      this.socket.pause();
      return this.reader.append(chunk);
    }
    const { pulse } = this.service;
    const start = pulse.gather(chunk, this);
    this.isGathered = start >= 0;
    if (this.isGathered) return this.reader.push(pulse.gathered.bytes, start, start + chunk.length);
    this.reader.push(chunk);
    this.serveNow();
    pulse.endAlone();
  }

  // What `Gathered` asks, see `Gathering`.

  serveGathered(nowMs: number): void {
    if (this.isGathered) this.serve(nowMs);
  }

  // What `Replies` asks, see `RepliesOwner`.

  readonly roomForReplies = (): void => this.release();

  /** The connection is reset: an end in the middle of a reply would look like the end of all of them. */
  repliesUnread(reason: string): void {
    if (this.socket.destroyed) return;
    this.dropped(reason);
    this.socket.resetAndDestroy();
    // By itself that waits until all is written.
    this.socket.destroy();
  }

  private cut(reason: string): void {
    if (this.socket.destroyed) return;
    this.dropped(reason);
    this.socket.destroy();
  }

  private dropped(reason: string): void {
    this.service.observer.dropped(this.id, reason);
    this.free();
  }

  private serveNow(isRead = false): void {
    const { pulse } = this.service;
    pulse.gathered.ahead.drop();
    pulse.readClock(pulse.now);
    this.serve(pulse.nowMs(), isRead);
  }

  /** Serves commands until they are used up, or must wait. Questions wait until everything that has arrived is read. */
  private serve(startMs: number, isRead = false): void {
    this.isGathered = false;
    if (this.closed) return;
    if (this.paused) return this.reader.keepUnread();
    const { pulse } = this.service;
    const { replies } = pulse;
    this.replyStart = replies.length;
    let lines = 0;
    for (let served = this.nextLines(startMs, isRead); served > 0; served = this.nextLines(startMs, isRead)) {
      // The bytes of a turn end it: disk and links get theirs, and this connection goes on.
      if (replies.length >= TURN_BYTES) this.answer();
      lines += served;
      if (this.asks || this.mustWait()) return this.pause();
      if (lines < TURN_LINES) continue;
      if (pulse.nowMs() > startMs + TURN_MS) return this.pause();
      lines = 0;
    }
    if (this.ended && this.reader.finish()) this.line(startMs, isRead);
    if (this.asks) return this.pause();
    this.served = this.ended;
    this.answer();
    this.endIfDone();
    if (!this.closed && !this.replies.hasRoom) this.pause();
  }

  /** Serves one command, or reports that can be served together; returns how many lines that were. */
  private nextLines(startMs: number, isRead: boolean): number {
    const reports = this.asks || !this.reader.isAtLine ? 0 : this.nextReports(startMs);
    if (reports > 0) return reports;
    if (!this.asks && !this.reader.next()) return 0;
    this.line(startMs, isRead);
    return 1;
  }

  /** Serves the lines that come next, if they are plain reports; whoever served before may have read them ahead. */
  private nextReports(nowMs: number): number {
    const { lookups, reader, service } = this;
    const { gathered, now, replica, replies } = service.pulse;
    const { ahead } = gathered;
    // What waits behind a lookup is printed by itself.
    const isFree = lookups.count === 0;
    replica.reports.readAhead(reader, ahead, now, isFree ? replies : undefined);
    if (isFree && !service.observer.eachLine && service.acceptsReports()) {
      const taken = replica.reports.takeAhead(reader, ahead, now, nowMs, replies);
      this.reported ||= taken > 0;
      if (taken > 0) return taken;
    }
    const report = reader.nextAhead(ahead);
    if (report === undefined) return 0;
    this.report(report, nowMs);
    return 1;
  }

  private mustWait(): boolean {
    return (
      this.lookups.count >= LOOKUPS_PER_CONNECTION ||
      this.lookups.heldBytes > REPLIES_PAUSE_BYTES ||
      !this.replies.hasRoom
    );
  }

  /** Stops serving between two commands, and reading unless it goes on in this turn; other connections get theirs. */
  private pause(): void {
    this.paused = true;
    this.reader.keepUnread();
    this.answer();
    this.resumeIfPossible();
    // A question is served in this turn, so what it costs to pause a socket is saved.
    if (!this.stopped && (!this.asks || !this.resuming)) this.socket.pause();
  }

  private mayResume(): boolean {
    return this.paused && !this.closed && !this.stopped && !this.mustWait() && this.replies.hasRoom;
  }

  /** Goes on when neither the client nor a lookup has to be waited for. */
  private resumeIfPossible(): void {
    if (this.resuming || !this.mayResume()) return;
    this.resuming = true;
    if (this.asks) this.service.pulse.afterReading(this.resume);
    // Not at once: other connections have waited for this turn to end.
    else setImmediate(this.resume);
  }

  private readonly resume = (): void => {
    this.resuming = false;
    if (!this.mayResume()) return;
    this.paused = false;
    this.serveNow(true);
    if (!this.paused && !this.closed && this.socket.isPaused()) this.socket.resume();
  };

  private line(nowMs: number, isRead: boolean): void {
    const line = this.reader;
    const { observer, pulse } = this.service;
    const kind = line.tooLong ? 'invalid' : parseCommand(line.bytes, line.start, line.end, command);
    this.asks = kind === 'whatsat' && !isRead;
    if (this.asks) return void line.keepLine();
    if (kind === 'iamat') return this.report(command, nowMs);
    observer.received(this.id, line);
    if (kind === 'blank') return;
    const replies = this.nextReplies();
    const start = replies.length;
    const since = command.since ? command.stamp : undefined;
    const record =
      kind === 'whatsat'
        ? pulse.replica.lookUp(line.bytes, command.clientStart, command.clientEnd, pulse.now, since)
        : undefined;
    if (kind === 'whatsat' && since !== undefined && record === undefined) return this.whatsatSince();
    if (record !== undefined) return this.whatsat(record, replies);
    if (line.tooLong) writeTooLong(replies, line);
    else writeInvalid(replies, line);
    this.replied(replies, start, replies.length);
  }

  private report(command: Command, nowMs: number): void {
    const line = this.reader;
    const { observer, pulse } = this.service;
    observer.received(this.id, line);
    const replies = this.nextReplies();
    const start = replies.length;
    if (!this.service.acceptsReports()) writeInvalid(replies, line);
    else {
      if (!pulse.replica.report(line.bytes, command, pulse.now, nowMs, replies)) observer.stale(this.id, line, command);
      this.reported = true;
    }
    this.replied(replies, start, replies.length);
  }

  /** Where the next reply goes: behind the last lookup that is still out, or straight out. */
  private nextReplies(): ByteWriter {
    return this.lookups.count === 0 ? this.service.pulse.replies : this.lookups.behind;
  }

  /** A reply was made from `start` on; its first line ends at `lineEnd`. */
  private replied(replies: ByteWriter, start: number, lineEnd: number): void {
    const replyBytes = replies.length - start;
    if (this.lookups.count > 0) this.lookups.heldBytes += replyBytes;
    this.service.observer.sent(this.id, replies.bytes, start, lineEnd, replyBytes);
  }

  private whatsat(record: StoredRecord, replies: ByteWriter): void {
    const found = this.service.places(record, command.radiusKm, command.bound, this.lookups.signal);
    if (!(found instanceof Promise)) {
      const start = replies.length;
      writePlaces(replies, record, found, this.reader);
      return this.replied(replies, start, replies.bytes.indexOf(LF, start) + 1);
    }
    const finish = this.later(this.lookups.add());
    void found.then((places) => finish(record, places));
  }

  /** The report that is asked for has not come yet: waits for it a little, then searches. */
  private whatsatSince(): void {
    const { pulse } = this.service;
    const moved = this.reader.keepLine();
    const { bytes } = this.reader;
    const [start, end] = [command.clientStart - moved, command.clientEnd - moved];
    const stamp = { seconds: command.stamp.seconds, nanoseconds: command.stamp.nanoseconds };
    const { radiusKm, bound } = command;
    let record: StoredRecord | undefined;
    const find = (): StoredRecord | undefined => {
      record ??= pulse.replica.lookUp(bytes, start, end, pulse.now, stamp);
      return record;
    };
    const lookup = this.lookups.add();
    const finish = this.later(lookup);
    const search = (): void => {
      const asked = find();
      if (asked === undefined) return finish(undefined, undefined);
      const found = this.service.places(asked, radiusKm, bound, this.lookups.signal);
      if (found instanceof Promise) void found.then((places) => finish(asked, places));
      else finish(asked, found);
    };
    lookup.giveUp = pulse.waitForRecord(() => find() !== undefined, SINCE_WAIT_MS, search);
  }

  /** What is returned takes what a lookup came to. */
  private later(lookup: Lookup): (record: StoredRecord | undefined, places: Places) => void {
    this.reader.keepLine();
    const { bytes, start, end, terminated } = this.reader;
    const line = { bytes, start, end, terminated, tooLong: false };
    return (record, places) => {
      if (this.closed || this.stopped) return;
      this.lookups.finish(lookup, REPLY_BYTES + (places?.length ?? 0), (out) => {
        const from = out.length;
        writePlaces(out, record, places, line);
        this.service.observer.sent(this.id, out.bytes, from, out.bytes.indexOf(LF, from) + 1, out.length - from);
      });
      this.release();
    };
  }

  /**
   * Sends the replies of the lookups that are done, in order, with all that waited behind them, as fast as the client takes
   * them; then goes on with its commands.
   */
  private release(): void {
    if (this.closed) return;
    const { replies } = this.service.pulse;
    while (this.lookups.isFirstDone && this.replies.hasRoom) {
      this.replyStart = replies.length;
      this.lookups.release(replies);
      this.answer();
      if (this.closed) return;
    }
    this.endIfDone();
    this.resumeIfPossible();
  }

  /** What was answered since `replyStart` leaves when the turn ends. */
  private answer(): void {
    const { pulse } = this.service;
    const { replyStart, reported } = this;
    const bytes = pulse.replies.length - replyStart;
    this.reported = false;
    // A report whose reply waits behind a lookup is kept, or not, in this turn too.
    if (bytes > 0 || reported) {
      this.turns += 1;
      this.replies.promise(bytes);
      pulse.answered(this, replyStart, reported);
    }
    this.replyStart = pulse.replies.length;
  }

  // What `Pulse` asks, see `Answering`.

  turnEnded(replies: Uint8Array, kept: boolean): boolean {
    this.turns -= 1;
    if (this.closed) return true;
    if (!kept) {
      this.cut('nothing can be written to disk: what was reported is not acknowledged');
      return true;
    }
    const isSent = replies.length === 0 || this.replies.write(replies);
    // Not now: what this turn has for the same client comes before what waits for room.
    if (this.paused || this.lookups.count > 0) process.nextTick(this.roomForReplies);
    this.endIfDone();
    return isSent;
  }

  /** Ends this side when the client has ended its own and everything is answered. */
  private endIfDone(): void {
    if (this.served && !this.closed && this.lookups.count + this.turns === 0) this.replies.end();
  }

  /** The connection is over: nothing of it may stay. */
  private free(): void {
    this.closed = true;
    this.replies.free();
    this.lookups.giveUp();
  }
}

/** Shared by all connections: nothing of them outlives a turn. */
const command = new Command();
