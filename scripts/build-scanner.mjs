// Makes `src/wire/scanner-code.ts` of `scanner/scan.ts`. `node scripts/build-scanner.mjs [--check]`; with --check nothing is written, and it
// fails if the file is not what the source becomes. The compiler is installed into a temporary folder: nobody else needs its 100 MB.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** It names its own compiler library exactly, so the same version makes the same bytes. */
const COMPILER = 'assemblyscript@0.28.20';
/** No run time of its own: it allocates nothing, and nothing is imported. One page of 64 KiB is enough for the window and the results. */
const OPTIONS = '-O3 --converge --runtime stub --noAssert --enable simd --initialMemory 1 --maximumMemory 1'.split(' ');
const LINE_LENGTH = 120;

const root = fileURLToPath(new URL('..', import.meta.url));
const target = join(root, 'src/wire/scanner-code.ts');

const folder = mkdtempSync(join(tmpdir(), 'drover-scanner-'));
try {
  const install = ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', '--loglevel=error', COMPILER];
  execFileSync('npm', install, { stdio: 'inherit' });
  const compiler = join(folder, 'node_modules/assemblyscript/bin/asc.js');
  const binary = join(folder, 'scan.wasm');
  execFileSync(process.execPath, [compiler, 'scan.ts', '-o', binary, ...OPTIONS], {
    cwd: join(root, 'scanner'),
    stdio: 'inherit',
  });
  const made = moduleOf(readFileSync(binary).toString('base64'));
  if (!process.argv.includes('--check')) writeFileSync(target, made);
  else if (readFileSync(target, 'utf8') !== made) {
    throw new Error('src/wire/scanner-code.ts is not what scanner/scan.ts becomes: run node scripts/build-scanner.mjs');
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function moduleOf(base64) {
  const lines = base64.match(new RegExp(`.{1,${LINE_LENGTH - "  '' +".length}}`, 'g'));
  return `// Made of scanner/scan.ts by scripts/build-scanner.mjs: WebAssembly, as base64.
export const SCANNER_CODE: string =
${lines.map((line) => `  '${line}'`).join(' +\n')};
`;
}
