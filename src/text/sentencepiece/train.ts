import type { Model } from 'sentencepiece-native';
import { UserError } from '../../errors.js';
import { refusals, requireNative } from './native.js';

/** Options of `spm_train` by its names, e.g. `vocab_size`; what is left out has the library's default. */
export type TrainingOptions = Readonly<Record<string, string | number | boolean>>;

/** The contents of the files that SentencePiece's trainer writes. */
export interface TrainedModel {
  /** The content of the .model file. */
  readonly model: Buffer;
  /** The lines of the .vocab file: `piece<TAB>score`, by id. */
  readonly vocabulary: string[];
}

/** Sentences that go to the add-on in one call. */
const BATCH = 1000;

/**
 * Trains a SentencePiece model on the system's library; its log goes to stderr unless `minloglevel` is above 0.
 * @param sentences are read one after the other; the library keeps them, or a sample of `input_sentence_size`
 * @throws UserError without the add-on, for options that the library refuses, and where there are no sentences
 */
export function trainSentencePiece(sentences: Iterable<string>, options: TrainingOptions): TrainedModel {
  const { train, Model } = requireNative('training a SentencePiece model');
  const texts = Object.fromEntries(Object.entries(options).map(([name, value]) => [name, String(value)]));
  const longest = Number(options.max_sentence_length ?? LIBRARY_LONGEST);
  const batches = inBatches(sentences, longest);
  // What is wrong with the text's start is said before the library begins its log.
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

/** The library's own `max_sentence_length`. */
const LIBRARY_LONGEST = 4192;

/** @param longest bytes of a sentence that the library takes */
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
      `every sentence has more than ${longest} bytes, and such are left out`,
      'raise --max-sentence-length, or split the text into sentences',
    );
  }
  yield batch;
}

function vocabularyLines(model: Model): string[] {
  return model.vocabulary().map(([piece, score]) => `${piece}\t${asText(score)}`);
}

/** Six significant digits, as C++ writes numbers. */
function asText(score: number): string {
  return Object.is(score, -0) ? '-0' : String(Number(score.toPrecision(6)));
}
