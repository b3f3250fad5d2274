import { UserError } from '../../errors.js';
import { defineOptions } from '../../options/schema.js';
import { checkStrategies, type SearchOptions } from '../../search/index.js';

/** Which models translate: of `generate` and `interactive`. */
export const modelSelection = defineOptions({
  path: {
    kind: 'string',
    default: null,
    metavar: 'STEM[:STEM…]',
    group: 'Model',
    help: "checkpoint, by its stem or fairseq's .pt; several, separated by colons, are an ensemble",
  },
  modelOverrides: {
    kind: 'string',
    default: '{}',
    metavar: 'JSON',
    group: 'Model',
    help: `options of the model to replace, e.g. '{"activation_fn": "gelu"}'`,
  },
});

const NOT_ITERATIVE = 'it belongs to models that refine whole outputs, which are not there; leave it out';
const ONE_TOKENIZER = "BLEU is that of sacreBLEU's default, 13a; score the translations with sacrebleu-ts for another";
const ONE_PASS = 'it belongs to models that decode twice, which are not there; leave it out';

/** Options of fairseq's generation that there are on purpose not. */
export const unsupportedFlags: Readonly<Record<string, string>> = {
  '--lm-path': 'language models are not fused into the search; score the --nbest translations with one instead',
  '--lm-weight': 'language models are not fused into the search; score the --nbest translations with one instead',
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
  '--retain-dropout': 'models translate without dropout; for several outputs of a sentence use --sampling',
  '--retain-dropout-modules': 'models translate without dropout; for several outputs of a sentence use --sampling',
  '--no-seed-provided': 'sampling is seeded always; give another --seed for other draws',
  '--eos-token': 'every dictionary has </s>; leave it out',
  '--arch': 'the checkpoint says what its model is; leave it out, or see --model-overrides',
};

/**
 * @returns the checkpoints of the ensemble
 * @throws UserError for options that do not go together
 */
export function checkTranslationOptions(
  options: Omit<SearchOptions, 'prefixSize'> & { readonly path: string | null },
): readonly string[] {
  const { path, nbest, beam } = options;
  if (path === null) {
    throw new UserError('no checkpoint is given', 'add --path, e.g. --path checkpoints/checkpoint_best');
  }
  if (nbest > beam) {
    throw new UserError(`--nbest ${nbest} is more than --beam ${beam}`, 'raise --beam or lower --nbest');
  }
  checkStrategies(options);
  return path.split(':').filter((stem) => stem !== '');
}
