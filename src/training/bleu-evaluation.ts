import { addStatistics, Bleu } from 'sacrebleu-ts';
import { log } from '../log.js';
import { parseJsonOptions } from '../options/json-options.js';
import { defineOptions } from '../options/schema.js';
import { selectOptions } from '../options/select.js';
import type { TranslationModel } from '../plugins/model.js';
import { type SearchOptions, SequenceGenerator, searchOptions, symbolsOf } from '../search/index.js';
import type { TranslationBatch } from '../tasks/collate.js';
import type { TranslationTask } from '../tasks/translation.js';
import { createMosesDetokenizer } from '../text/moses/detokenizer.js';
import { roundTo } from './number-format.js';
import type { EvaluationOptions } from './options.js';
import { partsOfBatch } from './parts-of-batch.js';
import type { BleuEvaluation } from './validation.js';

/** What an unknown word reads as; fairseq's words, which no tokenizer splits and nothing matches. */
const UNKNOWN = { hypothesis: 'UNKNOWNTOKENINHYP', reference: 'UNKNOWNTOKENINREF' };

/**
 * Prepares sacreBLEU of validation data: n-gram counts are summed over the batches, references are the binarised
 * targets, detokenized like the hypotheses.
 * @returns the function that begins one evaluation
 * @throws UserError for arguments of the search that do not exist
 */
export function startBleuEvaluation(
  task: TranslationTask,
  model: TranslationModel,
  options: EvaluationOptions,
): () => BleuEvaluation {
  const search = new SequenceGenerator(
    [model],
    symbolsOf(task.targetDictionary),
    searchArguments(options.evalBleuArgs),
  );
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
      score: () => roundTo(bleu.score(statistics).score, 2),
    };
  };
}

/**
 * Positions of outputs that are searched at once, over all hypotheses: the keys and values of a model with 6 layers, 512
 * wide, take 24 KiB each, 384 MiB in all. An untrained model goes to the longest output that the options allow.
 */
const MOST_POSITIONS = 16_384;

const sentencesAtOnce = (search: SequenceGenerator, batch: TranslationBatch): number =>
  Math.max(1, Math.floor(MOST_POSITIONS / (search.options.beam * (search.longestOutput(batch) + 1))));

const searchArguments = (json: string): SearchOptions =>
  selectOptions(searchOptions, parseJsonOptions('--eval-bleu-args', json, searchOptions));

/** What fairseq's moses takes. Only the target language bears on detokenizing; the others are of its tokenizer. */
const detokenizerOptions = defineOptions({
  sourceLang: { kind: 'string', default: null, help: 'language of the tokenizer' },
  targetLang: { kind: 'string', default: null, help: 'language of the detokenizer' },
  mosesNoDashSplits: { kind: 'boolean', default: false, help: 'of the tokenizer' },
  mosesNoEscape: { kind: 'boolean', default: false, help: 'of the tokenizer' },
});

const detokenizerLanguage = (json: string): string | null =>
  selectOptions(detokenizerOptions, parseJsonOptions('--eval-bleu-detok-args', json, detokenizerOptions)).targetLang;

/** From ids to text: without padding and `</s>`, subwords joined, detokenized where asked for. */
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

/** The rows of a batch's targets, padding included. */
function targetsOf({ batchSize, target, targetLength }: TranslationBatch): Int32Array[] {
  return Array.from({ length: batchSize }, (_, row) => target.subarray(row * targetLength, (row + 1) * targetLength));
}
