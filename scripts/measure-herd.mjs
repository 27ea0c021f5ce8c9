// Measures a herd of five real processes and appends what it finds to docs/replication.md, below "Measured": `npm run measure`.
// Links go through the tests' own proxies only where they are cut. Takes about six minutes.
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { exchange } from '../dist/system/client.js';
import { FaultyHerd } from '../dist/system/faulty-herd.js';
import { Lines, tableOf } from '../dist/system/history.js';
import { Herd, SERVERS, until } from '../dist/system/processes.js';
import { stopUnderLoad } from '../dist/system/stories.js';

const { values } = parseArgs({
  options: {
    cuts: { type: 'string', default: '24' },
    seconds: { type: 'string', default: '60' },
    print: { type: 'boolean', default: false },
    only: { type: 'string', default: 'latency,heal,wiped,memory,notice' },
  },
});

/** How many processes wanted the processors before we began: other work shows in every figure. */
const [busyBefore = 0] = loadavg();
const FILE = fileURLToPath(new URL('../docs/replication.md', import.meta.url));
const rows = [];

function row(what, toReach, found) {
  rows.push(`| ${what} | ${toReach} | ${found} |`);
  console.log(rows.at(-1));
}

const quantile = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
const tenths = (ms) => (Math.round(ms * 10) / 10).toFixed(1);

function summary(found) {
  const sorted = found.toSorted((one, other) => one - other);
  return `p50 ${tenths(quantile(sorted, 0.5))}, p99 ${tenths(quantile(sorted, 0.99))}, most ${tenths(sorted.at(-1))} ms (${sorted.length} samples)`;
}

/** A connection that answers questions in their order. */
class Asker {
  constructor(port) {
    this.waiting = [];
    this.lines = new Lines(port, (line) => {
      if (line.startsWith('AT ') || line.startsWith('? ')) this.waiting.shift()?.(line);
    });
  }
  ask(command) {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.lines.socket.write(`${command}\n`);
    });
  }
  close() {
    this.lines.socket.destroy();
  }
}

async function withHerd(start, use) {
  const herd = await start();
  try {
    return await use(herd);
  } finally {
    await herd.stop();
  }
}

/**
 * 1,000 reports/s in turn at every server. For one of ten the four others are asked, on connections of their own, with SINCE, at the
 * moment when the report is sent; the time is taken when the last of the four has answered.
 */
async function latency() {
  const found = await withHerd(
    () => Herd.start(),
    async (herd) => {
      const reporters = SERVERS.map((name) => new Asker(herd.port(name)));
      const askers = SERVERS.map((name) => new Asker(herd.port(name)));
      const times = [];
      let sent = 0;
      let missed = 0;
      const asked = [];
      const one = (take) => {
        const at = sent % SERVERS.length;
        const stamp = 1_000_000 + sent;
        const client = `c${sent % 1000}`;
        sent += 1;
        const beganMs = performance.now();
        void reporters[at].ask(`IAMAT ${client} +34.06893-118.445127 ${stamp}`);
        if (sent % 10 !== 0 && sent % 10 !== 3) return;
        if (sent % 20 >= 10) return;
        const others = askers.filter((_, index) => index !== at);
        asked.push(
          Promise.all(others.map((asker) => asker.ask(`WHATSAT ${client} 0 0 SINCE ${stamp}`))).then((lines) => {
            if (!take) return;
            if (lines.every((line) => line.startsWith('AT '))) times.push(performance.now() - beganMs);
            else missed += 1;
          }),
        );
      };
      const run = async (seconds, take) => {
        const startMs = performance.now();
        let made = 0;
        while (performance.now() - startMs < seconds * 1000) {
          const due = Math.floor(performance.now() - startMs);
          // One at a time, so that no report waits behind another of its own tick.
          if (made < due) {
            one(take);
            made += 1;
            await new Promise((resolve) => setImmediate(resolve));
          } else await pause(1);
        }
        return made / seconds;
      };
      await run(5, false);
      const perSecond = await run(20, true);
      await Promise.all(asked);
      for (const asker of [...reporters, ...askers]) asker.close();
      return { times, missed, perSecond };
    },
  );
  row(
    `report at one server until the last of the four others answers with it, ${Math.round(found.perSecond)} reports/s`,
    'p99 15 ms',
    `${summary(found.times)}${found.missed > 0 ? `; ${found.missed} not within 250 ms` : ''}`,
  );
}

/** Whether all servers know the same of these clients. */
async function isEqual(herd, clients) {
  const tables = await Promise.all(SERVERS.map((name) => tableOf(herd.port(name), clients)));
  return tables.every((table) => table.every((line, index) => line.startsWith('AT ') && line === tables[0][index]));
}

