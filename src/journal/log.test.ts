import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeOrigin } from '../wire/messages.ts';
import type { Directory, Synced, WritableFile } from './directory.ts';
import { type Acknowledgement, Log } from './log.ts';
import { madeRecord } from './made-records.ts';
import { MemoryDirectory } from './memory-directory.ts';

function noSpace(): Error {
  return Object.assign(new Error('no space left'), { code: 'ENOSPC' });
}

/** A directory whose syncs are answered by hand, one after the other. */
class HandDirectory implements Directory {
  readonly path = 'by hand';
  /** What is being made durable: the number of a log file, or the names. */
  syncing: number | 'names' | undefined;
  readonly synced: (number | 'names')[] = [];
  isFull = false;
  private answer: Synced = () => {};

  numbers(): number[] {
    return [];
  }

  open(): never {
    throw new Error('nothing is read here');
  }

  create(number: number): WritableFile {
    return {
      write: () => {
        if (this.isFull) throw noSpace();
      },
      truncate: () => {},
      sync: (done) => this.begin(number, done),
      close: () => {},
      discard: () => {},
    };
  }

  syncFile(number: number, done: Synced): void {
    this.begin(number, done);
  }

  syncNames(done: Synced): void {
    this.begin('names', done);
  }

  /** Ends the sync under way. */
  end(error?: Error): void {
    if (this.syncing !== undefined && error === undefined) this.synced.push(this.syncing);
    this.syncing = undefined;
    this.answer(error);
  }

  /** Ends all syncs that are under way or follow from that. */
  endAll(): void {
    while (this.syncing !== undefined) this.end();
  }

  private begin(what: number | 'names', done: Synced): void {
    assert.equal(this.syncing, undefined, 'one sync at a time');
    this.syncing = what;
    this.answer = done;
  }
}

const origin = makeOrigin('Goloman', 1000);

function logOver(directory: Directory, acknowledge: Acknowledgement): Log {
  const options = { isLockHeld: () => true, changed: () => {}, nowMs: () => 0 };
  return new Log({ directory, acknowledge, ...options });
}

test('what a life that was killed had acknowledged is made durable by the next', () => {
  for (const acknowledge of ['memory', 'wal', 'fsync'] as const) {
    const directory = new HandDirectory();
    const log = logOver(directory, acknowledge);
    log.begin(7, { number: 6, wholeBytes: 100 }, 200, [5, 6]);
    log.sync();
    directory.endAll();
    assert.deepEqual(directory.synced, acknowledge === 'memory' ? [5, 6, 'names'] : [5, 6, 7, 'names']);
  }
});

test('what is written during a sync is durable with the next one that is asked for, not at once', () => {
  const directory = new HandDirectory();
  const log = logOver(directory, 'wal');
  log.begin(1, { number: 0, wholeBytes: 0 }, 0, []);
  log.sync();
  directory.endAll();
  const report = (sequence: number): void => {
    log.append(madeRecord(origin, sequence, 'kiwi', sequence));
    log.commit(undefined);
  };
  report(1);
  log.sync();
  report(2);
  directory.endAll();
  assert.deepEqual(directory.synced, [1, 'names', 1]);
  // Asked for while one is under way, it follows.
  log.sync();
  report(3);
  log.sync();
  directory.endAll();
  assert.deepEqual(directory.synced, [1, 'names', 1, 1, 1]);
  log.sync();
  assert.equal(directory.syncing, undefined, 'nothing to make durable');
  // And so does a file that was begun meanwhile: the old one's end, the new one, the names.
  report(4);
  log.sync();
  log.rotate(0);
  directory.endAll();
  assert.deepEqual(directory.synced.slice(5), [1, 1, 2, 'names']);
});

test('a sync that fails is mended by a snapshot that was begun after it, not by one that was under way', () => {
  const directory = new HandDirectory();
  const log = logOver(directory, 'fsync');
  log.begin(1, { number: 0, wholeBytes: 0 }, 0, []);
  log.append(madeRecord(origin, 1, 'kiwi', 1));
  const answers: boolean[] = [];
  log.commit((kept) => answers.push(kept));
  directory.endAll();
  const first = { number: log.rotate(0), dropped: log.dropped };
  log.append(madeRecord(origin, 2, 'kiwi', 2));
  log.commit((kept) => answers.push(kept));
  directory.end(new Error('EIO'));
  assert.deepEqual(answers, [true, false]);
  assert.ok(log.needsSnapshot);
  log.snapshotKept(first.dropped);
  assert.ok(log.isFailing, 'the snapshot lacks what was lost after it was begun');
  assert.ok(!log.append(madeRecord(origin, 3, 'kiwi', 3)));
  log.commit((kept) => answers.push(kept));
  assert.deepEqual(answers, [true, false, false]);

  log.rotate(first.number);
  const { dropped } = log;
  log.snapshotKept(dropped);
  assert.ok(!log.isFailing && !log.needsSnapshot);
  log.append(madeRecord(origin, 4, 'kiwi', 4));
  log.commit((kept) => answers.push(kept));
  directory.endAll();
  assert.deepEqual(answers, [true, false, false, true]);
});

