// Writes drover.schema.json, the JSON Schema of configuration files for editors, from the compiled schema.
// A test fails when it is out of date; run `npm run schema` then.
import { writeFileSync } from 'node:fs';
import { jsonSchemaText } from '../dist/src/server/config-schema.js';

writeFileSync(new URL('../drover.schema.json', import.meta.url), jsonSchemaText());
