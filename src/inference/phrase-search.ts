import type { Batching } from './batch-scheduler.js';
import type { LineSearch, TranslatedLine } from './line-search.js';
import type { SourceLine } from './source-lines.js';

/**
 * How lines with and without phrases are batched: in batches of their own, because a line without phrases must get the same
 * translation as in a search that knows none. Both searches use the same models.
 */
export function batchingWithPhrases(
  search: LineSearch,
  phraseSearch: LineSearch,
): Batching<SourceLine, TranslatedLine> {
  const searchOf = ([line]: readonly SourceLine[]): LineSearch => (hasPhrases(line!) ? phraseSearch : search);
  return {
    cut(lines) {
      const [free, constrained] = [lines, lines].map((all, kind) =>
        [...all.keys()].filter((index) => hasPhrases(all[index]!) === (kind === 1)),
      ) as [number[], number[]];
      return [free, constrained].flatMap((indices) => {
        if (indices.length === 0) return [];
        const some = indices.map((index) => lines[index]!);
        return searchOf(some)
          .cut(some)
          .map((batch) => batch.map((position) => indices[position]!));
      });
    },
    compute: (lines) => searchOf(lines).translateBatch(lines),
  };
}

const hasPhrases = ({ phrases }: SourceLine): boolean => phrases.length > 0;
