import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Origin } from '../wire/messages.ts';
import type { StoredRecord } from '../wire/record.ts';
import type { ReadableFile } from './directory.ts';
import { EntryWriter, type Kind } from './entries.ts';
import { Log } from './log.ts';
import { Holding, madeRecord } from './made-records.ts';
import { MemoryDirectory } from './memory-directory.ts';
import { type Recovery, recover } from './recovery.ts';

// More on request: DROVER_FUZZ_RUNS=1000000 node scripts/test.mjs dist/src/journal
const numRuns = Number(process.env['DROVER_FUZZ_RUNS'] ?? 2000);

/** What three lives of a server left: a log, a snapshot, two logs since then. And all that was ever numbered. */
class Left {
  readonly directory = new MemoryDirectory();
  readonly made: StoredRecord[] = [];
  /** The last log's length after each of its turns, and the table then. */
  readonly turns: { readonly bytes: number; readonly lines: string[] }[] = [];
  private readonly holding = new Holding();
  private log: Log | undefined;
  private sequence = 0;

  constructor() {
    this.begin();
    for (let turn = 0; turn < 12; turn += 1) this.turn(this.holding.origin('Goloman', 1), turn);
    this.snapshot();
    for (let turn = 12; turn < 24; turn += 1) this.turn(this.holding.origin('Goloman', 1), turn);
    this.begin();
    this.sequence = 0;
    this.noteTurn();
    for (let turn = 24; turn < 36; turn += 1) {
      this.turn(this.holding.origin('Goloman', 2), turn);
      this.noteTurn();
    }
  }

  get lastLog(): string {
    return `wal-${this.directory.numbers('wal').at(-1)}`;
  }

  private begin(): void {
    const { logBytes, logs, last, next } = recover(this.directory, new Holding());
    const options = { isLockHeld: () => true, changed: () => {}, nowMs: () => 0 };
    this.log = new Log({ directory: this.directory, acknowledge: 'wal', ...options });
    this.log.begin(next, last, logBytes, logs);
  }

  /** Some reports, something heard from a neighbour, and what that says that it covers. */
  private turn(self: Origin, turn: number): void {
    const hands = this.holding.origin('Hands', 7);
    for (const client of [turn % 5, (turn * 3) % 7]) {
      this.sequence += 1;
      this.take(madeRecord(self, this.sequence, `c${client}`, turn));
    }
    // Every other number was replaced before it was sent.
    this.made.push(madeRecord(hands, 2 * turn + 1, `h${turn % 4}`, turn));
    this.take(madeRecord(hands, 2 * turn + 2, `h${turn % 4}`, turn + 1));
    this.holding.restoreVector({ name: 'Hands', epoch: 7, height: 2 * turn + 2, above: [] });
    this.log?.mark(hands, 2 * turn + 2);
    this.log?.commit(undefined);
  }

  private take(record: StoredRecord): void {
    this.made.push(record);
    this.holding.restore(record);
    this.log?.append(record);
  }

  private snapshot(): void {
    const number = this.log?.rotate(0) ?? 0;
    const copy = new EntryWriter('snap', { number, previousNumber: 0, previousLength: 0 });
    for (const record of this.holding.records()) copy.record(record);
    for (const entry of this.holding.vector()) copy.vector(entry);
    copy.end(this.holding.table.size);
    this.directory.files.set(`snap-${number}`, copy.out.take());
  }

  private noteTurn(): void {
    this.turns.push({ bytes: this.directory.files.get(this.lastLog)?.length ?? 0, lines: this.holding.lines() });
  }
}

const left = new Left();
const names = [...left.directory.files.keys()];

const harm = fc.record({
  kind: fc.constantFrom('cut', 'flip', 'flip', 'zeros', 'noise', 'insert', 'drop', 'remove', 'exchange'),
  file: fc.nat(),
  at: fc.nat(),
  length: fc.nat(300),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 60 }),
});
type Harm = typeof harm extends fc.Arbitrary<infer T> ? T : never;

