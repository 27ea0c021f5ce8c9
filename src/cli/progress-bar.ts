// How far something long is, in one line of a terminal that is written over; nothing at all when there is no terminal.
const WIDTH = 24;

export class ProgressBar {
  private readonly stream: NodeJS.WriteStream;
  private shown = '';

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream;
  }

  /** `share` is 0 to 1. */
  show(what: string, share: number): void {
    if (!this.stream.isTTY) return;
    const full = Math.round(Math.min(1, Math.max(0, share)) * WIDTH);
    const line = `${'#'.repeat(full)}${'.'.repeat(WIDTH - full)} ${what}`.slice(0, (this.stream.columns || 80) - 1);
    if (line === this.shown) return;
    // Over the last line, and what it was longer by is erased.
    this.stream.write(`\r${line}\x1b[K`);
    this.shown = line;
  }

  clear(): void {
    if (this.shown !== '') this.stream.write('\r\x1b[K');
    this.shown = '';
  }
}
