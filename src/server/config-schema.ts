// The shape of a configuration file, once: what the reader checks and what drover.schema.json tells an editor.
// Loaded only when there is a file to check, since zod costs a start about 50 ms. Must not know the rules between values.
import { z } from 'zod';
import { FRAME_PAYLOAD_BYTES } from '../wire/limits.ts';
import { type ConfigFault, pathText } from './config-fault.ts';
import { LARGEST_PORT } from './config-rules.ts';

/** Printable ASCII without white space; no `/` or `\` and no leading dot, since the name is also a file's. */
const NAME = /^(?!\.)[!-.0-[\]-~]{1,64}$/;
const NAME_RULE =
  "must be 1 to 64 printable ASCII characters without white space, '/' or '\\', and not start with '.': " +
  'it stands in every AT line and names the log file';

/** Up to half of what a frame between servers can carry: a record that fits no frame would break every link it is sent on. */
const LINE_LIMITS_BYTES = { least: 256, most: FRAME_PAYLOAD_BYTES / 2 } as const;
/** A century: more than never needs no number. */
const MOST_EXPIRE_HOURS = 876_000;
const PLACES_TIMEOUT_MS = { least: 100, most: 60_000 } as const;
/** 30 days: a shop that has closed does not stay for ever. */
const MOST_CACHE_MINUTES = 43_200;
const MOST_REQUESTS_PER_DAY = 10_000_000;

const port = (what: string) => z.int().min(1).max(LARGEST_PORT).optional().describe(what);
const file = (what: string) =>
  z.string().min(1).optional().describe(`${what} A relative path starts at the configuration file.`);

const neededFile = (what: string) =>
  z.string().min(1).describe(`${what} A relative path starts at the configuration file.`);

const requestsPerDay = (what: string) => z.int().min(1).max(MOST_REQUESTS_PER_DAY).optional().describe(what);

const placesShape = z.strictObject({
  provider: z
    .union([z.string(), z.array(z.string())], "must be a provider's name, or a list of them")
    .optional()
    .describe(
      'Whom to ask: embedded (default), google, google-legacy, overpass, file:PATH; several, in order, as a list. ' +
        'A relative path starts at the configuration file. ' +
        'The next is asked when one fails, refuses or has nothing.',
    ),
  url: z.string().optional().describe("Base URL instead of the provider's own, if only one of them is elsewhere."),
  keyFile: file("File that holds the provider's key and nothing else, if only one of them is elsewhere."),
  timeoutMs: z
    .int()
    .min(PLACES_TIMEOUT_MS.least)
    .max(PLACES_TIMEOUT_MS.most)
    .optional()
    .describe('How long a lookup may take, whoever answers it, before the client gets an error. Default 10000.'),
  google: z
    .strictObject({
      url: z.string().optional().describe("Base URL instead of Google's own, for both of its APIs."),
      keyFile: file('File that holds the API key and nothing else.'),
      fields: z
        .enum(['pro', 'enterprise'], 'must be "pro" or "enterprise"')
        .optional()
        .describe(
          'What google asks of each place. enterprise adds ratings, prices, opening and photos, and costs more.',
        ),
      requestsPerDay: requestsPerDay(
        'Requests that a server sends to each of Google APIs in a day (UTC). Default: no bound.',
      ),
    })
    .optional()
    .describe('Settings of google and google-legacy.'),
  overpass: z
    .strictObject({
      url: z.string().optional().describe('Base URL of your own Overpass server instead of the public one.'),
      cacheMinutes: z
        .int()
        .min(0)
        .max(MOST_CACHE_MINUTES)
        .optional()
        .describe('How long answers are kept; 0 keeps none. Default 1440.'),
      requestsPerDay: requestsPerDay(
        'Requests that a server sends in a day (UTC). Default: 2000 to the public server, no bound with a url.',
      ),
    })
    .optional()
    .describe('Settings of overpass.'),
});

const serverShape = z.strictObject({
  host: z
    .string()
    .regex(/^[^\s[\]/]{1,253}$/, "must be a host name or an address, without port, '/' or brackets")
    .optional()
    .describe('Where neighbours and commands find the server. Default 127.0.0.1.'),
  listenHost: z
    .string()
    .regex(/^[^\s[\]/]{1,253}$/, "must be a host name or an address, without port, '/' or brackets")
    .optional()
    .describe('Where the server listens, if that is another address: 0.0.0.0 behind a router. Default host.'),
  clientPort: z.int().min(1).max(LARGEST_PORT).describe('Port of the client protocol (IAMAT and WHATSAT).'),
  peerPort: port('Port for links from neighbours. Default clientPort + 1000.'),
  httpPort: port('Port of the HTTP gateway. Default clientPort + 2000.'),
});

