// The backstop of replication: now and then two neighbours compare what their tables come to, and mend what differs although the
// vectors say that it cannot. It never finds anything unless a server has a bug or its memory or disk has rotted.
//
//   digest (64 parts of the table)       ->
//                                        <-  digest (64 parts of each part that differs)
//   inventory (who holds what in some buckets that differ)  ->
//                                        <-  inventory (the same buckets), if a difference is real
//
// A difference is real when each side has covered what the other holds: then both tables must hold the same or better, and
// equal. What is on its way is covered at one side only, so it never counts, without any clock. Keeps no state between frames,
// so either side may begin at any time.
import { type ByteReader, ByteWriter } from '../wire/bytes.ts';
import type { FrameName } from '../wire/frame.ts';
import {
  type AuditHead,
  type DigestParts,
  type Holding,
  readDigest,
  readInventory,
  writeDigest,
  writeHead,
} from '../wire/inventory.ts';
import { AUDIT_BYTES, AUDIT_INTERVAL_MS, AUDIT_PARTS, AUDIT_SOON_MS } from '../wire/limits.ts';
import { type Origin, writeOrigins } from '../wire/messages.ts';
import { RecordView, type StoredRecord } from '../wire/record.ts';
import type { Herd } from './herd.ts';
import type { Sending } from './sending.ts';

type Send = (name: FrameName, write: (out: ByteWriter) => void) => void;

export class Audit {
  private readonly herd: Herd;
  private readonly sending: Sending;
  private readonly send: Send;
  /** When this side begins the next one; the side that was dialled begins none unless it has found something. */
  private nextMs: number;
  private readonly everyMs: number;
  /** Where to begin looking among parts that differ: so each has its turn, however many always do. */
  private turn = 0;

  constructor(herd: Herd, sending: Sending, dialled: boolean, send: Send) {
    this.herd = herd;
    this.sending = sending;
    this.send = send;
    this.everyMs = dialled ? AUDIT_INTERVAL_MS : Number.POSITIVE_INFINITY;
    this.nextMs = dialled ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }

  /** Something was mended elsewhere: what was missing here may be missing at this neighbour too. */
  soon(nowMs: number): void {
    this.nextMs = Math.min(this.nextMs, nowMs + AUDIT_SOON_MS);
  }

  /** Begins one if it is time and nothing waits for the neighbour: records go first. */
  tick(nowMs: number): void {
    if (nowMs < this.nextMs || !this.sending.isIdle) return;
    this.nextMs = nowMs + this.everyMs;
    this.sendDigest(this.cutSeconds(), [undefined]);
  }

  heardDigest(reader: ByteReader): void {
    const { levels, ...head } = readDigest(reader);
    // The neighbour hashes with another secret: while secrets are replaced nothing can be compared.
    if (head.check !== this.herd.table.digest.keys.check) return;
    const cutSeconds = this.cutSeconds(head);
    const differing = levels.flatMap((level) => this.differing(level));
    if (differing.length === 0) return;
    this.turn += 1;
    const turned = differing.map((_, index) => differing[(index + this.turn) % differing.length] as number);
    if (levels[0]?.of === undefined) this.sendDigest(cutSeconds, turned.slice(0, AUDIT_PARTS));
    else this.sendInventory(cutSeconds, true, turned);
  }

  heardInventory(reader: ByteReader, nowMs: number): void {
    const inventory = readInventory(reader);
    if (inventory.check !== this.herd.table.digest.keys.check) return;
    const cutSeconds = this.cutSeconds(inventory);
    const differing = inventory.buckets.filter(({ bucket, holdings }) => this.compare(bucket, holdings, cutSeconds));
    if (differing.length === 0) return;
    // Where something was, there may be more.
    this.soon(nowMs);
    const buckets = differing.map(({ bucket }) => bucket);
    if (inventory.asks) this.sendInventory(cutSeconds, false, buckets);
  }

  /** Both sides leave out what either has long stopped showing. */
  private cutSeconds(head?: AuditHead): number {
    return Math.max(head?.cutSeconds ?? this.herd.hiddenBeforeSeconds, this.herd.hiddenBeforeSeconds);
  }

  private differing({ of, parts }: DigestParts): number[] {
    const own = this.herd.table.digest.parts(of);
    const from = (of ?? 0) * parts.length;
    return parts.flatMap(([first, second], part) =>
      own[part]?.[0] === first && own[part]?.[1] === second ? [] : [from + part],
    );
  }

  private sendDigest(cutSeconds: number, of: readonly (number | undefined)[]): void {
    const { digest } = this.herd.table;
    const levels = of.map((part) => ({ of: part, parts: digest.parts(part) }));
    this.send('digest', (out) => writeDigest(out, { check: digest.keys.check, cutSeconds }, levels));
  }

  private sendInventory(cutSeconds: number, asks: boolean, buckets: readonly number[]): void {
    const { table } = this.herd;
    const origins = new Map<Origin, number>();
    const body = new ByteWriter();
    let count = 0;
    for (const bucket of buckets) {
      if (count > 0 && body.length >= AUDIT_BYTES) break;
      const holdings = [...table.bucket(bucket)].filter((slot) => table.receivedSecondsOf(slot) >= cutSeconds);
      body.varint(bucket);
      body.varint(holdings.length);
      for (const slot of holdings) {
        table.read(slot, record);
        if (!origins.has(record.origin)) origins.set(record.origin, origins.size);
        body.varint(table.digest.clientKey(record));
        body.varint(origins.get(record.origin) as number);
        body.varint(record.sequence);
      }
      count += 1;
    }
    this.send('inventory', (out) => {
      writeHead(out, { check: table.digest.keys.check, cutSeconds });
      out.byte(asks ? 1 : 0);
      writeOrigins(out, [...origins.keys()]);
      out.varint(count);
      out.copy(body.bytes, 0, body.length);
    });
  }

  /** Sends what the neighbour should have had. True if anything really differs. */
  private compare(bucket: number, holdings: readonly Holding[], cutSeconds: number): boolean {
    const { table } = this.herd;
    const theirs = new Map(holdings.map((holding) => [holding.client, holding]));
    let differs = false;
    for (const slot of table.bucket(bucket)) {
      table.read(slot, record);
      const client = table.digest.clientKey(record);
      const their = theirs.get(client);
      theirs.delete(client);
      if (record.received.seconds < cutSeconds || (their !== undefined && isSame(their, record))) continue;
      // On its way to us, or to them.
      if ((their !== undefined && !this.hasCovered(their)) || !this.sending.covered(record)) continue;
      this.sending.insist(slot);
      differs = true;
    }
    for (const their of theirs.values()) differs ||= this.hasCovered(their);
    return differs;
  }

  private hasCovered({ name, epoch, sequence }: Holding): boolean {
    return this.herd.vector.get(this.herd.origin(name, epoch))?.has(sequence) ?? false;
  }
}

/** One of the table that is looked at. */
const record = new RecordView();

function isSame({ name, epoch, sequence }: Holding, record: StoredRecord): boolean {
  return sequence === record.sequence && epoch === record.origin.epoch && name === record.origin.name;
}
