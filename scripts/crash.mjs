// Kill -9 for as long as wanted: `npm run crash -- --rounds 1000 [--seed 1] [--ack wal]`. Exits 1 when anything acknowledged
// was lost. The work is in system/crash/.
import { parseArgs } from 'node:util';
import { crashRounds } from '../dist/system/crash/rounds.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 32) },
    ack: { type: 'string', default: 'wal' },
  },
});
console.log(`${values.rounds} rounds with --seed ${values.seed} --ack ${values.ack}`);
const tally = await crashRounds(Number(values.rounds), Number(values.seed), values.ack);
console.log(JSON.stringify(tally, undefined, 2));
if (tally.lost.length + tally.falseClaims.length + tally.warnings.length > 0) process.exitCode = 1;
