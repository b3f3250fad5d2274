import { splitFile } from './corpus/byte-range.js';
import type { CorpusPool } from './corpus/corpus-pool.js';
import { Dictionary, type FinalizeOptions } from './dictionary.js';
import { emptyFile } from './empty-file.js';

/**
 * Counts the tokens of texts and builds their dictionary.
 *
 * @throws UserError if a text is missing, empty or not UTF-8
 */
export async function buildDictionary(
  paths: Iterable<string>,
  pool: CorpusPool,
  options: FinalizeOptions,
): Promise<Dictionary> {
  const counted = new Dictionary();
  const files = [...new Set(paths)].map((path) => ({ path, ranges: splitFile(path, pool.workers) }));
  const jobs = files.map(({ ranges }) => Promise.all(ranges.map((range) => pool.count(range))));
  for (const job of jobs) job.catch(() => {}); // thrown below, that of the first file first
  for (const [at, { path }] of files.entries()) {
    const shares = await jobs[at]!;
    if (shares.every(({ lines }) => lines === 0)) throw emptyFile(path);
    for (const { tokens, counts } of shares) counted.addAll(tokens, counts);
  }
  return counted.finalize(options);
}
