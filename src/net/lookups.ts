// The WHATSATs of one connection that are not answered yet, in order, and the replies that must wait behind each of them. Knows no command and
// no place.
import { setMaxListeners } from 'node:events';
import { ByteWriter } from '../wire/bytes.ts';

export interface Lookup {
  /** Prints its reply, when it is answered; and how much of it is held until then. */
  print?: (out: ByteWriter) => void;
  bytes?: number;
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

  /** It is answered. `print` prints the reply when that may leave; until then it holds `bytes`, about. */
  finish(lookup: Lookup, bytes: number, print: (out: ByteWriter) => void): void {
    lookup.print = print;
    lookup.bytes = bytes;
    this.heldBytes += bytes;
  }

  /** Whether the first of them is answered. */
  get isFirstDone(): boolean {
    return this.waiting[0]?.print !== undefined;
  }

  /** Prints the first of them, which is answered, and all that waited behind it. */
  release(out: ByteWriter): void {
    const { print, bytes, behind } = this.waiting.shift() as Required<Pick<Lookup, 'print' | 'bytes'>> & Lookup;
    this.heldBytes -= bytes + (behind?.length ?? 0);
    print(out);
    if (behind !== undefined) out.append(behind);
  }

  /** Nobody waits for any of them. */
  giveUp(): void {
    for (const { giveUp } of this.waiting) giveUp?.();
    this.waiting.length = 0;
    this.aborter?.abort();
  }
}
