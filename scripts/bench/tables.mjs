// A run of bench:peers as Markdown: ratios first, since only they can be compared with another run; then what they are made of.

/** Which ratio is asked for: ours, and the peer's. */
const PAIRS = [
  ['drover, log off', 'redis GEOADD'],
  ['drover, log off, asked who is near', 'redis GEOADD'],
  ['drover, log on', 'redis GEOADD, AOF everysec'],
  ['drover, log off', 'redis HSET'],
  ['drover, log on', 'redis HSET, AOF everysec'],
  ['drover, log off', 'asyncio'],
  ['drover, log on', 'asyncio with its log'],
  ['drover, traffic log', 'asyncio with its log'],
];
/** The same, at a fixed rate over many clients. */
const LATE_PAIRS = [
  ['drover, log off', 'redis GEOADD'],
  ['drover, log off', 'redis HSET'],
  ['drover, log on', 'redis GEOADD, AOF everysec'],
];
/** Above this share of its core a server is what limits the rate. */
const SATURATED = 0.95;

export function markdown(report) {
  const { apart = {} } = report;
  const made = { ingest: ingestSection, near: nearSection, herd: herdSection, size: sizeSection };
  const sections = Object.entries(made).flatMap(([name, section]) => {
    if (report[name] === undefined) return [];
    return [section(report[name]), ...(apart[name] === undefined ? [] : [apartText(apart[name])])];
  });
  return `${['# Drover beside its peers', circumstances(report), ...sections].join('\n\n')}\n`;
}

function circumstances({ command, date, machine, loadAverage, ...more }) {
  const { node, pinned, versions, skipped, rounds, seconds, connections, clients } = more;
  const lines = [
    `Made by \`${command}\`, started ${date}, on ${machine}; Node ${node}; ${pinned}; load average before: ${figure(loadAverage)}.`,
    `${rounds} rounds in turn, ${seconds} s each, where nothing else is said; ${connections} connections; ${clients} clients with IDs of 20 bytes.`,
    ...Object.values(versions).map((version) => `- ${version}`),
    ...Object.entries(skipped).map(([program, why]) => `- ${program} left out: ${why}`),
    '',
    'Figures are medians of the rounds, with the least and the most. How it is measured: [README.md](README.md).',
  ];
  return lines.join('\n');
}

/** Of a part that was measured in a later run than the others. */
function apartText({ command, date, machine, loadAverage, node, rounds, seconds }) {
  const where = `on ${machine}; Node ${node}; load average before: ${figure(loadAverage)}`;
  return `This part was made by itself: \`${command}\`, ${rounds} rounds, ${seconds} s each where nothing else is said, started ${date}, ${where}.`;
}

function ingestSection(rows) {
  const kinds = distinct(rows.map(({ moves, pipeline }) => `${moves} ${pipeline}`));
  const header = ['', ...kinds.map((kind) => kind.replace(' ', ', P='))];
  const of = (kind, name) => rows.filter((row) => row.name === name && `${row.moves} ${row.pipeline}` === kind);
  const names = distinct(rows.map(({ name }) => name));
  const pairs = PAIRS.filter((pair) => pair.every((name) => names.includes(name)));
  const ratios = (name) =>
    pairs.map(([ours, theirs]) => [
      `${ours} / ${theirs}`,
      ...kinds.map((kind) => ratioText(of(kind, ours), of(kind, theirs), name)),
    ]);
  const each = (what) => names.map((name) => [name, ...kinds.map((kind) => what(of(kind, name)))]);
  return [
    '## Reports acknowledged',
    'Rate, ours to theirs (more is better):',
    table([header, ...ratios('perSecond')]),
    'CPU time of the server for each report, ours to theirs (less is better; does not depend on who waited for whom):',
    table([header, ...ratios('cpuUsPerReply')]),
    'Reports a second:',
    table([header, ...each((some) => spreadText(some.map(({ perSecond }) => perSecond)))]),
    'CPU microseconds a report:',
    table([header, ...each((some) => spreadText(some.map(({ cpuUsPerReply }) => cpuUsPerReply)))]),
    `How busy server and generator were. A rate is the server's own where the server was at least ${SATURATED * 100} % busy; where the generator was and the server was not, compare CPU time.`,
    table([header, ...each(busyText)]),
    'p50 and p99 of a batch, ms:',
    table([header, ...each(latencyText)]),
  ].join('\n\n');
}