function harmed(directory: MemoryDirectory, { kind, file, at, length, bytes }: Harm): void {
  const { files } = directory;
  const name = names[file % names.length] as string;
  const whole = files.get(name) ?? new Uint8Array();
  const place = at % (whole.length + 1);
  const [before, after] = [whole.slice(0, place), whole.slice(place)];
  if (kind === 'cut') files.set(name, before);
  else if (kind === 'noise') files.set(name, joined([whole, bytes]));
  else if (kind === 'insert') files.set(name, joined([before, bytes, after]));
  else if (kind === 'drop') files.set(name, joined([before, after.subarray(length)]));
  else if (kind === 'zeros') files.set(name, joined([before, after.fill(0, 0, length)]));
  else if (kind === 'remove') files.delete(name);
  else if (kind === 'exchange') {
    const other = names[at % names.length] as string;
    const others = files.get(other);
    files.set(other, whole);
    if (others !== undefined) files.set(name, others);
  } else if (after.length > 0) {
    after[0] = (after[0] ?? 0) ^ (1 << (length % 8));
    files.set(name, joined([before, after]));
  }
}

function joined(parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function copyOf(directory: MemoryDirectory): MemoryDirectory {
  const copy = new MemoryDirectory();
  for (const [name, bytes] of directory.files) copy.files.set(name, bytes);
  return copy;
}

test('what is whole is all there, and claims are true', () => {
  const found = new Holding();
  const { recovery } = recover(left.directory, found);
  assert.deepEqual(recovery.warnings, []);
  assert.deepEqual(found.lines(), left.turns.at(-1)?.lines);
  assert.deepEqual(found.falseClaims(left.made), []);
  assert.ok(found.vector().some(({ name, height, above }) => name === 'Hands' && height === 72 && above.length === 0));
});

test('whatever is done to log and snapshot, recovery never throws, invents nothing and claims nothing that it lacks', () => {
  const known = new Set(left.made.map(lineOf));
  fc.assert(
    fc.property(fc.array(harm, { minLength: 1, maxLength: 4 }), (harms) => {
      const directory = copyOf(left.directory);
      for (const one of harms) harmed(directory, one);
      const found = new Holding();
      recover(directory, found);
      assert.deepEqual(found.falseClaims(left.made), []);
      for (const record of found.records()) assert.ok(known.has(lineOf(record)), lineOf(record));
    }),
    { numRuns },
  );
});

test('a last log that is cut or damaged anywhere gives every turn before that, and none after', () => {
  const whole = left.directory.files.get(left.lastLog) ?? new Uint8Array();
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(8), (place, bit) => {
      const directory = copyOf(left.directory);
      const bytes = whole.slice(0, bit === 8 ? place : whole.length);
      if (bit < 8) bytes[place] = (bytes[place] ?? 0) ^ (1 << bit);
      directory.files.set(left.lastLog, bytes);
      const found = new Holding();
      recover(directory, found);
      const kept = left.turns.findLast((turn) => turn.bytes <= place) ?? left.turns[0];
      assert.deepEqual(found.lines(), kept?.lines);
    }),
    { numRuns },
  );
});

function lineOf({ origin, sequence, text }: StoredRecord): string {
  return `${origin.name} ${origin.epoch} ${sequence} ${Buffer.from(text).toString('latin1')}`;
}

/** A disk that refuses to open its logs while `refuses`. */
class RefusingDirectory extends MemoryDirectory {
  refuses = false;

  override open(kind: Kind, number: number): ReadableFile {
    if (this.refuses && kind === 'wal') throw Object.assign(new Error('EIO: i/o error, open'), { code: 'EIO' });
    return super.open(kind, number);
  }
}

test('a log that cannot be opened is not taken for an empty one, and written over', () => {
  const directory = new RefusingDirectory();
  const live = (client: string): Recovery => {
    const holding = new Holding();
    const { recovery, logBytes, logs, last, next } = recover(directory, holding);
    const options = { isLockHeld: () => true, changed: () => {}, nowMs: () => 0 };
    const log = new Log({ directory, acknowledge: 'wal', ...options });
    log.begin(next, last, logBytes, logs);
    log.append(madeRecord(holding.origin('Goloman', directory.files.size), 1, client, 1));
    assert.ok(log.commit(undefined));
    return recovery;
  };
  live('kiwi');
  directory.refuses = true;
  assert.match(live('emu').warnings[0] ?? '', /wal-1: EIO/);
  directory.refuses = false;
  const holding = new Holding();
  assert.deepEqual(recover(directory, holding).recovery.warnings, []);
  assert.deepEqual(holding.lines(), ['emu 1@Goloman.2', 'kiwi 1@Goloman.1']);
});
