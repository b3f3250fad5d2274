import { addStatistics, Bleu } from 'sacrebleu-ts';
import { UserError } from '../errors.js';
import { log } from '../log.js';
import { parseJsonOptions, snakeCase } from '../options/json-options.js';
import { defineOptions } from '../options/schema.js';
import { selectOptions } from '../options/select.js';
import type { TranslationModel } from '../plugins/model.js';
import type { SearchInput } from '../search/index.js';
import { checkStrategies, type SearchOptions, SequenceGenerator, searchOptions, symbolsOf } from '../search/index.js';
import type { SourceBatch, TranslationBatch } from '../tasks/collate.js';
import type { TranslationTask } from '../tasks/translation.js';
import { createMosesDetokenizer } from '../text/moses/detokenizer.js';
import { roundTo } from './number-format.js';
import type { EvaluationOptions } from './options.js';
import type { BatchedSplit } from './train-data.js';
import type { BleuEvaluation } from './validation.js';

/** The text of an unknown word, as in fairseq. No tokenizer splits these two, and they never match each other. */
const UNKNOWN = { hypothesis: 'UNKNOWNTOKENINHYP', reference: 'UNKNOWNTOKENINREF' };

/**
 * Prepares sacreBLEU of validation data. N-gram counts are summed over the batches. The references are the binarised
 * targets, detokenized in the same way as the hypotheses.
 * @returns a function that starts one evaluation
 * @throws UserError if --eval-bleu-args names an unknown option, or options that cannot be combined
 */
export function startBleuEvaluation(
  task: TranslationTask,
  model: TranslationModel,
  options: EvaluationOptions,
): () => BleuEvaluation {
  const search = searchOf(task, model, options);
  const bleu = new Bleu({ tokenize: options.evalTokenizedBleu ? 'none' : '13a' });
  const toText = textOf(task, options);
  return () => {
    let statistics = bleu.noStatistics();
    return {
      async add(batch) {
        const translations: Awaited<ReturnType<SequenceGenerator['translate']>> = [];
        for (const part of partsOfBatch(batch, sentencesAtOnce(search, batch))) {
          translations.push(...(await search.translate(part)));
        }
        const hypotheses = translations.map(([best]) => toText(best?.tokens ?? [], UNKNOWN.hypothesis));
        const references = targetsOf(batch).map((target) => toText(target, UNKNOWN.reference));
        if (options.evalBleuPrintSamples) {
          log.message(`example hypothesis: ${hypotheses[0]}`);
          log.message(`example reference: ${references[0]}`);
        }
        statistics = addStatistics(statistics, bleu.statistics(hypotheses, [references]));
      },
      async score(workers) {
        const all = await workers.exchange(statistics);
        return roundTo(bleu.score(all.reduce(addStatistics)).score, 2);
      },
    };
  };
}

/**
 * The largest number of output positions that are searched at once, over all hypotheses. In a model with 6 layers of
 * width 512, the keys and values of one position take 24 KiB, of all positions 384 MiB. An untrained model often
 * generates the longest output that the options allow.
 */
const MAX_POSITIONS = 16_384;

const sentencesAtOnce = (search: SequenceGenerator, batch: TranslationBatch): number =>
  Math.max(1, Math.floor(MAX_POSITIONS / (search.options.beam * (search.longestOutput(batch) + 1))));

/**
 * Splits a batch into parts of at most N sentences. The parts keep its padded length, which limits the output's length.
 */
export function partsOfBatch(batch: SourceBatch, maxSentences: number): SearchInput[] {
  const { ids, batchSize, sourceLength, sourceTokens, sourceLengths } = batch;
  const parts: SearchInput[] = [];
  for (let from = 0; from < batchSize; from += maxSentences) {
    const to = Math.min(from + maxSentences, batchSize);
    parts.push({
      ids: ids.subarray(from, to),
      batchSize: to - from,
      sourceLength,
      sourceTokens: sourceTokens.subarray(from * sourceLength, to * sourceLength),
      sourceLengths: sourceLengths.subarray(from, to),
    });
  }
  return parts;
}

/** @throws UserError if --eval-bleu-args has options that cannot be combined */
function searchOf(
  task: TranslationTask,
  model: TranslationModel,
  { evalBleuArgs }: EvaluationOptions,
): SequenceGenerator {
  const options = searchArguments(evalBleuArgs);
  try {
    checkStrategies(options, snakeCase);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`--eval-bleu-args: ${error.problem}`, error.remedy, { cause: error });
  }
  return new SequenceGenerator([model], symbolsOf(task.targetDictionary), options);
}

/**
 * Checks that every batch of the validation data can be searched.
 * @throws UserError if min_len of --eval-bleu-args is greater than the maximum output length of a batch
 */
export function checkOutputLengths(
  task: TranslationTask,
  model: TranslationModel,
  options: EvaluationOptions,
  splits: readonly BatchedSplit[],
): void {
  const search = searchOf(task, model, options);
  const { minLen, maxLenB, matchSourceLen } = search.options;
  const isAlwaysLongEnough = !matchSourceLen && minLen <= Math.min(maxLenB, search.maxPositions.target - 1);
  if (isAlwaysLongEnough) return; // whatever the source
  for (const { data, batches } of splits) {
    for (const ids of batches) {
      const batch = task.collate(data, ids);
      try {
        for (const part of partsOfBatch(batch, sentencesAtOnce(search, batch))) search.longestOutput(part);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        throw new UserError(
          `--eval-bleu-args: min_len ${minLen} is greater than the maximum output length of a batch of the split '${data.split}'`,
          'lower min_len, or raise max_len_a or max_len_b',
          { cause: error },
        );
      }
    }
  }
}

const searchArguments = (json: string): SearchOptions =>
  selectOptions(searchOptions, parseJsonOptions('--eval-bleu-args', json, searchOptions));

/** The options of fairseq's moses. Only the target language affects detokenizing; the others are for the tokenizer. */
const detokenizerOptions = defineOptions({
  sourceLang: { kind: 'string', default: null, help: 'language of the tokenizer' },
  targetLang: { kind: 'string', default: null, help: 'language of the detokenizer' },
  mosesNoDashSplits: { kind: 'boolean', default: false, help: 'an option of the tokenizer' },
  mosesNoEscape: { kind: 'boolean', default: false, help: 'an option of the tokenizer' },
});

const detokenizerLanguage = (json: string): string | null =>
  selectOptions(detokenizerOptions, parseJsonOptions('--eval-bleu-detok-args', json, detokenizerOptions)).targetLang;

/** Converts ids to text: drops padding and `</s>`, joins subwords and detokenizes if --eval-bleu-detok is moses. */
function textOf(
  { targetDictionary, targetLang }: TranslationTask,
  { evalBleuRemoveBpe, evalBleuDetok, evalBleuDetokArgs }: EvaluationOptions,
): (ids: Iterable<number>, unknown: string) => string {
  const ignore = new Set([targetDictionary.padIndex]);
  const language = detokenizerLanguage(evalBleuDetokArgs) ?? targetLang;
  const detokenize = evalBleuDetok === 'moses' ? createMosesDetokenizer(language) : (line: string): string => line;
  return (ids, unkString) =>
    detokenize(targetDictionary.string(ids, { bpeSymbol: evalBleuRemoveBpe, unkString, ignore }));
}

/** The rows of a batch's targets, including padding. */
function targetsOf({ batchSize, target, targetLength }: TranslationBatch): Int32Array[] {
  return Array.from({ length: batchSize }, (_, row) => target.subarray(row * targetLength, (row + 1) * targetLength));
}
