// Fails when a report costs twice the CPU time that docs/benchmarks/guard.json says, in units of a fixed loop: `npm run bench:guard`.
// `-- --write` writes down what it costs now. Every start of Node compiles the code anew, and not always equally well: so several
// processes, and the best counts.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FILE = fileURLToPath(new URL('../docs/benchmarks/guard.json', import.meta.url));
const PROCESSES = 2;
const ROUNDS = 6;
const HANG_MS = 60_000;
/** Between two runs on a busy machine there may be a third; whoever makes the hot path twice as slow should have meant to. */
const MOST_TIMES = 2;

const guard = new URL('../dist/src/bench/guard.js', import.meta.url).href;
const compiler = new URL('../dist/src/cli/compiler.js', import.meta.url).href;
// Compiled as a server is.
const code = `import { measureGuard } from ${JSON.stringify(guard)};
import { inlineMore } from ${JSON.stringify(compiler)};
inlineMore();
console.log(JSON.stringify(await measureGuard(${ROUNDS})));`;
const results = Array.from({ length: PROCESSES }, () =>
  JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '--eval', code], { encoding: 'utf8', timeout: HANG_MS }),
  ),
);
const best = results.reduce((least, one) => (one.ratio < least.ratio ? one : least));
const ratio = Number(best.ratio.toPrecision(3));
const cost = `a report costs ${ratio} steps of the fixed loop (${best.reportUs.toFixed(2)} us, a step ${best.stepUs.toFixed(3)} us)`;
if (process.argv.includes('--write')) {
  writeFileSync(FILE, `${JSON.stringify({ ratio })}\n`);
  console.log(`${cost}; written down`);
} else {
  const committed = JSON.parse(readFileSync(FILE, 'utf8')).ratio;
  const times = ratio / committed;
  console.log(`${cost}, ${times.toFixed(2)} times what is written down (${committed})`);
  if (times > MOST_TIMES) {
    console.error(
      `the hot path has become more than ${MOST_TIMES} times as slow: 'npm run profile' shows where the time goes`,
    );
    process.exitCode = 1;
  } else if (times * MOST_TIMES < 1) {
    console.log("it has become much faster: 'npm run bench:guard -- --write' makes the guard as strict as that");
  }
}
