import { Bleu } from '../bleu.js';
import { Chrf } from '../chrf.js';
import type { Metric } from '../metric.js';
import { Ter } from '../ter.js';
import { TOKENIZER_NAMES, type TokenizerName, UNSUPPORTED_TOKENIZERS } from '../tokenizers/index.js';
import type { Tokenizer } from '../tokenizers/tokenizer.js';
import { didYouMean } from './did-you-mean.js';
import type { Values } from './flags.js';
import { UserError } from './user-error.js';

type MetricName = Values['metrics'][number];

/** The tokenizer by target language, unless `--tokenize` is set. */
const TOKENIZERS: Readonly<Record<string, string>> = { zh: 'zh', ja: 'ja-mecab', ko: 'ko-mecab' };

/**
 * The requested metrics, each once, in the order of the command line.
 * @param sentencePiece the tokenizer of --spm-model
 * @throws UserError
 */
export function metricsFrom(values: Values, sentencePiece: Tokenizer | null): Map<MetricName, Metric> {
  return new Map(values.metrics.map((name) => [name, metricNamed(name, values, sentencePiece)]));
}

function metricNamed(name: MetricName, values: Values, sentencePiece: Tokenizer | null): Metric {
  try {
    if (name === 'bleu') return bleuFrom(values, sentencePiece);
    if (name === 'ter') {
      return new Ter({
        normalized: values.terNormalized,
        noPunct: values.terNoPunct,
        asianSupport: values.terAsianSupport,
        caseSensitive: values.terCaseSensitive,
      });
    }
    return new Chrf({
      charOrder: values.chrfCharOrder,
      wordOrder: values.chrfWordOrder,
      beta: values.chrfBeta,
      lowercase: values.chrfLowercase,
      whitespace: values.chrfWhitespace,
      epsSmoothing: values.chrfEpsSmoothing,
    });
  } catch (error) {
    if (error instanceof RangeError) throw new UserError(name, error.message);
    throw error;
  }
}

function bleuFrom(values: Values, sentencePiece: Tokenizer | null): Bleu {
  const target = values.languagePair?.split('-')[1] ?? '';
  const tokenize = values.tokenize ?? TOKENIZERS[target] ?? '13a';
  const known: readonly string[] = [...TOKENIZER_NAMES, ...Object.keys(UNSUPPORTED_TOKENIZERS)];
  if (sentencePiece === null && !known.includes(tokenize)) {
    throw new UserError(`unknown tokenizer '${tokenize}'`, didYouMean(tokenize, TOKENIZER_NAMES));
  }
  return new Bleu({
    tokenize: sentencePiece ?? (tokenize as TokenizerName),
    lowercase: values.lowercase,
    smoothMethod: values.smoothMethod,
    ...(values.smoothValue !== null && { smoothValue: values.smoothValue }),
    effectiveOrder: values.sentenceLevel,
  });
}
