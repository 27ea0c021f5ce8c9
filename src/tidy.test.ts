// What the house's style says and a machine can see: who imports whom, purity of wire/ and core/, names, sizes.
// Where the linter proves a rule, violations are planted here to prove the linter: a rule that matches nothing is silent.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The house. A folder that is not named here may not exist. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  wire: [],
  core: ['wire'],
  places: ['wire/location.ts', 'wire/distance.ts'],
  journal: ['core', 'wire'],
  storage: ['core', 'journal', 'wire'],
  net: ['core', 'wire'],
  devices: ['core', 'wire'],
  http: ['core', 'wire'],
  server: ['core', 'devices', 'http', 'net', 'places', 'storage', 'wire'],
  sim: ['core', 'journal', 'wire'],
  cli: ['bench', 'places', 'server', 'sim', 'wire'],
  bench: ['core', 'net', 'wire'],
  web: [],
};
const PURE = ['wire', 'core', 'journal'];
/** What a pure folder may use of Node: arithmetic that is in C for speed. */
const PURE_MODULES = ['node:zlib'];
const MOST_LINES = 400;

function filesBelow(folder: string): string[] {
  return readdirSync(path.join(ROOT, folder)).flatMap((name) => {
    if (['node_modules', 'dist', '.git', '.drover', 'data'].includes(name)) return [];
    const file = path.join(folder, name);
    return statSync(path.join(ROOT, file)).isDirectory() ? filesBelow(file) : [file];
  });
}

const text = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const everything = filesBelow('.');
const code = everything.filter((file) => /\.(ts|mts|mjs|js)$/.test(file));
const sources = code.filter((file) => file.startsWith('src/'));
const tests = code.filter((file) => file.includes('.test.'));

function pureFiles(): string[] {
  return sources.filter((file) => PURE.includes(file.split('/')[1] ?? '') && !tests.includes(file));
}

function linesWith(files: readonly string[], pattern: RegExp): string[] {
  return files.flatMap((file) =>
    text(file)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
  );
}

test('there is something to check', () => {
  assert.ok(sources.length > 10 && tests.includes('src/tidy.test.ts'), sources.join(' '));
});

