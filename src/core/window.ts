// How much may be on its way to a neighbour unacknowledged. Grows while it is the window that limits, shrinks when
// acknowledgements come late: the queue in front of a slow or stopped neighbour then is our outbox, where the newest record of a
// client replaces the older one, and not the kernel's buffers, where nothing does.
import {
  UNACKNOWLEDGED_MS,
  WINDOW_DELAY_MS,
  WINDOW_FIRST_BYTES,
  WINDOW_LEAST_BYTES,
  WINDOW_MOST_BYTES,
} from '../wire/limits.ts';

interface Sent {
  readonly bytes: number;
  readonly atMs: number;
}

export class Window {
  inFlightBytes = 0;
  private limitBytes = WINDOW_FIRST_BYTES;
  private readonly frames: Sent[] = [];
  private acknowledged = 0;
  private limited = false;
  private shrunkAtMs = Number.NEGATIVE_INFINITY;
  private forgivenMs = Number.NEGATIVE_INFINITY;

  get isFull(): boolean {
    return this.inFlightBytes >= this.limitBytes;
  }

  /** What may still leave. */
  get roomBytes(): number {
    return Math.max(0, this.limitBytes - this.inFlightBytes);
  }

  /** Whether another frame may leave. */
  isOpen(): boolean {
    if (!this.isFull) return true;
    this.limited = true;
    return false;
  }

  sent(bytes: number, nowMs: number): void {
    this.frames.push({ bytes, atMs: nowMs });
    this.inFlightBytes += bytes;
  }

  /** Since when the oldest unacknowledged frame is on its way. */
  get oldestSentMs(): number | undefined {
    return this.frames[0]?.atMs;
  }

  /** Whether the neighbour has long had time to acknowledge the oldest. */
  isStuck(nowMs: number): boolean {
    const sentMs = this.oldestSentMs;
    return sentMs !== undefined && nowMs - Math.max(sentMs, this.forgivenMs) >= UNACKNOWLEDGED_MS;
  }

  /** This server did not run for a while: the neighbour's time starts anew. */
  forgive(nowMs: number): void {
    this.forgivenMs = nowMs;
  }

  /** The neighbour has taken `frames` frames in all, since the link began. False if that cannot be. */
  acknowledge(frames: number, nowMs: number): boolean {
    const count = frames - this.acknowledged;
    if (count < 0 || count > this.frames.length) return false;
    if (count === 0) return true;
    this.acknowledged = frames;
    const taken = this.frames.splice(0, count);
    let bytes = 0;
    for (const frame of taken) bytes += frame.bytes;
    this.inFlightBytes -= bytes;
    this.adjust(taken[count - 1] as Sent, bytes, nowMs);
    return true;
  }

  private adjust(last: Sent, bytes: number, nowMs: number): void {
    const delayMs = nowMs - last.atMs;
    if (delayMs > WINDOW_DELAY_MS) {
      // Frames that left before the last shrinking say nothing of the window since.
      if (last.atMs < this.shrunkAtMs) return;
      this.limitBytes = Math.max(WINDOW_LEAST_BYTES, Math.floor((this.limitBytes * WINDOW_DELAY_MS) / delayMs));
      this.shrunkAtMs = nowMs;
    } else if (this.limited) {
      this.limitBytes = Math.min(WINDOW_MOST_BYTES, this.limitBytes + bytes);
    }
    this.limited = false;
  }
}
