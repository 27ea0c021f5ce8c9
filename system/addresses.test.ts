// Servers on an address that other machines can reach, and the commands that ask them there: nothing is granted for being on the
// same machine. Skipped on a machine that has no such address.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { Authority } from '../src/server/made-certificates.ts';
import { clientPort, drover, freePortOffset, Process, until } from './processes.ts';

const NAMES = ['Barn', 'Gate'] as const;

/** Any but loopback and those of one link only, which need its name. */
const address: string | undefined = Object.values(networkInterfaces())
  .flatMap((found) => found ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

async function open(context: TestContext, host: string, more: object): Promise<{ directory: string; config: string }> {
  const directory = mkdtempSync(path.join(tmpdir(), 'drover-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  const first = clientPort('Goloman', await freePortOffset());
  const servers = { Barn: { host, clientPort: first }, Gate: { host, clientPort: first + 1 } };
  const config = path.join(directory, 'farm.json');
  writeFileSync(config, JSON.stringify({ herd: 'farm', servers, links: [NAMES], ...more }));
  return { directory, config };
}

/** The two link, tell their status, know each other's clients, and forget one. */
async function isServed(context: TestContext, directory: string, config: string): Promise<void> {
  for (const name of NAMES) {
    const server = new Process(['serve', name, '--config', config, '--data', path.join(directory, name)]);
    context.after(() => server.stop());
    await server.printed(/listens on/);
  }
  let said = '';
  const says = (args: string[], pattern: RegExp): Promise<void> =>
    until(
      async () => {
        const { stdout, stderr } = await drover([...args, '--config', config]);
        said = stdout + stderr;
        return pattern.test(said);
      },
      () => `${args.join(' ')}: ${said}`,
    );
  await says(['status'], /Barn - Gate +up[\s\S]*Gate - Barn +up/);
  await says(['send', 'Barn', 'IAMAT van +1+1 1'], /^AT Barn /);
  await says(['send', 'Gate', 'WHATSAT van 0 0'], /^AT Barn /);
  await says(['forget', 'van', '--server', 'Gate'], /^Gate has forgotten "van"/);
  await says(['send', 'Barn', 'WHATSAT van 0 0'], /^\? /);
}

test('status and forget on an address that others can reach, with certificates', async (context) => {
  if (address === undefined) return context.skip('this machine has no address but loopback');
  const tls = { certFile: '{name}.pem', keyFile: '{name}.key', caFile: 'ca.pem' };
  const { directory, config } = await open(context, address, { tls });
  const authority = new Authority(directory, 'ca');
  for (const name of [...NAMES, 'drover-status']) authority.sign(name, `URI:herd://farm/${name}`);
  await isServed(context, directory, config);
  // Nor is a certificate of somebody else enough.
  new Authority(directory, 'theirs').sign('drover-status', 'URI:herd://farm/drover-status');
  const refused = await drover(['forget', 'van', '--config', config]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /drover-status/);
});

test('status and forget on an address that others can reach, with a secret, and not without', async (context) => {
  if (address === undefined) return context.skip('this machine has no address but loopback');
  const { directory, config } = await open(context, address, { secretFile: 'herd.key' });
  const made = await drover(['keygen', path.join(directory, 'herd.key')]);
  assert.equal(made.code, 0, made.stderr);
  await isServed(context, directory, config);
  const other = await drover(['keygen']);
  writeFileSync(path.join(directory, 'herd.key'), other.stdout);
  for (const command of [['status'], ['forget', 'van']]) {
    const { code, stdout, stderr } = await drover([...command, '--config', config]);
    assert.equal(code, 1);
    assert.match(stdout + stderr, /secret/);
  }
});
