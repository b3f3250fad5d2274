import { UserError } from '../errors.js';

/** The number of characters (code points) per n-gram. */
const GRAM_LENGTH = 4;

/**
 * A baseline that every trained model should beat: translates each test source by the translation of the most similar
 * training source. Similarity is the Jaccard similarity of the sets of character 4-grams, |A ∩ B| / |A ∪ B|. Among
 * equally similar sources, the first is used. A text shorter than four characters is one n-gram.
 *
 * @throws UserError if there are test sources but no training pairs
 */
export function nearestNeighbourBaseline(
  train: readonly (readonly [source: string, target: string])[],
  testSources: readonly string[],
): string[] {
  const grams = train.map(([source]) => gramsOf(source));
  const index = indexByGram(grams);
  return testSources.map((source) => {
    const nearest = mostSimilar(gramsOf(source), grams, index);
    if (nearest === undefined)
      throw new UserError('there are no training pairs', 'give training text that is not empty');
    return train[nearest]![1];
  });
}

function gramsOf(text: string): ReadonlySet<string> {
  const characters = Array.from(text);
  const grams = new Set<string>();
  const last = Math.max(0, characters.length - GRAM_LENGTH);
  for (let start = 0; start <= last; start += 1) grams.add(characters.slice(start, start + GRAM_LENGTH).join(''));
  return grams;
}

/** Maps each n-gram to the training sources that contain it, in order. */
function indexByGram(sources: readonly ReadonlySet<string>[]): Map<string, number[]> {
  const index = new Map<string, number[]>();
  for (const [source, grams] of sources.entries()) {
    for (const gram of grams) {
      const holders = index.get(gram);
      if (holders === undefined) index.set(gram, [source]);
      else holders.push(source);
    }
  }
  return index;
}

function mostSimilar(
  query: ReadonlySet<string>,
  sources: readonly ReadonlySet<string>[],
  index: ReadonlyMap<string, readonly number[]>,
): number | undefined {
  const shared = new Uint32Array(sources.length);
  for (const gram of query) for (const source of index.get(gram) ?? []) shared[source]! += 1;
  let best: number | undefined;
  let highest = -1;
  for (const [source, grams] of sources.entries()) {
    const similarity = shared[source]! / (query.size + grams.size - shared[source]!);
    if (similarity > highest) {
      highest = similarity;
      best = source;
    }
  }
  return best;
}