test('who is refused hears of it behind all who still wait for the disk, and at once when nobody does', () => {
  const directory = new HandDirectory();
  const log = logOver(directory, 'fsync');
  log.begin(1, { number: 0, wholeBytes: 0 }, 0, []);
  const answers: string[] = [];
  const turn = (sequence: number): void => {
    log.append(madeRecord(origin, sequence, 'kiwi', sequence));
    log.commit((kept) => answers.push(`${sequence} ${kept}`));
  };
  // The first is being made durable, the second waits for that.
  turn(1);
  turn(2);
  directory.isFull = true;
  turn(3);
  turn(4);
  assert.deepEqual(answers, []);
  while (answers.length === 0) directory.end();
  assert.deepEqual(answers, ['1 true']);
  directory.endAll();
  assert.deepEqual(answers, ['1 true', '2 true', '3 false', '4 false']);
  turn(5);
  assert.equal(answers.at(-1), '5 false');
});

test('when one file cannot be synced those behind it are, and it is known at once', () => {
  const directory = new HandDirectory();
  const log = logOver(directory, 'wal');
  log.begin(1, { number: 0, wholeBytes: 0 }, 0, []);
  directory.endAll();
  log.append(madeRecord(origin, 1, 'kiwi', 1));
  log.commit(undefined);
  log.rotate(0);
  log.append(madeRecord(origin, 2, 'kiwi', 2));
  log.commit(undefined);
  directory.synced.length = 0;
  log.sync();
  assert.equal(directory.syncing, 1);
  directory.end(new Error('EIO'));
  assert.ok(log.isFailing);
  directory.endAll();
  assert.deepEqual(directory.synced, [2, 'names']);
});

/** A disk that is full while `isFull`. */
class FullDirectory extends MemoryDirectory {
  isFull = false;

  override create(number: number): WritableFile {
    const file = super.create(number);
    return {
      ...file,
      write: (bytes, length, position) => {
        if (this.isFull) throw noSpace();
        file.write(bytes, length, position);
      },
    };
  }
}

test('what a turn appended is not acknowledged when the log begins to fail before the turn ends', () => {
  const faults: Record<string, (log: Log, directory: FullDirectory) => void> = {
    'a snapshot begins on a full disk': (log, directory) => {
      directory.isFull = true;
      assert.throws(() => log.rotate(0));
    },
    'another process has the directory': (log) => log.lockLost(),
    'it fails, and is mended again': (log, directory) => {
      directory.isFull = true;
      assert.throws(() => log.rotate(0));
      log.append(madeRecord(makeOrigin('Hands', 1), 3, 'refused', 3));
      directory.isFull = false;
      log.retry();
    },
  };
  for (const [name, fault] of Object.entries(faults)) {
    const directory = new FullDirectory();
    const options = { directory, isLockHeld: () => true, changed: () => {}, nowMs: () => 0 };
    const log = new Log({ ...options, acknowledge: 'wal' });
    log.begin(1, { number: 0, wholeBytes: 0 }, 0, []);
    log.append(madeRecord(makeOrigin('Hands', 1), 1, 'kept', 1));
    log.commit((kept) => assert.ok(kept));
    log.append(madeRecord(makeOrigin('Hands', 1), 2, 'lost', 2));
    fault(log, directory);
    let told: boolean | undefined;
    log.commit((kept) => {
      told = kept;
    });
    assert.equal(told, false, name);
  }
});

test("a sync that fails between a report and the end of its turn is not the report's acknowledgement", () => {
  for (const acknowledge of ['wal', 'fsync'] as const) {
    const directory = new HandDirectory();
    const log = new Log({ directory, acknowledge, isLockHeld: () => true, changed: () => {}, nowMs: () => 0 });
    log.begin(1, { number: 0, wholeBytes: 0 }, 0, []);
    log.append(madeRecord(makeOrigin('Hands', 1), 1, 'first', 1));
    log.commit(undefined);
    log.sync();
    log.append(madeRecord(makeOrigin('Hands', 1), 2, 'second', 2));
    directory.end(Object.assign(new Error('the disk is bad'), { code: 'EIO' }));
    let told: boolean | undefined;
    log.commit((kept) => {
      told = kept;
    });
    assert.equal(told, false, acknowledge);
  }
});

test('a turn that ends while the disk fails acknowledges nothing, not even what an earlier turn has lost', () => {
  for (const acknowledge of ['wal', 'fsync'] as const) {
    const directory = new HandDirectory();
    const log = logOver(directory, acknowledge);
    log.begin(1, { number: 0, wholeBytes: 0 }, 0, []);
    log.append(madeRecord(origin, 1, 'kiwi', 1));
    log.commit(undefined);
    log.sync();
    // The client says it again: it is stale, and nothing is appended. Before the turn ends, the sync fails.
    directory.end(new Error('EIO'));
    const answers: boolean[] = [];
    log.commit((kept) => answers.push(kept));
    directory.endAll();
    assert.deepEqual(answers, [false], acknowledge);
  }
});

test('a disk that hangs and then fails answers all turns that waited for it, however many', () => {
  const directory = new HandDirectory();
  const log = logOver(directory, 'fsync');
  log.begin(1, { number: 0, wholeBytes: 0 }, 0, []);
  const turns = 200_000;
  let refused = 0;
  for (let turn = 1; turn <= turns; turn += 1) {
    log.append(madeRecord(origin, turn, 'kiwi', turn));
    log.commit((kept) => {
      if (!kept) refused += 1;
    });
  }
  directory.end(new Error('EIO'));
  assert.equal(refused, turns);
});
