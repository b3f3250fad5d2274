import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A path of the repository; the compiled benchmarks lie in dist/bench. */
export const inRepository = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** The Multi30k data that most questions are asked of. Ends the process where there are none. */
export function requireData(folder: string): string {
  if (existsSync(`${folder}/dict.en.txt`)) return folder;
  console.error(`bench: ${folder} is missing; bash scripts/prepare-multi30k.sh makes it, or give --data`);
  return process.exit(2);
}
