// Makes `src/wire/kernel-code.ts` of `kernel/kernel.ts`. `node scripts/build-kernel.mjs [--check]`; with --check nothing is written, and it
// fails if the file is not what the source becomes. The compiler is installed into a temporary folder: nobody else needs its 100 MB.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** It names its own compiler library exactly, so the same version makes the same bytes. */
const COMPILER = 'assemblyscript@0.28.20';
/** No run time of its own: it allocates nothing. Its memory comes from outside and may grow to what 32 bits can address (`src/wire/kernel.ts`). */
const OPTIONS = [
  ...['-O3', '--converge', '--runtime', 'stub', '--noAssert', '--enable', 'simd', '--enable', 'threads'],
  ...['--importMemory', '--sharedMemory', '--initialMemory', '2', '--maximumMemory', '65536', '--zeroFilledMemory'],
];
const LINE_LENGTH = 120;

const root = fileURLToPath(new URL('..', import.meta.url));
const target = join(root, 'src/wire/kernel-code.ts');

const folder = mkdtempSync(join(tmpdir(), 'drover-kernel-'));
try {
  const install = ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', '--loglevel=error', COMPILER];
  execFileSync('npm', install, { stdio: 'inherit' });
  const compiler = join(folder, 'node_modules/assemblyscript/bin/asc.js');
  const binary = join(folder, 'kernel.wasm');
  execFileSync(process.execPath, [compiler, 'kernel.ts', '-o', binary, ...OPTIONS], {
    cwd: join(root, 'kernel'),
    stdio: 'inherit',
  });
  const made = moduleOf(readFileSync(binary).toString('base64'));
  if (!process.argv.includes('--check')) writeFileSync(target, made);
  else if (readFileSync(target, 'utf8') !== made) {
    throw new Error('src/wire/kernel-code.ts is not what kernel/kernel.ts becomes: run node scripts/build-kernel.mjs');
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function moduleOf(base64) {
  const lines = base64.match(new RegExp(`.{1,${LINE_LENGTH - "  '' +".length}}`, 'g'));
  return `// Made of kernel/kernel.ts by scripts/build-kernel.mjs: WebAssembly, as base64.
export const KERNEL_CODE: string =
${lines.map((line) => `  '${line}'`).join(' +\n')};
`;
}
