// An Overpass server over a small made-up town, as far as Drover's queries go: `around`, filters on tags, unions, `out N`.
// Knows the documentation, not our code. For tests.
import { distanceKm } from '../wire/distance.ts';
import type { CannedAnswer, StandInApi, StandInRequest } from './stand-in-api.ts';

export interface StandInElement {
  readonly type: 'node' | 'way' | 'relation';
  readonly id: number;
  readonly latitude: number;
  readonly longitude: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** The middle of the town. */
export const TOWN = { latitude: 34.06893, longitude: -118.445127 } as const;

const BUSY: CannedAnswer = {
  status: 429,
  body: '<?xml version="1.0" encoding="UTF-8"?><html><body><p><strong>Error</strong>: runtime error: open64: 0 Success. Too Many Requests</p></body></html>',
  contentType: 'text/html',
};
/** The last is in another street of the same name as the first, with a name that JSON must escape. */
const ELEMENTS: readonly StandInElement[] = [
  node(1, 0.0001, { name: 'Bäckerei "Süß"', shop: 'bakery', 'addr:street': 'Hauptstraße', 'addr:housenumber': '1' }),
  node(2, 0.002, { name: 'Café Астана 🚀', amenity: 'cafe', 'name:en': 'Astana Café', cuisine: 'coffee_shop' }),
  { ...node(3, 0.003, { name: 'City Library', amenity: 'library' }), type: 'way' },
  { ...node(4, 0.012, { name: 'Park', leisure: 'park' }), type: 'relation' },
  node(5, 0.04, { name: 'Far Café', amenity: 'cafe' }),
  node(6, 0.3, { name: 'Faraway Café', amenity: 'cafe' }),
  node(7, 0.0005, { amenity: 'restaurant' }),
  node(8, 0.0006, { name: 'A street, no place', highway: 'residential' }),
  node(9, 0.0007, { name: 'A bench', amenity: 'bench' }),
];

export const OVERPASS_API: StandInApi = {
  method: 'POST',
  paths: ['/api/interpreter'],
  answer: (request) => overpassAnswer(request, ELEMENTS),
  zeroResults: answerOf([]),
  requestDenied: { status: 403, body: '<html><body>Forbidden</body></html>' },
  overQueryLimit: BUSY,
  awkward: awkwardAnswer(),
};

/** North of the middle by so many degrees. */
function node(id: number, degreesNorth: number, tags: Readonly<Record<string, string>>): StandInElement {
  return { type: 'node', id, latitude: TOWN.latitude + degreesNorth, longitude: TOWN.longitude, tags };
}

export function overpassAnswer({ headers, body }: StandInRequest, elements: readonly StandInElement[]): CannedAnswer {
  if (!/^Drover\/\d/.test(String(headers['user-agent']))) return { status: 403, body: '<html>Who are you?</html>' };
  const query = new URLSearchParams(body).get('data') ?? '';
  const parsed =
    /^\[out:json\]\[timeout:\d+\]\[maxsize:\d+\];\(((?:nwr\([^)]*\)(?:\[(?:"(?:[^"\\]|\\.)*"|[^"\]])*\])+;)+)\);out tags center (\d+);$/.exec(
      query,
    );
  if (parsed === null) return { status: 400, body: '<html><body>parse error</body></html>' };
  const statements = (parsed[1] ?? '').split(';').filter((statement) => statement !== '');
  const found = elements.filter((element) => statements.some((statement) => matches(element, statement)));
  return answerOf(found.slice(0, Number(parsed[2])));
}

function matches({ latitude, longitude, tags }: StandInElement, statement: string): boolean {
  const around = /\(around:([\d.]+),(-?[\d.]+),(-?[\d.]+)\)/.exec(statement);
  const [, metres, south, west] = (around ?? []).map(Number);
  if (distanceKm(south ?? 0, west ?? 0, latitude, longitude) * 1000 > (metres ?? 0)) return false;
  const filters = statement.slice(statement.indexOf(')') + 1).matchAll(/\[((?:"(?:[^"\\]|\\.)*"|[^"\]])*)\]/g);
  return [...filters].every(([, filter = '']) => matchesFilter(tags, filter));
}

/** `name`, `"amenity"~"cafe"`, `~"key"~"value",i` */
function matchesFilter(tags: Readonly<Record<string, string>>, filter: string): boolean {
  const [, anyKey, key = '', value, flags = ''] =
    /^(~?)"([^"]*)"(?:~("(?:[^"\\]|\\.)*")(?:,(i))?)?$/.exec(filter) ?? [];
  const pattern = value === undefined ? /./ : new RegExp(JSON.parse(value) as string, flags);
  return Object.entries(tags).some(
    ([tag, text]) => (anyKey === '~' ? new RegExp(key).test(tag) : tag === key) && pattern.test(text),
  );
}

export function answerOf(elements: readonly StandInElement[], remark?: string): CannedAnswer {
  const printed = elements.map(({ type, id, latitude, longitude, tags }) => {
    const position = { lat: latitude, lon: longitude };
    return type === 'node' ? { type, id, ...position, tags } : { type, id, center: position, tags };
  });
  const osm3s = {
    timestamp_osm_base: '2026-11-20T00:00:00Z',
    copyright:
      'The data included in this document is from www.openstreetmap.org. The data is made available under ODbL.',
  };
  return {
    status: 200,
    body: `${JSON.stringify({ version: 0.6, generator: 'Overpass API', osm3s, elements: printed, remark }, undefined, 2)}\n`,
  };
}

function awkwardAnswer(): string {
  const text = String(answerOf(ELEMENTS).body);
  return text.replace('"elements"', '\n\n"id" : 12345678901234567890, "rating" : 4.0,\n\n\n"elements"');
}
