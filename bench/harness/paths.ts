import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A path in the repository; the compiled benchmarks are in dist/bench. */
export const inRepository = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** The Multi30k data that most benchmarks use. Ends the process if the folder does not exist. */
export function requireData(folder: string): string {
  if (existsSync(`${folder}/dict.en.txt`)) return folder;
  console.error(`bench: ${folder} is missing; run bash scripts/prepare-multi30k.sh, or set --data`);
  return process.exit(2);
}
