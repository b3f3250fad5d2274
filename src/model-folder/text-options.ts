import { UserError } from '../errors.js';
import { codecOptions } from '../inference/codec-options.js';
import { defineOptions, type OptionsOf } from '../options/schema.js';
import type { DecodeStep, EncodeStep, Manifest } from './manifest.js';

/** Options of `export`: how a sentence becomes the tokens that the model was trained on. */
export const textOptions = defineOptions({
  normalizePunctuation: {
    kind: 'boolean',
    default: false,
    group: 'Text',
    help: 'normalize quotes, dashes and spaces as normalize-punctuation does',
  },
  tokenizer: {
    kind: 'choice',
    choices: ['moses'],
    default: null,
    group: 'Text',
    help: 'tokenize sentences as tokenize does, and detokenize translations',
  },
  mosesNoDashSplits: codecOptions.mosesNoDashSplits,
  mosesNoEscape: codecOptions.mosesNoEscape,
  lowercase: { kind: 'boolean', default: false, group: 'Text', help: 'lowercase sentences as lowercase does' },
  truecaseModel: {
    kind: 'string',
    default: null,
    metavar: 'FILE',
    group: 'Text',
    help: 'truecase sentences as truecase does with this model of train-truecaser, and detruecase translations',
  },
  bpeCodes: {
    kind: 'string',
    default: null,
    metavar: 'FILE',
    group: 'Text',
    help: 'split words into subwords with these codes of learn-bpe',
  },
  bpeSeparator: codecOptions.bpeSeparator,
  spmModel: {
    kind: 'string',
    default: null,
    metavar: 'FILE',
    group: 'Text',
    help: 'split sentences into pieces with this SentencePiece model',
  },
});

/** The values of `textOptions`. */
export type TextOptions = OptionsOf<typeof textOptions>;

/** The steps between text and tokens, and the files that they need. */
export interface TextSteps {
  readonly encode: readonly EncodeStep[];
  readonly decode: readonly DecodeStep[];
  /** The file to copy, by its name in the model's folder. */
  readonly files: ReadonlyMap<string, string>;
}

/** @throws UserError for options that exclude each other */
export function textSteps(options: TextOptions, { source, target }: Manifest['languages']): TextSteps {
  checkCombination(options);
  const { normalizePunctuation, tokenizer, mosesNoDashSplits, mosesNoEscape, lowercase } = options;
  const { truecaseModel, bpeCodes, bpeSeparator: separator, spmModel } = options;
  const encode: EncodeStep[] = [{ step: 'normalize-unicode' }];
  const decode: DecodeStep[] = []; // in reverse order
  const files = new Map<string, string>();
  const copied = (name: string, path: string): string => {
    files.set(name, path);
    return name;
  };
  if (normalizePunctuation) encode.push({ step: 'normalize-punctuation', language: source });
  if (tokenizer === 'moses') {
    encode.push({ step: 'tokenize', language: source, aggressiveHyphens: !mosesNoDashSplits, escape: !mosesNoEscape });
    decode.push({ step: 'detokenize', language: target });
  }
  if (lowercase) encode.push({ step: 'lowercase' });
  if (truecaseModel !== null) {
    encode.push({ step: 'truecase', file: copied(`truecase.${source}`, truecaseModel) });
    decode.push({ step: 'detruecase' });
  }
  if (bpeCodes !== null) {
    encode.push({ step: 'split-subwords', file: copied('codes', bpeCodes), separator });
    decode.push({ step: 'join-subwords', separator });
  }
  if (spmModel !== null) {
    encode.push({ step: 'split-sentencepiece', file: copied('spm.model', spmModel) });
    decode.push({ step: 'join-sentencepiece' });
  }
  return { encode, decode: decode.reverse(), files };
}

function checkCombination({ lowercase, truecaseModel, bpeCodes, spmModel }: TextOptions): void {
  if (lowercase && truecaseModel !== null) {
    throw new UserError('--lowercase and --truecase-model exclude each other', 'choose what the training text had');
  }
  if (bpeCodes !== null && spmModel !== null) {
    throw new UserError('--bpe-codes and --spm-model exclude each other', 'choose what the training text had');
  }
}
