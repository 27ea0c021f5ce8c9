// What a configuration can have wrong, and the one error that carries all of it.
// It must not know where a value came from beyond the path that says so.

/** One thing to put right: where (a path in the file, a flag, an environment variable) and what it must be. */
export interface ConfigFault {
  readonly path: string;
  readonly message: string;
  /** What was said is well said; what it names is not there, or of no use. */
  readonly namesUnusable?: true;
}

/** The configuration cannot be used. Whoever wrote it is at fault; nothing has been started. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[], file?: string) {
    const where = [...new Set(faults.map((fault) => saidIn(fault, file)))].join(' and ');
    const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`;
    super([`${count} in ${where}:`, ...faults.map((fault) => `  ${fault.path}: ${fault.message}`)].join('\n'));
    this.faults = faults;
  }
}

/** Whose author has to put it right. */
function saidIn({ path }: ConfigFault, file: string | undefined): string {
  if (path.startsWith('--')) return 'the command line';
  if (path.startsWith('DROVER_')) return 'the environment';
  return file ?? 'the configuration';
}

/** `servers.Goloman.clientPort`, `links[2][0]`, and `servers["a.b"]` where a dot would mislead. */
export function pathText(keys: readonly PropertyKey[]): string {
  let text = '';
  for (const key of keys) {
    if (typeof key === 'number') text += `[${key}]`;
    else if (/^[\w$-]+$/.test(String(key))) text += text === '' ? String(key) : `.${String(key)}`;
    else text += `[${JSON.stringify(String(key))}]`;
  }
  return text === '' ? 'the file' : text;
}

/** Why a file that somebody named cannot be read: in words, for the usual slips. */
export function whyUnread(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return READ_FAULTS[code ?? ''] ?? message;
}

const READ_FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'this user may not read it',
};
