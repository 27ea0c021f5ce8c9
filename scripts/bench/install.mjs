// Gets the peers' programs from Debian when they are not there. Their services are not started: the benchmark runs the programs
// itself, with its own settings.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

/** Debian asks this before it starts a service; 101 means no. */
const POLICY = '/usr/sbin/policy-rc.d';

function isThere(program) {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** Why a program cannot be had, or undefined when it is there. */
export function install(program, debianPackage) {
  if (isThere(program)) return undefined;
  if (process.getuid?.() !== 0)
    return `not installed; as root: apt-get install --no-install-recommends ${debianPackage}`;
  const hadPolicy = existsSync(POLICY);
  if (!hadPolicy) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const run = (...args) => spawnSync('apt-get', args, { stdio: ['ignore', 2, 2], env: environment }).status === 0;
    const done = run('update') && run('install', '-y', '--no-install-recommends', debianPackage);
    if (!done || !isThere(program)) return `apt-get could not install ${debianPackage}`;
  } finally {
    if (!hadPolicy) rmSync(POLICY);
  }
  return undefined;
}

export function versionOf(program) {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return stdout.trim().split('\n')[0];
}
