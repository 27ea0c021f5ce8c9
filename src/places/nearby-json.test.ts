import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { checkNearbyJson, cutNearbyJson } from './nearby-json.ts';
import { PlacesError } from './provider.ts';

const cut = (document: string, bound: number): string =>
  Buffer.from(cutNearbyJson(Buffer.from(document), bound).json).toString();

const GOOGLE_STYLE = `{
   "html_attributions" : [],
   "results" : [
      { "name" : "A ] } , [ \\" \\\\", "rating" : 4.0 },
      { "name" : "Café «Ω»", "n" : 12345678901234567890 },
      { "results" : [ 1, 2, 3 ] }
   ],
   "status" : "OK"
}
`;

describe('the cut', () => {
  test('keeps the text of the first results and the space around them', () => {
    assert.equal(
      cut(GOOGLE_STYLE, 2),
      `{
   "html_attributions" : [],
   "results" : [
      { "name" : "A ] } , [ \\" \\\\", "rating" : 4.0 },
      { "name" : "Café «Ω»", "n" : 12345678901234567890 }
   ],
   "status" : "OK"
}`,
    );
  });

  test('to nothing leaves the key, its spaces and empty brackets', () => {
    assert.equal(cut(GOOGLE_STYLE, 0), '{\n   "html_attributions" : [],\n   "results" : [],\n   "status" : "OK"\n}');
    assert.equal(cut('{"status":"OK","results"\t:\t[ \n ]}', 0), '{"status":"OK","results"\t:\t[]}');
  });

  test('leaves fewer results than the bound alone, and nested results always', () => {
    assert.equal(cut(GOOGLE_STYLE, 3), GOOGLE_STYLE.trimEnd());
    assert.equal(cut('{"a":{"results":[1,2]},"status":"x"}', 1), '{"a":{"results":[1,2]},"status":"x"}');
  });

  test('finds a key that is written with escapes, and each of two', () => {
    const twice = '{"r\\u0065sults":[1,2],"results":[3,4],"status":"OK"}';
    assert.equal(cut(twice, 1), '{"r\\u0065sults":[1],"results":[3],"status":"OK"}');
  });

  test('passes an answer without results, and one whose results are no array', () => {
    assert.equal(cut('{"status":"REQUEST_DENIED"}', 5), '{"status":"REQUEST_DENIED"}');
    assert.equal(cut('{"results":{"a":[1,2]},"status":"x"}', 1), '{"results":{"a":[1,2]},"status":"x"}');
  });
});

describe('empty lines', () => {
  test('go, also between CRLF, and so do newlines at both ends and a byte order mark', () => {
    assert.equal(cut('\uFEFF\n\r\n{"status":\r\n\r\n\n"x"\n\r\n\n}\r\n\n', 1), '{"status":\r\n"x"\n}');
  });
});

describe('a document is refused', () => {
  const unusable: Record<string, string> = {
    nothing: '',
    'white space': ' \n',
    HTML: '<html></html>',
    'a cut object': '{"status":"x","results" : [ {"a":1}, {"b"',
    'a cut string': '{"status":"x',
    'a cut escape': '{"status":"\\u12',
    garbage: '{"status":"x"} x',
    'a second document': '{"status":"x"}{"status":"x"}',
    'an array': '[1]',
    'a missing comma': '{"status":"x" "a":1}',
    'a comma too many': '{"status":"x","results":[1,]}',
    'a number with a leading zero': '{"status":"x","n":01}',
    'a number without digits': '{"status":"x","n":-}',
    'a wrong word': '{"status":"x","n":nul}',
    'a raw newline in a string': '{"status":"O\nK"}',
    'an unknown escape': '{"status":"\\x41"}',
    'neither results nor status': '{"html_attributions":[]}',
    'an empty status': '{"status":""}',
    'OK without results': '{"html_attributions":[],"status":"OK"}',
    'OK with results that are no array': '{"results":{},"status":"OK"}',
    'a status that is no string': '{"status":7}',
    'crossed brackets': '{"status":"x","results":[{]}}',
    'two byte order marks': '\uFEFF\uFEFF{"status":"x"}',
  };
  for (const [what, document] of Object.entries(unusable)) {
    test(what, () => assert.throws(() => cut(document, 1), PlacesError));
  }

  test('bytes that are not UTF-8', () => {
    assert.throws(() => cutNearbyJson(Buffer.from('{"status":"\xff"}', 'latin1'), 1), PlacesError);
  });

  test('nesting without end, and deep nesting within the bound passes', () => {
    const nested = (depth: number): string => `{"status":"OK","results":[${'['.repeat(depth)}${']'.repeat(depth)}]}`;
    assert.throws(() => cut(nested(1_000_000), 1), PlacesError);
    assert.equal(cut(nested(400), 1), nested(400));
  });
});