test('imports go down only, at any depth, types and import() included', () => {
  const wrong: string[] = [];
  for (const file of sources) {
    const from = file.split('/')[1] ?? '';
    if (from.endsWith('.ts')) continue;
    const allowed = MAY_IMPORT[from];
    assert.ok(allowed, `src/${from} is not a folder of the house: ${file}`);
    for (const [, specifier = ''] of text(file).matchAll(
      /(?:\bfrom|\bimport|\bimport\(|\brequire\()\s*['"]([^'"]+)['"]/g,
    )) {
      if (!specifier.startsWith('.')) {
        if (pureFiles().includes(file) && !PURE_MODULES.includes(specifier))
          wrong.push(`${file} imports the package ${specifier}`);
        continue;
      }
      const target = path.join(path.dirname(file), specifier);
      const inside = target.startsWith(`src/${from}/`);
      const isAllowed = allowed.some((one) => target === `src/${one}` || target.startsWith(`src/${one}/`));
      if (!inside && !isAllowed) wrong.push(`${file} imports ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('no chance, and no code from strings, in the pure folders', () => {
  assert.deepEqual(
    linesWith(pureFiles(), /\bMath\s*(\.|\?\.|\[\s*['"])\s*random\b|\bnew\s+Function\b|\beval\s*\(/),
    [],
  );
});

test('no folder is called after nothing in particular', () => {
  const folders = new Set(everything.flatMap((file) => path.dirname(file).split('/')));
  for (const name of ['utils', 'util', 'helpers', 'helper', 'common', 'misc', 'test', 'tests', '__tests__']) {
    assert.ok(!folders.has(name), name);
  }
});

test('files are short', () => {
  const long = code.filter((file) => text(file).split('\n').length > MOST_LINES);
  assert.deepEqual(long, []);
});

test('every file opens with what it is for', () => {
  // A test file's first test says it.
  const silent = code.filter((file) => !tests.includes(file) && !/^(#!.*\n)?(\/\/ \S|\/\*)/.test(text(file)));
  assert.deepEqual(silent, []);
});

test('no test is left out, or left alone', () => {
  const pattern = /\b(test|it|describe|suite)\.(only|skip|todo)\b|\b(only|skip|todo):\s*true\b/;
  assert.deepEqual(
    linesWith(
      tests.filter((file) => file !== 'src/tidy.test.ts'),
      pattern,
    ),
    [],
  );
});

test('nothing names a path outside the repository', () => {
  // In two pieces, so that this file does not break its own rule.
  const pattern = new RegExp(`/wo${'rk/'}|(^|[\\s'"\`(./])share${'d/'}`);
  const readable = everything.filter((file) => /\.(ts|mjs|js|json|md|yml|yaml|sh|html|css)$|\/run$/.test(file));
  assert.deepEqual(linesWith(readable, pattern), []);
});

interface Plant {
  readonly file: string;
  readonly text: string;
  /** The rule that must object; without one, nothing may. */
  readonly rule?: string;
}

function plants(): Plant[] {
  const folders = Object.keys(MAY_IMPORT);
  const planted: Plant[] = [];
  for (const [from, allowed] of Object.entries(MAY_IMPORT)) {
    for (const to of [...folders, 'system']) {
      if (to === from) continue;
      const isAllowed = allowed.includes(to);
      const lines = {
        near: `export * from '../${to}/it.ts';\n`,
        type: `import type { It } from '../${to}/it.ts';\n\nexport type Own = It;\n`,
        late: `export const it: Promise<unknown> = import('../${to}/it.ts');\n`,
      };
      for (const [kind, text] of Object.entries(lines)) {
        planted.push({
          file: `src/${from}/${kind}-${to}.ts`,
          text,
          ...(isAllowed ? {} : { rule: 'noRestrictedImports' }),
        });
      }
      const deep = { file: `src/${from}/inner/deep-${to}.ts`, text: `export * from '../../${to}/it.ts';\n` };
      planted.push(isAllowed ? deep : { ...deep, rule: 'noRestrictedImports' });
      const inTest = { file: `src/${from}/near-${to}.test.ts`, text: lines.near };
      planted.push(isAllowed ? inTest : { ...inTest, rule: 'noRestrictedImports' });
    }
    planted.push({ file: `src/${from}/inner/own.ts`, text: `export * from '../own.ts';\n` });
  }
  planted.push({ file: 'src/places/location.ts', text: `export * from '../wire/location.ts';\n` });
  planted.push({ file: 'src/journal/checksum.ts', text: `export { crc32 } from 'node:zlib';\n` });
  planted.push({ file: 'src/places/distance.ts', text: `export * from '../wire/distance.ts';\n` });
  return [...planted, ...impurePlants(), ...promisePlants()];
}

/** The journal may use one module of Node, so there it is the rule about imports that keeps the others out. */
function nodeRule(folder: string): string {
  return folder === 'journal' ? 'noRestrictedImports' : 'noNodejsModules';
}

function impurePlants(): Plant[] {
  const clocks = ['Date.now()', 'performance.now()', 'setTimeout(() => {}, 1)', 'queueMicrotask(() => {})'];
  const world = [
    'process.pid',
    'console.log()',
    'Buffer.alloc(1)',
    'crypto.randomUUID()',
    'fetch("x")',
    'globalThis.Date',
  ];
  return PURE.flatMap((folder) => [
    ...[...clocks, ...world].map((text, index) => ({
      file: `src/${folder}/impure-${index}.ts`,
      text: `export const it: unknown = ${text};\n`,
      rule: 'noRestrictedGlobals',
    })),
    { file: `src/${folder}/node.ts`, text: `export * from 'node:fs';\n`, rule: nodeRule(folder) },
    { file: `src/${folder}/bare.ts`, text: `export * from 'fs';\n`, rule: nodeRule(folder) },
    { file: `src/${folder}/package.ts`, text: `export * from 'zod';\n`, rule: 'noRestrictedImports' },
    { file: `src/${folder}/tested.test.ts`, text: `import 'node:fs';\nimport 'fast-check';\n\nDate.now();\n` },
  ]);
}

function promisePlants(): Plant[] {
  const start = 'async function later(): Promise<void> {}\n\n';
  return [
    {
      file: 'src/net/floating.ts',
      text: `${start}export function go(): void {\n  later();\n}\n`,
      rule: 'noFloatingPromises',
    },
    {
      file: 'src/net/misused.ts',
      text: `${start}export const go: boolean = later() ? true : false;\n`,
      rule: 'noMisusedPromises',
    },
  ];
}

/** The rules that the linter reports, by file. */
async function lint(directory: string): Promise<Map<string, Set<string>>> {
  const biome = path.join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
  const args = [biome, 'lint', '--vcs-enabled=false', '--reporter=json', '--max-diagnostics=none', '--colors=off', '.'];
  const report = await new Promise<string>((resolve) => {
    // It exits 1, since there is what to report.
    execFile(process.execPath, args, { cwd: directory, maxBuffer: 2 ** 26 }, (_error, out) => resolve(out));
  });
  const found = new Map<string, Set<string>>();
  const { diagnostics } = JSON.parse(report) as { diagnostics: { category: string; location: { path: unknown } }[] };
  for (const { category, location } of diagnostics) {
    const file = typeof location.path === 'string' ? location.path : (location.path as { file: string }).file;
    const rules = found.get(file) ?? new Set();
    rules.add(category.split('/').at(-1) ?? '');
    found.set(file, rules);
  }
  return found;
}

test('the linter refuses every forbidden import, and a clock in the core', async (t) => {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'drover-tidy-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  copyFileSync(path.join(ROOT, 'biome.json'), path.join(directory, 'biome.json'));
  const planted = plants();
  for (const { file, text } of planted) {
    mkdirSync(path.dirname(path.join(directory, file)), { recursive: true });
    writeFileSync(path.join(directory, file), text);
  }
  const found = await lint(directory);
  const directions = [
    'noRestrictedImports',
    'noRestrictedGlobals',
    'noNodejsModules',
    'noFloatingPromises',
    'noMisusedPromises',
  ];
  const wrong = planted.flatMap(({ file, rule }) => {
    const rules = found.get(file) ?? new Set();
    if (rule !== undefined) return rules.has(rule) ? [] : [`${file} should break ${rule}`];
    return directions.some((one) => rules.has(one)) ? [`${file} should pass, but breaks ${[...rules].join(', ')}`] : [];
  });
  assert.deepEqual(wrong, []);
});
