// The schema that editors read is the one that the reader checks by.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { jsonSchemaText } from './config-schema.ts';

test('drover.schema.json is up to date', () => {
  const written = readFileSync(new URL('../../../drover.schema.json', import.meta.url), 'utf8');
  assert.equal(written, jsonSchemaText(), 'run `npm run schema` and commit drover.schema.json');
});