/** Holiday is cut off for 2 to 12 s; both sides get 100 reports; the time from healing until all five tables are equal. */
async function heal() {
  const found = await withHerd(
    () => FaultyHerd.startFaulty(),
    async (herd) => {
      const times = [];
      const clients = Array.from({ length: 200 }, (_, index) => `c${index}`);
      for (let cut = 0; cut < Number(values.cuts); cut += 1) {
        herd.partition(['Goloman', 'Hands', 'Wilkes'], ['Welsh']);
        const reports = (from) =>
          clients
            .slice(from, from + 100)
            .map((client) => `IAMAT ${client} +1+1 ${cut + 1}.${from}\n`)
            .join('');
        await exchange(herd.port('Hands'), reports(0));
        await exchange(herd.port('Holiday'), reports(100));
        await pause(2000 + ((cut * 5) % 11) * 1000);
        const beganMs = performance.now();
        herd.heal();
        await until(
          () => isEqual(herd, clients),
          () => 'never equal',
        );
        times.push(performance.now() - beganMs);
        await herd.linked();
      }
      return times;
    },
  );
  row('cut healed until all five tables are equal', 'p50 1 s, p99 5 s', summary(found));
}

/** Holiday's directory is deleted; from its line "listens" until it has all, and from the start of its process. */
async function wiped() {
  const CLIENTS = 100_000;
  const { startedMs, listensMs } = await withHerd(
    () => Herd.start(),
    async (herd) => {
      const names = Array.from({ length: CLIENTS }, (_, index) => `c${index}`);
      for (let from = 0; from < CLIENTS; from += 10_000) {
        const reports = names.slice(from, from + 10_000).map((client) => `IAMAT ${client} +34.06893-118.445127 1000\n`);
        await exchange(herd.port('Goloman'), reports.join(''));
      }
      const holds = async () => (await herd.status()).every(({ clients }) => clients === CLIENTS);
      await until(holds, () => 'not everywhere');
      await herd.stopServer('Holiday');
      rmSync(path.join(herd.directory, 'Holiday'), { recursive: true });
      const began = performance.now();
      herd.launch('Holiday');
      await herd.processes.get('Holiday').printed(/listens on/);
      const listens = performance.now();
      // The last client of either end of everybody's table: asked on one connection, as often as it answers.
      const asker = new Asker(herd.port('Holiday'));
      const probes = Array.from({ length: 200 }, (_, index) => `c${index * 500 + 499}`).concat('c0');
      await until(
        async () => {
          const lines = await Promise.all(probes.map((client) => asker.ask(`WHATSAT ${client} 0 0`)));
          return lines.every((line) => line.startsWith('AT '));
        },
        () => 'never back',
      );
      const back = performance.now();
      asker.close();
      const lines = await tableOf(herd.port('Holiday'), names);
      if (!lines.every((line) => line.startsWith('AT '))) throw new Error('the probes were there before the rest');
      return { startedMs: back - began, listensMs: back - listens };
    },
  );
  row(
    'a wiped server has 100,000 clients again',
    '2 s',
    `${Math.round(startedMs)} ms after its process was started, ${Math.round(listensMs)} ms after it listened`,
  );
}

async function memory() {
  const after = [];
  try {
    const { growth } = await stopUnderLoad(
      { after: (stop) => after.push(stop), diagnostic: console.log },
      Number(values.seconds),
    );
    const found = Object.entries(growth).map(([name, mebibytes]) => `${name} ${mebibytes}`);
    row(
      `growth of the others while Holiday is stopped for ${values.seconds} s, 5,000 reports/s of 1,000 clients`,
      '32 MiB',
      `${found.join(', ')} MiB`,
    );
  } finally {
    for (const stop of after.reverse()) await stop();
  }
}

async function notice() {
  const found = await withHerd(
    () => Herd.start(),
    async (herd) => {
      const times = [];
      for (let round = 0; round < 10; round += 1) {
        const { pid } = herd.processes.get('Holiday').child;
        await pause(137 * round);
        process.kill(pid, 'SIGSTOP');
        const beganMs = Date.now();
        try {
          for (const name of ['Goloman', 'Wilkes', 'Welsh']) {
            const drops = await herd.logged(
              name,
              round + 1,
              ({ event, neighbour }) => event === 'link dropped' && neighbour === 'Holiday',
            );
            times.push(Date.parse(String(drops.at(-1).time)) - beganMs);
          }
        } finally {
          process.kill(pid, 'SIGCONT');
        }
        await herd.linked();
      }
      return times;
    },
  );
  row('a stopped neighbour is noticed', '4 s', summary(found));
}

const measures = { latency, heal, wiped, memory, notice };
for (const name of values.only.split(',')) await measures[name]();

const machine = `${cpus().length} cores (${cpus()[0]?.model.trim()}), Node ${process.version}`;
const when = `${new Date().toISOString().slice(0, 10)}, ${machine}, clients on the same machine, load average ${busyBefore.toFixed(1)} at the start`;
console.log(when);
if (!values.print) {
  if (!existsSync(FILE)) writeFileSync(FILE, '# Replication\n');
  const heading = '\n## Measured with real processes\n';
  if (!readFileSync(FILE, 'utf8').includes(heading.trim())) appendFileSync(FILE, heading);
  const table = ['| what | to reach | measured |', '|---|---|---|', ...rows].join('\n');
  appendFileSync(FILE, `\n\`npm run measure\`, ${when}:\n\n${table}\n`);
}
