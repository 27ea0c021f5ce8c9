// Bugs to plant in the compiled core, one at a time, to prove that the simulator finds them: mistakes that published systems
// made, or that this one made. `from` must occur in the file exactly once.
// The last three are planted in what stands around the core: a server must do that part right too, and the check must see it.

const CORE = 'core/';

export const MUTATIONS = [
  {
    name: 'vector raised to the highest number seen',
    file: `${CORE}replica.js`,
    from: 'if (!gotOf(this.vector, origin).add(sequence))',
    to: 'if (!gotOf(this.vector, origin).raise(sequence))',
  },
  {
    name: 'marks ignore what still stands in line',
    file: `${CORE}sending.js`,
    from: 'this.marks !== undefined && this.outbox.barrierPassed',
    to: 'this.marks !== undefined',
  },
  {
    name: 'marks before the catch-up is through',
    file: `${CORE}sending.js`,
    from: 'if (this.scanAt >= 0 || this.marks !== undefined || nowMs < this.nextMarkMs)',
    to: 'if (this.marks !== undefined || nowMs < this.nextMarkMs)',
  },
  {
    name: 'mark taken for one more than it says',
    file: `${CORE}replica.js`,
    from: 'if (!gotOf(this.vector, origin).raise(height))',
    to: 'if (!gotOf(this.vector, origin).raise(height + 1))',
  },
  {
    name: 'marks never sent',
    file: `${CORE}sending.js`,
    from: 'if (marks.length === 0)\n            return;\n        this.marks',
    to: 'if (marks.length >= 0)\n            return;\n        this.marks',
  },
  {
    name: 'a replaced record goes to the end of the line',
    file: `${CORE}outbox.js`,
    from: 'if (this.ready.has(slot))\n            return;',
    to: 'if (this.ready.has(slot))\n            this.drop(slot);',
  },
  {
    name: 'the place before the barrier is not counted off',
    file: `${CORE}outbox.js`,
    from: 'if (position <= this.barrier)',
    to: 'if (position < this.barrier)',
  },
  {
    name: 'what a catch-up brought is not forwarded (orbit-db#1255)',
    file: `${CORE}replica.js`,
    from: 'link.sending?.put(stored, nowMs, from === undefined)',
    to: '(from === undefined || from.receiving.batches > 1) && link.sending?.put(stored, nowMs, from === undefined)',
  },
  {
    name: 'held records are dropped, not held',
    file: `${CORE}sending.js`,
    from: 'this.outbox.put(slot, !isOwn && this.heldOrigins.has(record.origin) ? nowMs + HOLD_MS : undefined)',
    to: '(!isOwn && this.heldOrigins.has(record.origin)) || this.outbox.put(slot, undefined)',
  },
  {
    name: 'order of arrival instead of order time',
    file: `${CORE}replica.js`,
    from: 'slot === undefined || compareRecords(record, slot.record) > 0',
    to: 'slot === undefined || record.origin !== slot.record.origin || record.sequence > slot.record.sequence',
  },
  {
    name: 'no rule for equal order times',
    file: `${CORE}order.js`,
    from: 'return (compareInstants(left.order, right.order) ||',
    to: 'return compareInstants(left.order, right.order); (0 ||',
  },
  {
    name: 'a far-future stamp is believed (traccar#2809)',
    file: `${CORE}order.js`,
    from: 'compareInstants(stamp, latest) > 0',
    to: 'false',
  },
  {
    name: 'a receiver drops what its own clock finds too far ahead',
    file: `${CORE}replica.js`,
    from: 'const won = slot === undefined || compareRecords(record, slot.record) > 0;',
    to: 'const won = record.order.seconds <= this.receiveClock.last.seconds + 5 && (slot === undefined || compareRecords(record, slot.record) > 0);',
  },
  {
    name: 'no catch-up when a link opens',
    file: `${CORE}sending.js`,
    from: 'this.scanAt = table.size - 1;',
    to: 'this.scanAt = -1;',
  },
  {
    name: "a neighbour's vector kept over connections (ssb-ebt#33)",
    file: `${CORE}link.js`,
    from: 'this.sending = sending;',
    to: 'const kept = (this.herd.kept ??= new Map()); const old = kept.get(this.neighbour); if (old) for (const [origin, got] of old) sending.peer.set(origin, got); kept.set(this.neighbour, sending.peer); this.sending = sending;',
  },
  {
    name: 'acknowledged before it is in the table',
    file: `${CORE}replica.js`,
    from: 'this.observer.accepted(record, from?.neighbour);',
    to: 'this.got(record.origin, record.sequence); this.observer.accepted(record, from?.neighbour);',
  },
  {
    name: 'a newer record leaves the line when an older one is acknowledged',
    file: `${CORE}link.js`,
    from: 'for (const entry of readVector(reader))',
    to: 'const entries = readVector(reader); for (const { name, height } of entries) for (const slot of [...sending.outbox.inLine()]) if (slot.record.origin.name === name && height > 0) sending.outbox.drop(slot); for (const entry of entries)',
  },
  {
    name: 'what the next number covers is taken for covered',
    file: `${CORE}sending.js`,
    from: '.has(record.sequence) ?? false',
    to: '.has(record.sequence - 1) ?? false',
  },
  {
    name: 'silent links are not closed',
    file: `${CORE}link.js`,
    from: 'if (silentMs >= SILENCE_MS)',
    to: 'if (silentMs >= 1e9)',
  },
  {
    name: 'links are closed when only this server was stopped',
    file: `${CORE}replica.js`,
    from: 'if (pauseMs > OWN_PAUSE_MS)',
    to: 'if (pauseMs > 1e9)',
  },
  {
    name: 'a pause is forgiven into the future',
    file: `${CORE}link.js`,
    from: 'Math.min(nowMs, this.lastHeardMs + pauseMs)',
    to: 'this.lastHeardMs + pauseMs',
  },
  {
    name: 'the window never opens again',
    file: `${CORE}window.js`,
    from: 'this.inFlightBytes -= bytes;',
    to: '',
  },
  {
    name: 'a full transport never drains',
    file: `${CORE}sending.js`,
    from: 'drained() {\n        this.writable = true;',
    to: 'drained() {',
  },
  {
    name: 'marks that wait wake the server all the time',
    file: `${CORE}sending.js`,
    from: 'if (waits || !this.lacksMarks())',
    to: 'if (this.marks === undefined && !this.lacksMarks())',
  },
  {
    name: 'a record goes back to where it came from',
    file: `${CORE}replica.js`,
    from: 'if (isSender)',
    to: 'if (false)',
    also: { from: 'gotOf(peer, record.origin).add(record.sequence);', to: ';' },
  },
  {
    name: 'a lost number of a life is made up by adding one',
    file: `${CORE}own-life.js`,
    from: 'remembered + 1 + (this.self.epoch % LIFE_LEAP_MS)',
    to: 'remembered + 1',
  },
  {
    name: 'an audit takes what is on its way to the neighbour for lost',
    file: `${CORE}audit.js`,
    from: '|| !this.sending.covered(record)',
    to: '',
  },
  {
    name: 'an audit takes what is on its way to this server for lost',
    file: `${CORE}audit.js`,
    from: '(their !== undefined && !this.hasCovered(their)) ||',
    to: '',
  },
  {
    name: 'an audit mends nothing',
    file: `${CORE}audit.js`,
    from: 'this.sending.insist(slot);',
    to: '',
  },
  {
    name: 'an audit believes the vector that it is there to check',
    file: `${CORE}sending.js`,
    from: '!this.insisted.delete(slot) && this.covered(record)',
    to: 'this.covered(record)',
  },
  {
    name: 'one audit for each link, and never again',
    file: `${CORE}audit.js`,
    from: 'this.nextMs = nowMs + this.everyMs;',
    to: 'this.nextMs = Infinity;',
  },
  {
    name: 'the newest version is spoken with whoever there is',
    file: `${CORE}link.js`,
    from: 'Math.min(this.herd.newestVersion, newestVersion)',
    to: 'this.herd.newestVersion',
  },
  {
    name: 'around the core: the number of a life is used again (memberlist#311)',
    file: 'sim/simulation.js',
    from: 'Math.max(wallMs, server.disk.epoch + EPOCH_LEAST_STEP)',
    to: '1_700_000_000_000',
  },
  {
    name: 'around the core: only own reports are written to the disk',
    file: 'sim/server.js',
    from: 'this.disk.accepted(record);',
    to: 'if (from === undefined) this.disk.accepted(record);',
  },
  {
    name: 'around the core: marks are on the disk before the records',
    file: 'sim/disk.js',
    from: 'this.entries.push(record);',
    to: 'this.entries.push(record); if (this.entries.length % 16 === 15) this.entries.pop();',
  },
];
