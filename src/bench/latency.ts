// How long things took, in histograms that keep three digits of every value whatever its size (HdrHistogram). Knows no socket.
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';

/** Milliseconds. */
export interface Latency {
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly mostMs: number;
}

/** A minute in microseconds: what takes longer counts as a minute. */
const MOST_US = 60_000_000;

export class Latencies {
  // The WebAssembly build must be loaded first and saves nothing at these rates.
  private readonly histogram: Histogram;

  constructor(histogram?: Histogram) {
    this.histogram =
      histogram ??
      build({
        highestTrackableValue: MOST_US,
        numberOfSignificantValueDigits: 3,
        bitBucketSize: 32,
        autoResize: false,
      });
  }

  /** `count` things that took so long, at least 0. */
  record(ms: number, count = 1): void {
    this.histogram.recordValueWithCount(Math.min(MOST_US, Math.max(0, Math.round(ms * 1000))), count);
  }

  reset(): void {
    this.histogram.reset();
  }

  add(other: Latencies): void {
    this.histogram.add(other.histogram);
  }

  get count(): number {
    return this.histogram.totalCount;
  }

  summary(): Latency {
    const at = (percentile: number): number => this.histogram.getValueAtPercentile(percentile) / 1000;
    return { p50Ms: at(50), p90Ms: at(90), p99Ms: at(99), p999Ms: at(99.9), mostMs: this.histogram.maxValue / 1000 };
  }

  /** As text, for another thread. */
  encode(): string {
    return encodeIntoCompressedBase64(this.histogram);
  }

  static decode(text: string): Latencies {
    return new Latencies(decodeFromCompressedBase64(text, 32, false));
  }
}
