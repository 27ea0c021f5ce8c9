// The WHATSATs of one connection that are not answered yet, in order, and the replies that must wait behind each of them. Knows no command and
// no place.
import { setMaxListeners } from 'node:events';
import { ByteWriter } from '../wire/bytes.ts';

export interface Lookup {
  reply?: Uint8Array;
  behind?: ByteWriter;
  /** Ends the wait for its record. */
  giveUp?: () => void;
}

export class Lookups {
  /** Bytes of replies that wait here. */
  heldBytes = 0;
  private readonly waiting: Lookup[] = [];
  /** Of all of them: they are given up together. */
  private aborter: AbortController | undefined;

  get count(): number {
    return this.waiting.length;
  }

  /** Aborts when nobody waits for a lookup any more. */
  get signal(): AbortSignal {
    if (this.aborter === undefined) {
      this.aborter = new AbortController();
      // Each of the lookups may listen, and more than once.
      setMaxListeners(0, this.aborter.signal);
    }
    return this.aborter.signal;
  }

  /** Keeps the place of a reply that is not there yet. */
  add(): Lookup {
    const lookup: Lookup = {};
    this.waiting.push(lookup);
    return lookup;
  }

  /** Where a reply goes that must wait behind the last of them, which there must be. */
  get behind(): ByteWriter {
    const last = this.waiting.at(-1) as Lookup;
    last.behind ??= new ByteWriter();
    return last.behind;
  }

  finish(lookup: Lookup, reply: Uint8Array): void {
    lookup.reply = reply;
    this.heldBytes += reply.length;
  }

  /** Whether the first of them is answered. */
  get isFirstDone(): boolean {
    return this.waiting[0]?.reply !== undefined;
  }

  /** Prints the first of them, which is answered, and all that waited behind it. */
  release(out: ByteWriter): void {
    const { reply, behind } = this.waiting.shift() as Lookup & { reply: Uint8Array };
    this.heldBytes -= reply.length + (behind?.length ?? 0);
    out.copy(reply);
    if (behind !== undefined) out.copy(behind.bytes, 0, behind.length);
  }

  /** Nobody waits for any of them. */
  giveUp(): void {
    for (const { giveUp } of this.waiting) giveUp?.();
    this.waiting.length = 0;
    this.aborter?.abort();
  }
}
