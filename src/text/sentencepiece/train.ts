import type { Model } from 'sentencepiece-native';
import { UserError } from '../../errors.js';
import { refusals, requireNative } from './native.js';

/** Options of `spm_train` by name, e.g. `vocab_size`. Omitted options have the library's defaults. */
export type TrainingOptions = Readonly<Record<string, string | number | boolean>>;

/** The contents of the files that SentencePiece's trainer writes. */
export interface TrainedModel {
  /** The contents of the .model file. */
  readonly model: Buffer;
  /** The lines of the .vocab file: `piece<TAB>score`, by id. */
  readonly vocabulary: string[];
}

/** The number of sentences passed to the add-on per call. */
const BATCH = 1000;

/**
 * Trains a SentencePiece model with the system's library, which logs to stderr unless `minloglevel` is above 0.
 * @param sentences read one by one; the library keeps them, or a sample of `input_sentence_size`
 * @throws UserError without the add-on, for options that the library refuses, or if there are no sentences
 */
export function trainSentencePiece(sentences: Iterable<string>, options: TrainingOptions): TrainedModel {
  const { train, Model } = requireNative('training a SentencePiece model');
  const texts = Object.fromEntries(Object.entries(options).map(([name, value]) => [name, String(value)]));
  const longest = Number(options.max_sentence_length ?? DEFAULT_MAX_SENTENCE_LENGTH);
  const batches = inBatches(sentences, longest);
  // Reads the first batch now, to report errors in the text before the library starts its log.
  let ahead = batches.next().value ?? null;
  return refusals('SentencePiece cannot train', 'change the options or the text', () => {
    const model = train(texts, () => {
      const batch = ahead;
      ahead = batch === null ? null : (batches.next().value ?? null);
      return batch;
    });
    return { model, vocabulary: vocabularyLines(new Model(model)) };
  });
}

/** The library's default for `max_sentence_length`. */
const DEFAULT_MAX_SENTENCE_LENGTH = 4192;

/** @param longest the maximum length of a sentence in bytes; the library ignores longer ones */
function* inBatches(sentences: Iterable<string>, longest: number): Generator<string[], void> {
  let batch: string[] = [];
  let any = false;
  let anyTaken = false;
  for (const sentence of sentences) {
    const isBlank = sentence.trim() === '';
    any ||= !isBlank;
    anyTaken ||= !isBlank && Buffer.byteLength(sentence) <= longest;
    batch.push(sentence);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (!any) throw new UserError('the text has no sentences', 'give the text to train on');
  if (!anyTaken) {
    throw new UserError(
      `every sentence has more than ${longest} bytes and is ignored`,
      'raise --max-sentence-length, or split the text into sentences',
    );
  }
  yield batch;
}

function vocabularyLines(model: Model): string[] {
  return model.vocabulary().map(([piece, score]) => `${piece}\t${asText(score)}`);
}

/** Formats with six significant digits, like C++. */
function asText(score: number): string {
  return Object.is(score, -0) ? '-0' : String(Number(score.toPrecision(6)));
}
