// Which scenarios there are, and which can be run where. Loads nothing, so that the command line can know it.

export const SCENARIO_NAMES = ['ingest', 'whatsat', 'places', 'near', 'herd', 'memory', 'start', 'catch-up'] as const;
export type ScenarioName = (typeof SCENARIO_NAMES)[number];

/** Those that need nothing but a client port. */
export const AT_ANY_SERVER: readonly ScenarioName[] = ['ingest', 'whatsat', 'places'];

/** Why these cannot be run at a server that runs already; undefined when they can. */
export function objectionAtServer(names: readonly ScenarioName[]): string | undefined {
  const own = names.find((name) => !AT_ANY_SERVER.includes(name));
  return own && `${own} needs servers of its own: with --at there are ${AT_ANY_SERVER.join(', ')}`;
}
