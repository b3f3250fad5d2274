import type { WeightPrecision } from '../../checkpoint/compact-weights.js';
import { UserError } from '../../errors.js';
import { defineOptions } from '../../options/schema.js';
import { checkStrategies, type SearchOptions, searchOptions } from '../../search/index.js';

/** The options of the search for plain text, which has neither references nor phrases. */
export const { prefixSize: _, constraints: __, ...searchOfText } = searchOptions;

/** Options of `generate` and `interactive` that select the models. */
export const modelSelection = defineOptions({
  path: {
    kind: 'string',
    default: null,
    metavar: 'STEM[:STEM…]',
    group: 'Model',
    help: 'checkpoint stem, fairseq .pt file or model folder; several, separated by colons, form an ensemble',
  },
  modelOverrides: {
    kind: 'string',
    default: '{}',
    metavar: 'JSON',
    group: 'Model',
    help: `model options to override, e.g. '{"activation_fn": "gelu"}'`,
  },
});

const NOT_ITERATIVE = 'models that refine whole outputs are not supported; remove the flag';
const ONE_TOKENIZER =
  "BLEU uses sacreBLEU's default tokenizer, 13a; to change it, score the translations with sacrebleu-ts";
const ONE_PASS = 'models that decode twice are not supported; remove the flag';

/** fairseq's options of generation that are not supported, with what to do instead. */
export const unsupportedFlags: Readonly<Record<string, string>> = {
  '--lm-path': 'the search does not use a language model; rescore the --nbest translations with one instead',
  '--lm-weight': 'the search does not use a language model; rescore the --nbest translations with one instead',
  '--print-step': NOT_ITERATIVE,
  '--retain-iter-history': NOT_ITERATIVE,
  '--iter-decode-eos-penalty': NOT_ITERATIVE,
  '--iter-decode-max-iter': NOT_ITERATIVE,
  '--iter-decode-force-max-iter': NOT_ITERATIVE,
  '--iter-decode-with-beam': NOT_ITERATIVE,
  '--iter-decode-with-external-reranker': NOT_ITERATIVE,
  '--decoding-format': NOT_ITERATIVE,
  '--beam-mt': ONE_PASS,
  '--max-len-a-mt': ONE_PASS,
  '--max-len-b-mt': ONE_PASS,
  '--lenpen-mt': ONE_PASS,
  '--sacrebleu-tokenizer': ONE_TOKENIZER,
  '--sacrebleu-lowercase': ONE_TOKENIZER,
  '--sacrebleu-char-level': ONE_TOKENIZER,
  '--retain-dropout': 'models translate without dropout; for several outputs per sentence, use --sampling',
  '--retain-dropout-modules': 'models translate without dropout; for several outputs per sentence, use --sampling',
  '--no-seed-provided': 'sampling always uses a seed; set another --seed for other samples',
  '--eos-token': 'every dictionary has </s>; remove the flag',
  '--arch': 'the checkpoint records its architecture; remove the flag, or see --model-overrides',
};

/**
 * Checks options that depend on each other.
 * @returns the checkpoints of the ensemble
 * @throws UserError for options that contradict each other
 */
export function checkTranslationOptions(
  options: Omit<SearchOptions, 'prefixSize'> & { readonly path: string | null },
): readonly string[] {
  const { path, nbest, beam } = options;
  if (path === null) {
    throw new UserError('--path is missing', 'name the checkpoint, e.g. --path checkpoints/checkpoint_best');
  }
  if (nbest > beam) {
    throw new UserError(`--nbest ${nbest} is more than --beam ${beam}`, 'raise --beam or lower --nbest');
  }
  checkStrategies(options);
  return path.split(':').filter((stem) => stem !== '');
}

/** The precision that flags choose; null without a flag. @throws UserError for both flags */
export function chosenPrecision({
  int8,
  bf16,
}: {
  readonly int8: boolean;
  readonly bf16: boolean;
}): Exclude<WeightPrecision, 'float32'> | null {
  if (int8 && bf16) throw new UserError('--int8 and --bf16 exclude each other', 'choose one');
  return int8 ? 'int8' : bf16 ? 'bfloat16' : null;
}
