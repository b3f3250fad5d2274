import { appendFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export async function load(url, context, next) {
  if (url.startsWith('file:')) appendFileSync(process.env.TRACE_FILE, `${fileURLToPath(url)}\n`);
  return next(url, context);
}
