// The replies of one connection on their way to its client: in one piece while the client reads, in order and bounded when it
// does not. Knows bytes and how fast they go; knows no command.
import type { Socket } from 'node:net';
import {
  REPLIES_GIVE_UP_MS,
  REPLIES_LOOK_MS,
  REPLIES_PAUSE_BYTES,
  REPLIES_STALL_MS,
  REPLIES_WAITING_BYTES,
} from '../wire/limits.ts';

export interface RepliesOwner {
  /** There is room again for the replies of further commands. */
  roomForReplies(): void;
  /** The client does not take its replies: the connection must go. */
  repliesUnread(reason: string): void;
}

/** What is written when that was taken that was written before: only the callback is wanted. */
const NOTHING = new Uint8Array(0);

export class Replies {
  private readonly socket: Socket;
  private readonly owner: RepliesOwner;
  /** Written when what is in the socket has gone: so each piece that goes is seen as progress. */
  private readonly queue: Uint8Array[] = [];
  private queuedBytes = 0;
  private promisedBytes = 0;
  private ending = false;
  private timer: NodeJS.Timeout | undefined;
  private silentMs = 0;
  /** Pieces that went out in all, and when the client was last looked at. */
  private pieces = 0;
  private piecesAtLook = 0;

  constructor(socket: Socket, owner: RepliesOwner) {
    this.socket = socket;
    this.owner = owner;
  }

  /** Bytes that wait for their turn to end, or that the client has not let go out. */
  get waitingBytes(): number {
    return this.promisedBytes + this.queuedBytes + this.socket.writableLength;
  }

  /** So many bytes will be written when the turn ends. */
  promise(bytes: number): void {
    this.promisedBytes += bytes;
  }

  /**
   * Whether more commands may be answered. A client that reads slowly is served at its speed; one that took nothing for
   * `REPLIES_STALL_MS` is served on until `REPLIES_WAITING_BYTES` wait, and then it is closed.
   */
  get hasRoom(): boolean {
    return this.waitingBytes <= REPLIES_PAUSE_BYTES || this.silentMs >= REPLIES_STALL_MS;
  }

  /**
   * Sends bytes that were promised, in one piece. True if the kernel has them already: otherwise they wait here, and must not
   * change any more, and the owner hears when there is room.
   */
  write(bytes: Uint8Array): boolean {
    this.promisedBytes -= bytes.length;
    if (this.socket.writableLength > 0 || this.queue.length > 0) {
      // A copy (a Buffer's slice is none), so that a few bytes that wait for long do not keep all that the turn answered.
      this.queue.push(new Uint8Array(bytes));
      this.queuedBytes += bytes.length;
    } else if (this.send(bytes)) {
      this.pieceTaken();
      return true;
    }
    if (this.queuedBytes + this.socket.writableLength > REPLIES_WAITING_BYTES) {
      this.owner.repliesUnread(`${REPLIES_WAITING_BYTES} bytes of replies wait: the client does not read`);
    } else this.watch();
    return false;
  }

  /** Ends this side of the connection when everything is sent. */
  end(): void {
    this.ending = true;
    if (this.queue.length === 0) this.socket.end();
  }

  /** The connection is over. */
  free(): void {
    clearTimeout(this.timer);
    this.queue.length = 0;
    this.queuedBytes = 0;
  }

  /** Writes one piece. True if the kernel has it already; otherwise `written` is called when it does. */
  private send(bytes: Uint8Array): boolean {
    const { socket } = this;
    // For a callback Node schedules a step of its own after each write, which the replies of every turn would pay for.
    socket.write(bytes);
    if (socket.writableLength === 0) return true;
    socket.write(NOTHING, this.written);
    return false;
  }

  private readonly written = (error?: Error | null): void => {
    if (error) return;
    this.pieceTaken();
    let isTaken = true;
    for (let next = this.queue.shift(); next !== undefined; next = isTaken ? this.queue.shift() : undefined) {
      this.queuedBytes -= next.length;
      isTaken = this.send(next);
      if (isTaken) this.pieceTaken();
    }
    if (isTaken && this.ending) this.socket.end();
    if (this.waitingBytes <= REPLIES_PAUSE_BYTES) this.owner.roomForReplies();
  };

  /** The client has taken a piece. */
  private pieceTaken(): void {
    this.silentMs = 0;
    this.pieces += 1;
    if (this.timer === undefined || this.waitingBytes > 0) return;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** Looks from time to time whether the client has taken anything since the last look. */
  private watch(): void {
    if (this.timer !== undefined) return;
    this.piecesAtLook = this.pieces;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.silentMs = this.pieces === this.piecesAtLook ? this.silentMs + REPLIES_LOOK_MS : 0;
      if (this.silentMs >= REPLIES_GIVE_UP_MS) {
        return this.owner.repliesUnread(`no reply taken for ${REPLIES_GIVE_UP_MS / 1000} s: the client does not read`);
      }
      this.watch();
      if (this.hasRoom) this.owner.roomForReplies();
    }, REPLIES_LOOK_MS);
  }
}
