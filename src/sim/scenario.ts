// Runs a scenario: a text of commands, each followed by `----` and by everything the herd then did. Commands:
//
//   herd                      starts the five servers and links them
//   clock SECONDS             sets every clock
//   SERVER: LINE              a client says LINE to SERVER; its reply is shown
//   settle                    delivers everything
//   wait MS                   lets time pass, with everything delivered at once
//   stop SERVER, start SERVER
//   dial SERVER SERVER        the first opens a connection to the second
//   links                     everybody dials whom it has no link to, and everything is delivered
//   cut SERVER SERVER         breaks their connection
//   where CLIENT              what each server knows of a client
import { asciiBytes } from '../wire/bytes.ts';
import { parseStamp } from '../wire/instant.ts';
import { CLASS_GRAPH, SimulatedHerd } from './herd.ts';

/** Runs every command of a scenario and returns the text as it should be: the commands with what really happened. */
export function runScenario(text: string): string {
  const events: string[] = [];
  const herd = new SimulatedHerd(CLASS_GRAPH, (event) => events.push(event));
  const blocks = text.trimEnd().split('\n\n');
  const results = blocks.map((block) => {
    const [head = ''] = block.split('\n----');
    const commands = head.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    if (commands.length === 0) return block;
    events.length = 0;
    for (const command of commands) perform(herd, command, (line) => events.push(line));
    return [head, '----', ...events].join('\n');
  });
  return `${results.join('\n\n')}\n`;
}

function perform(herd: SimulatedHerd, command: string, show: (line: string) => void): void {
  const said = /^(\w+): (.*)$/.exec(command);
  if (said !== null) {
    const [, name = '', line = ''] = said;
    show(`${name} replies: ${herd.say(name, asciiBytes(line))}`);
    return;
  }
  const [word = '', first = '', second = ''] = command.split(' ');
  const action = ACTIONS[word];
  if (action === undefined) throw new Error(`no scenario command: ${command}`);
  action(herd, first, second, show);
}

type Action = (herd: SimulatedHerd, first: string, second: string, show: (line: string) => void) => void;

const ACTIONS: Record<string, Action> = {
  herd: (herd) => {
    for (const name of herd.names) herd.start(name);
    herd.dialAll();
    herd.settle();
  },
  clock: (herd, seconds) => {
    const bytes = asciiBytes(seconds);
    if (!parseStamp(bytes, 0, bytes.length, herd.now)) throw new Error(`no time: ${seconds}`);
  },
  settle: (herd) => herd.settle(),
  wait: (herd, ms) => herd.elapse(Number(ms)),
  stop: (herd, name) => {
    herd.stop(name);
    herd.settle();
  },
  start: (herd, name) => herd.start(name),
  dial: (herd, dialler, other) => herd.dial(dialler, other),
  links: (herd) => {
    herd.dialAll();
    herd.settle();
  },
  cut: (herd, one, other) => {
    herd.cut(one, other);
    herd.settle();
  },
  where: (herd, client, _second, show) => {
    for (const name of herd.names) {
      if (!herd.replicas.has(name)) show(`${name}: down`);
      else {
        const line = herd.contents(name).find((known) => known.split(' ')[3] === client);
        show(`${name}: ${line ?? 'unknown'}`);
      }
    }
  },
};