function nearSection({ clients, agreement, rows }) {
  const kindOf = ({ radiusKm, reports, connections, pipeline }) =>
    `${radiusKm} km, ${connections} connections, P=${pipeline}${reports ? ', with reports' : ''}`;
  const kinds = distinct(rows.map(kindOf));
  const names = distinct(rows.map(({ name }) => name));
  const of = (kind, name) => rows.filter((row) => row.name === name && kindOf(row) === kind);
  const each = (what) => names.map((name) => [name, ...kinds.map((kind) => what(of(kind, name)))]);
  const [ours, ...others] = names;
  const ratios = (name) =>
    others.map((theirs) => [
      `${ours} / ${theirs}`,
      ...kinds.map((kind) => ratioText(of(kind, ours), of(kind, theirs), name)),
    ]);
  const compared =
    agreement === undefined
      ? []
      : [
          `Of ${agreement.questions} questions within 10 km both answered ${agreement.same} with the same clients, ${agreement.rounding} with others that are as near but for Redis's rounding, and ${agreement.different} with others; Redis found ${figure(agreement.found / agreement.questions)} for each.`,
        ];
  const header = ['', ...kinds];
  return [
    '## Who is near',
    `The 20 nearest within 10 km and within 300 m, among ${clients} clients in 20 towns. "With reports": while 10000 a second come in; their CPU time is in that of the questions.`,
    ...compared,
    'Rate, ours to theirs (more is better):',
    table([header, ...ratios('perSecond')]),
    'CPU time of the server for each question, ours to theirs (less is better):',
    table([header, ...ratios('cpuUsPerReply')]),
    'Questions a second:',
    table([header, ...each((some) => spreadText(some.map(({ perSecond }) => perSecond)))]),
    'CPU microseconds a question:',
    table([header, ...each((some) => spreadText(some.map(({ cpuUsPerReply }) => cpuUsPerReply)))]),
    'How busy server and generator were; with reports, the generator always is:',
    table([header, ...each(busyText)]),
    'Reports a second that were answered meanwhile:',
    table([header, ...each((some) => spreadText(some.flatMap(({ besidePerSecond }) => besidePerSecond ?? [])))]),
    'p50 and p99 of a batch, ms:',
    table([header, ...each(latencyText)]),
  ].join('\n\n');
}

function herdSection(rows) {
  // What was saved before there were two says none.
  const kinds = distinct(rows.map(({ name, pipeline = 16 }) => `${name}, P=${pipeline}`));
  const of = (kind) => rows.filter(({ name, pipeline = 16 }) => `${name}, P=${pipeline}` === kind);
  const body = kinds.map((kind) => {
    const some = of(kind);
    const copies = some.some((row) => row.copies !== undefined) ? figure(median(some.map((row) => row.copies))) : '';
    const share = some.some((row) => row.deliveredShare !== undefined)
      ? figure(median(some.map((row) => row.deliveredShare)))
      : '';
    const rate = spreadText(some.map(({ perSecond }) => perSecond));
    return [kind, spreadText(some.map(({ cpuUs }) => cpuUs)), rate, copies || share];
  });
  return [
    '## Five servers that all have every update',
    table([['', 'CPU µs an update, all five', 'updates a second', 'copies sent, or share that arrived'], ...body]),
  ].join('\n\n');
}

function sizeSection({ ratePerSecond, latencyRounds, latencySeconds, memory, latency }) {
  const bytes = memory.map(({ name, clients, bytesPerClient }) => [name, String(clients), figure(bytesPerClient)]);
  const kinds = distinct(latency.map(({ name, clients }) => `${name}\n${clients}`));
  const late = kinds.map((kind) => {
    const [name, clients] = kind.split('\n');
    const some = latency.filter((row) => row.name === name && String(row.clients) === clients);
    const good = some.filter((row) => row.latency !== undefined);
    if (good.length === 0) return [name, clients, some[0].failed, '', ''];
    const of = (part) => spreadText(good.map((row) => row.latency[part]));
    return [name, clients, of('p50Ms'), of('p99Ms'), of('p999Ms')];
  });
  const sizes = distinct(latency.map(({ clients }) => clients));
  // One that broke off has no latency.
  const p99Of = (name, size) =>
    latency
      .filter((row) => row.name === name && row.clients === size && row.latency !== undefined)
      .map((row) => ({ round: row.round, p99Ms: row.latency.p99Ms }));
  const names = distinct(latency.map(({ name }) => name));
  const pairs = LATE_PAIRS.filter((pair) => pair.every((name) => names.includes(name)));
  const ratios = pairs.map(([ours, theirs]) => [
    `${ours} / ${theirs}`,
    ...sizes.map((size) => ratioText(p99Of(ours, size), p99Of(theirs, size), 'p99Ms')),
  ]);
  return [
    '## Many clients',
    'Growth of resident memory, everything included:',
    table([['', 'clients', 'bytes a client'], ...bytes]),
    `At ${ratePerSecond} reports a second, ${latencyRounds} rounds of ${latencySeconds} s: p99, ours to theirs (less is better):`,
    table([['', ...sizes.map((size) => `${size} clients`)], ...ratios]),
    `The same, from when each report should have left, ms:`,
    table([['', 'clients', 'p50', 'p99', 'p99.9'], ...late]),
  ].join('\n\n');
}

/** Round by round, then the median and the spread of that. */
function ratioText(ours, theirs, name) {
  const ratios = ours.flatMap((one) => {
    const other = theirs.find(({ round }) => round === one.round);
    return other === undefined ? [] : [one[name] / other[name]];
  });
  return spreadText(ratios);
}

function busyText(some) {
  const percent = (name) => Math.round(median(some.map((row) => row[name])) * 100);
  return `${percent('cpuShare')} % / ${percent('generatorBusyShare')} %`;
}

function latencyText(some) {
  const middle = (part) => figure(median(some.map(({ latency }) => latency[part])));
  return `${middle('p50Ms')} / ${middle('p99Ms')}`;
}

function spreadText(values) {
  if (values.length === 0) return '';
  return `${figure(median(values))} (${figure(Math.min(...values))} to ${figure(Math.max(...values))})`;
}

function median(values) {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function figure(value) {
  return Math.abs(value) >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

function distinct(values) {
  return [...new Set(values)];
}

function table([header, ...rows]) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}
