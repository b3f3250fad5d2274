import { EVALUATION, type TokenTable, type TranslationModel } from '../../src/plugins/model.js';
import type { Hypothesis } from '../../src/search/hypothesis.js';
import * as tf from '../../src/tf/index.js';

interface PlainSearch {
  readonly beam: number;
  readonly maxLength: number; // tokens without </s>
  readonly noRepeatNgramSize: number;
  readonly padIndex: number;
  readonly eosIndex: number;
}

interface Unfinished {
  readonly tokens: readonly number[];
  readonly total: number;
}

/**
 * Beam search by its definition, one sentence at a time: each step runs the whole decoder over the hypotheses again, a
 * continuation that would make an n-gram occur twice has log p −∞, an `</s>` among the best `beam` of 2 · beam
 * continuations ends a hypothesis, and the best `beam` others go on.
 * @returns the tokens of the hypotheses and their scores divided by length, best first
 */
export function plainBeamSearch(
  model: TranslationModel,
  source: TokenTable, // one sentence
  options: PlainSearch,
): Pick<Hypothesis, 'tokens' | 'score'>[] {
  const { beam, maxLength, noRepeatNgramSize, padIndex, eosIndex } = options;
  const finished: Pick<Hypothesis, 'tokens' | 'score'>[] = [];
  let active: Unfinished[] = [{ tokens: [], total: 0 }];
  for (let step = 0; step <= maxLength && finished.length < beam; step++) {
    const continuations = active.flatMap(({ tokens, total }) =>
      [...nextLogProbs(model, source, [eosIndex, ...tokens])].map((logProb, token) => {
        const isPossible =
          token === eosIndex
            ? step >= 1
            : token !== padIndex &&
              step < maxLength &&
              (noRepeatNgramSize === 0 || !repeatsNgram([...tokens, token], noRepeatNgramSize));
        return { tokens: [...tokens, token], total: isPossible ? total + logProb : Number.NEGATIVE_INFINITY };
      }),
    );
    const best = continuations.sort((a, b) => (a.total === b.total ? 0 : b.total - a.total)).slice(0, 2 * beam);
    const hasEnded = ({ tokens, total }: Unfinished): boolean =>
      tokens.at(-1) === eosIndex && total > Number.NEGATIVE_INFINITY;
    for (const { tokens, total } of best
      .slice(0, beam)
      .filter(hasEnded)
      .slice(0, beam - finished.length)) {
      finished.push({ tokens: Int32Array.from(tokens), score: total / tokens.length });
    }
    active = best.filter((continuation) => !hasEnded(continuation)).slice(0, beam);
  }
  return finished.sort((a, b) => b.score - a.score);
}

/** Whether an n-gram of this size occurs twice. */
export function repeatsNgram(tokens: readonly unknown[], size: number): boolean {
  const ngrams = tokens.flatMap((_, start) =>
    start + size <= tokens.length ? [tokens.slice(start, start + size).join(' ')] : [],
  );
  return new Set(ngrams).size < ngrams.length;
}

function nextLogProbs(model: TranslationModel, source: TokenTable, previous: readonly number[]): Float32Array {
  return tf.tidy(() => {
    const table = { ids: Int32Array.from(previous), batch: 1, time: previous.length };
    const { features } = model.decode(table, model.encode(source, EVALUATION), EVALUATION);
    const newest = tf.slice(features, [previous.length - 1, 0], [1, -1]);
    const { weights } = model.classifier(newest);
    return tf.logSoftmax(tf.matMul(newest, weights, false, true)).dataSync() as Float32Array;
  });
}
