import { UserError } from '../errors.js';

/** How many characters (code points) are compared together. */
const GRAM_LENGTH = 4;

/**
 * The baseline that every trained model has to beat: each test source is answered with the translation of the training
 * source most like it. Likeness is the Jaccard similarity of the sets of character 4-grams, |A ∩ B| / |A ∪ B|; of
 * equally similar sources the first is taken. A text shorter than four characters is one gram.
 *
 * @throws UserError if there is a test source but no training pair
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

/** The training sources that have each gram, in order. */
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
