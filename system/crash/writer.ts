// A process that stores records and says which are acknowledged, until it is killed: `writer.js DIRECTORY ACK SEED`. Each
// acknowledged turn is a line `client:time ...` on standard output. Snapshots are made all the time, so that a kill often meets one.
import { writeSync } from 'node:fs';
import { Holding, madeRecord } from '../../src/journal/made-records.ts';
import { type Acknowledgement, Store } from '../../src/storage/store.ts';
import { clientAt, randomFrom, SERVER, timeAfter } from './story.ts';

const [directory = '', acknowledge = 'wal', seed = '0'] = process.argv.slice(2);
const random = randomFrom(Number(seed));

const store = await Store.open({
  directory,
  herd: 'ucla',
  name: SERVER,
  acknowledge: acknowledge as Acknowledgement,
  nowMs: Date.now(),
  snapshotLeastBytes: 20_000,
  tickMs: 1,
});
const holding = new Holding();
store.recover(holding);
store.start(holding);
const self = holding.origin(SERVER, store.epoch);
let time = timeAfter(holding);
let sequence = 0;

function turn(): void {
  const said: string[] = [];
  const count = random() < 0.5 ? 1 : Math.ceil(random() * 64);
  for (let index = 0; index < count; index += 1) {
    sequence += 1;
    time += 1;
    const client = clientAt(store.epoch, sequence);
    const record = madeRecord(self, sequence, client, time);
    holding.restore(record);
    if (!store.append(record)) throw new Error(store.reason);
    said.push(`${client}:${time}`);
  }
  if (random() < 0.2) store.mark(self, sequence);
  store.commit((kept) => {
    if (!kept) throw new Error(store.reason);
    writeSync(1, `${said.join(' ')}\n`);
  });
}

function turns(): void {
  for (let index = 0; index < 8; index += 1) turn();
  setImmediate(turns);
}

turns();
