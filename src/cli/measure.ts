// Runs `drover bench`: shows how far it is, and prints what came out as tables or JSON. Knows the terminal; what is measured and
// how is bench/'s.
import { type BenchReport, runBench } from '../bench/bench.ts';
import type { ScenarioName } from '../bench/names.ts';
import type { Finding } from '../bench/scenario.ts';
import type { BenchCommandOptions } from './bench.ts';
import { CommandError, EXIT_FAILED } from './failure.ts';
import { configFrom, serverNamed } from './options.ts';
import { ProgressBar } from './progress-bar.ts';
import { onStopSignal } from './signals.ts';
import { formatTable } from './table.ts';

export async function measure(scenarios: readonly ScenarioName[], options: BenchCommandOptions): Promise<void> {
  const at = options.at === undefined ? undefined : await findTarget(options.at, options);
  const { seconds, connections, pipeline: pipelines, clients, ack } = options;
  const bar = new ProgressBar(process.stderr);
  // What was started goes with this process.
  onStopSignal(() => process.exit(EXIT_FAILED));
  let report: BenchReport;
  try {
    const settings = { seconds, connections, pipelines, clients, ack, at };
    report = await runBench(scenarios, settings, (what, share) => bar.show(what, share));
  } catch (error) {
    bar.clear();
    throw new CommandError(`the benchmark ended early: ${error instanceof Error ? error.message : String(error)}`);
  }
  bar.clear();
  process.stdout.write(options.json === true ? `${JSON.stringify(report, undefined, 2)}\n` : describe(report));
}

/** A name of the configuration, or HOST:PORT as it is. */
async function findTarget(at: string, options: BenchCommandOptions): Promise<{ host: string; port: number }> {
  const address = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(at);
  if (address !== null) return { host: address[1] ?? address[2] ?? '', port: Number(address[3]) };
  const { host, clientPort } = serverNamed(await configFrom(options, 'find'), at);
  return { host, port: clientPort };
}

function describe({ node, cores, pinned, seconds, connections, ack, findings }: BenchReport): string {
  const scenarios = [...new Set(findings.map(({ scenario }) => scenario))];
  const tables = scenarios.map((name) => tableOf(findings.filter(({ scenario }) => scenario === name)));
  const circumstances = `Node ${node}, ${cores} cores, ${pinned}; ${connections} connections, ${seconds} s each, --ack ${ack}`;
  return `${tables.join('\n')}\n${circumstances}\n`;
}

/** Findings with the same figures share a header. */
function tableOf(findings: readonly Finding[]): string {
  const rows: string[][] = [];
  let shown = '';
  for (const { scenario, variant, figures } of findings) {
    const names = Object.keys(figures);
    if (names.join() !== shown) rows.push([scenario, ...names]);
    shown = names.join();
    rows.push([variant, ...Object.values(figures).map(figureText)]);
  }
  return formatTable(rows);
}

/** Four digits that mean something. */
function figureText(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return String(Math.round(value));
  return String(Number(value.toPrecision(4)));
}