const WHITE_SPACE = fc.stringMatching(/^[ \t\r\n]{0,4}$/);

/** Prints JSON with any white space between any two tokens. */
function printWith(value: unknown, space: () => string): string {
  if (Array.isArray(value)) {
    return `[${space()}${value.map((each) => printWith(each, space)).join(`${space()},${space()}`)}${space()}]`;
  }
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([key, each]) => `${JSON.stringify(key)}${space()}:${space()}${printWith(each, space)}`,
  );
  return `{${space()}${members.join(`${space()},${space()}`)}${space()}}`;
}

const documents = fc
  .tuple(
    fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue(), { noNullPrototype: true }),
    fc.array(fc.jsonValue(), { maxLength: 8 }),
    fc.array(WHITE_SPACE, { minLength: 1, maxLength: 30 }),
  )
  .map(([others, results, spaces]) => {
    let turn = 0;
    const space = (): string => spaces[turn++ % spaces.length] ?? '';
    const text = `${space()}${printWith({ ...others, results, status: 'OK' }, space)}${space()}`;
    return { text, results, spaceless: printWith({ ...others, results, status: 'OK' }, () => '') };
  });

test('property: any document in any style is cut like an array is', () => {
  fc.assert(
    fc.property(documents, fc.nat({ max: 9 }), ({ text }, bound) => {
      const result = cut(text, bound);
      const original = JSON.parse(text) as { results: unknown[] };
      const expected = { ...original, results: original.results.slice(0, bound) };
      assert.deepEqual(JSON.parse(result), expected);
      assert.equal(cut(result, bound), result);
      assert.ok(!result.includes('\n\n') && !result.startsWith('\n') && !result.endsWith('\n'));
    }),
    { numRuns: 500 },
  );
});

test('property: what is kept is text of the original', () => {
  fc.assert(
    fc.property(documents, fc.nat({ max: 9 }), ({ spaceless, results }, bound) => {
      const kept = results.slice(0, bound).map((result) => printWith(result, () => ''));
      assert.ok(cut(spaceless, bound).includes(`[${kept.join(',')}]`));
    }),
  );
});

test('property: accepts just what JSON.parse accepts', () => {
  const nearlyJson = fc
    .tuple(
      documents,
      fc.nat(),
      fc.constantFrom('', '"', ',', '{', ']', '\\', '0', 'e', '-', '.', ' '),
      fc.nat({ max: 2 }),
    )
    .map(([{ text }, at, insert, remove]) => {
      const position = at % (text.length + 1);
      return text.slice(0, position) + insert + text.slice(position + remove);
    });
  fc.assert(
    fc.property(nearlyJson, (text) => {
      const bytes = Buffer.from(text);
      let parsed: unknown;
      try {
        parsed = JSON.parse(bytes.toString());
      } catch {
        assert.throws(() => checkNearbyJson(bytes), PlacesError);
        return;
      }
      const { results, status } = parsed as { results?: unknown; status?: unknown };
      if (Array.isArray(results) || (typeof status === 'string' && status !== '' && status !== 'OK'))
        checkNearbyJson(bytes);
    }),
    { numRuns: 2000 },
  );
});

test('the status of an answer is told for the log, short and printable', () => {
  const statusOf = (document: string): string => cutNearbyJson(Buffer.from(document), 1).status;
  assert.equal(statusOf('{"results":[],"status":"REQUEST_DENIED"}'), 'REQUEST_DENIED');
  assert.equal(statusOf('{"results":[{"status":"inner"}],"status":"OK"}'), 'OK');
  assert.equal(statusOf(`{"status":"\u00e9${'x'.repeat(100)}"}`), `??${'x'.repeat(38)}`);
});
