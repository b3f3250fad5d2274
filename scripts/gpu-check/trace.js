// Records every file that a process loads, for bundle.js: node --import trace.js …, into the file of $TRACE_FILE.
import { appendFileSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { fileURLToPath } from 'node:url';

register('./trace-hooks.js', import.meta.url);
const require = createRequire(import.meta.url);
process.on('exit', () => {
  // CommonJS files and add-ons do not pass the hooks.
  const files = Object.keys(require.cache);
  appendFileSync(process.env.TRACE_FILE, files.map((file) => `${file}\n`).join(''));
});
appendFileSync(process.env.TRACE_FILE, `${fileURLToPath(import.meta.url)}\n`);