const herdShape = z
  .strictObject({
    $schema: z.string().optional().describe('Where an editor finds this schema. Drover does not read it.'),
    herd: z.string().regex(NAME, NAME_RULE).describe('Name of the herd. Servers link only within one herd.'),
    servers: z
      .record(z.string().regex(NAME, NAME_RULE), serverShape)
      .describe('Every server of the herd, by name. The same file serves all of them.'),
    links: z
      .array(z.tuple([z.string(), z.string()]))
      .optional()
      .describe('Which servers talk with which: pairs of names, in either order. Nothing travels any other way.'),
    places: placesShape.optional().describe('Where WHATSAT finds places.'),
    limits: z
      .strictObject({
        lineBytes: z
          .int()
          .min(LINE_LIMITS_BYTES.least)
          .max(LINE_LIMITS_BYTES.most)
          .optional()
          .describe(
            "Longest line taken from a client, and so the memory a client's half-sent line can hold. Default 65536.",
          ),
        expireAfterHours: z
          .number()
          .min(0)
          .max(MOST_EXPIRE_HOURS)
          .optional()
          .describe('A client that has not reported for this long is unknown; 0 is never. Default 720.'),
      })
      .optional()
      .describe('Bounds on what others can make a server hold.'),
    log: z
      .strictObject({
        traffic: z
          .boolean()
          .optional()
          .describe('Every line received and sent, and what became of each report. Default true.'),
      })
      .optional()
      .describe('What a server writes into its log file, besides links, lookups, warnings, start and stop.'),
    tls: z
      .strictObject({
        certFile: neededFile(
          "PEM file with the server's certificate, which names it as the URI herd://HERD/NAME; {name} is the server's name.",
        ),
        keyFile: neededFile("PEM file with the certificate's private key; {name} is the server's name."),
        caFile: neededFile("PEM file with the herd's own authority, which signed every server's certificate."),
      })
      .optional()
      .describe('Servers link over TLS and know each other by their certificates.'),
    secretFile: file('File with the secret that the servers of the herd prove to one another; see drover keygen.'),
  })
  .describe('Configuration of a Drover herd.');

function nounFor(expected: string): string {
  if (expected === 'int') return 'a whole number';
  if (expected === 'object' || expected === 'record') return 'an object {...}';
  if (expected === 'array' || expected === 'tuple') return 'a list [...]';
  return `a ${expected}`;
}

function nounOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}

function faultsOf(issue: z.core.$ZodIssue, before: readonly PropertyKey[]): ConfigFault[] {
  const keys = [...before, ...issue.path];
  const path = pathText(keys);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: pathText([...keys, key]),
        message: 'is not a key that Drover knows: a slip?',
      }));
    case 'invalid_type':
      return [
        issue.input === undefined
          ? { path, message: `is missing: ${nounFor(issue.expected)} is needed` }
          : { path, message: `must be ${nounFor(issue.expected)}, not ${nounOf(issue.input)}` },
      ];
    case 'invalid_key':
      return [{ path, message: issue.issues[0]?.message ?? NAME_RULE }];
    case 'too_small':
    case 'too_big': {
      if (issue.origin === 'array') return [{ path, message: 'must name exactly two servers' }];
      if (issue.origin === 'string') return [{ path, message: 'must not be empty' }];
      const bound = issue.code === 'too_small' ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
      return [{ path, message: `must be ${bound}, not ${nounOf(issue.input)}` }];
    }
    default:
      return [{ path, message: issue.message }];
  }
}

function check(shape: z.ZodType, value: unknown, at: readonly PropertyKey[]): ConfigFault[] {
  const result = shape.safeParse(value, { reportInput: true });
  return result.success ? [] : result.error.issues.flatMap((issue) => faultsOf(issue, at));
}

/** Everything wrong with the shape of a parsed file. */
export function shapeFaults(value: unknown): ConfigFault[] {
  const faults = check(herdShape, value, []);
  const servers = (value as { servers?: unknown } | null)?.servers;
  // A record skips this key, lest it write to a prototype; for us it is a name like any other.
  if (typeof servers === 'object' && servers !== null && Object.hasOwn(servers, '__proto__')) {
    faults.push(...check(serverShape, Reflect.get(servers, '__proto__'), ['servers', '__proto__']));
  }
  return faults;
}

/** The text of drover.schema.json. Draft 7 is what editors know best. */
export function jsonSchemaText(): string {
  const { $schema, ...schema } = z.toJSONSchema(herdShape, { target: 'draft-7', io: 'input' });
  return `${JSON.stringify({ $schema, title: 'Drover configuration', ...schema }, null, 2)}\n`;
}
