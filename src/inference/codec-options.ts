import { UserError } from '../errors.js';
import { defineOptions, type OptionsOf } from '../options/schema.js';
import { chainCodecs, type TextCodec } from '../text/codec.js';

/** fairseq's options for tokenization and subwords, for raw text. */
export const codecOptions = defineOptions({
  tokenizer: {
    kind: 'choice',
    choices: ['moses'],
    default: null,
    group: 'Text',
    help: 'tokenize sources and detokenize D- lines',
  },
  mosesNoDashSplits: { kind: 'boolean', default: false, group: 'Text', help: 'moses: do not split words at hyphens' },
  mosesNoEscape: {
    kind: 'boolean',
    default: false,
    group: 'Text',
    help: 'moses: do not replace quotes, brackets and other special characters with entities',
  },
  bpe: {
    kind: 'choice',
    choices: ['subword_nmt', 'sentencepiece'],
    default: null,
    group: 'Text',
    help: 'split sources into subwords and join the subwords of D- lines',
  },
  bpeCodes: { kind: 'string', default: null, metavar: 'FILE', group: 'Text', help: 'subword_nmt: BPE codes' },
  bpeSeparator: {
    kind: 'string',
    default: '@@',
    metavar: 'MARK',
    group: 'Text',
    help: 'subword_nmt: marks the end of every subword except the last of a word',
  },
  sentencepieceModel: {
    kind: 'string',
    default: null,
    metavar: 'FILE',
    group: 'Text',
    help: 'sentencepiece: the model file',
  },
});

/** The values of `codecOptions`. */
export type CodecOptions = OptionsOf<typeof codecOptions>;

interface Languages {
  readonly sourceLang: string;
  readonly targetLang: string;
}

/** Creates the codec of each subword scheme. Schemes, like the tokenizer, are imported on demand. */
const SUBWORDS: Readonly<Record<NonNullable<CodecOptions['bpe']>, (options: CodecOptions) => Promise<TextCodec>>> = {
  async subword_nmt({ bpeCodes, bpeSeparator }) {
    if (bpeCodes === null)
      throw new UserError('--bpe subword_nmt requires --bpe-codes', 'name the file with the codes');
    const { createBpeCodec } = await import('../text/bpe/codec.js');
    return createBpeCodec(bpeCodes, bpeSeparator);
  },
  async sentencepiece({ sentencepieceModel }) {
    if (sentencepieceModel === null) {
      throw new UserError('--bpe sentencepiece requires --sentencepiece-model', 'name the SentencePiece model');
    }
    const { loadSentencePieceCodec } = await import('../text/sentencepiece/codec.js');
    return loadSentencePieceCodec(sentencepieceModel);
  },
};

/**
 * Creates the codec between text and tokens: the tokenizer, then subwords.
 *
 * @throws UserError if a file is missing or damaged, or an option lacks the option that it belongs to
 */
export async function createCodec(options: CodecOptions, { sourceLang, targetLang }: Languages): Promise<TextCodec> {
  const { tokenizer, mosesNoDashSplits, mosesNoEscape, bpe, bpeCodes, sentencepieceModel } = options;
  if (bpe !== 'subword_nmt' && bpeCodes !== null) {
    throw new UserError('--bpe-codes requires --bpe subword_nmt', 'add --bpe subword_nmt');
  }
  if (bpe !== 'sentencepiece' && sentencepieceModel !== null) {
    throw new UserError('--sentencepiece-model requires --bpe sentencepiece', 'add --bpe sentencepiece');
  }
  const codecs: TextCodec[] = [];
  if (tokenizer === 'moses') {
    const { createMosesCodec } = await import('../text/moses/codec.js');
    codecs.push(
      createMosesCodec({
        sourceLanguage: sourceLang,
        targetLanguage: targetLang,
        aggressiveHyphens: !mosesNoDashSplits,
        escape: !mosesNoEscape,
      }),
    );
  }
  if (bpe !== null) codecs.push(await SUBWORDS[bpe](options));
  return chainCodecs(codecs);
}
