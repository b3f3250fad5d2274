import { UserError } from '../errors.js';
import { defineOptions, type OptionsOf } from '../options/schema.js';
import { chainCodecs, type TextCodec } from '../text/codec.js';

/** fairseq's options of tokenization and subwords, for text that is neither tokenized nor split yet. */
export const codecOptions = defineOptions({
  tokenizer: {
    kind: 'choice',
    choices: ['moses'],
    default: null,
    group: 'Text',
    help: 'tokenize sources, and detokenize what D- lines say',
  },
  mosesNoDashSplits: { kind: 'boolean', default: false, group: 'Text', help: 'moses: leave hyphens in words alone' },
  mosesNoEscape: { kind: 'boolean', default: false, group: 'Text', help: 'moses: no entities for quotes and the like' },
  bpe: {
    kind: 'choice',
    choices: ['subword_nmt', 'sentencepiece'],
    default: null,
    group: 'Text',
    help: 'split sources into subwords, and join those of D- lines',
  },
  bpeCodes: { kind: 'string', default: null, metavar: 'FILE', group: 'Text', help: 'subword_nmt: the codes' },
  bpeSeparator: {
    kind: 'string',
    default: '@@',
    metavar: 'MARK',
    group: 'Text',
    help: 'subword_nmt: ends every subword but the last of a word',
  },
  sentencepieceModel: {
    kind: 'string',
    default: null,
    metavar: 'FILE',
    group: 'Text',
    help: 'sentencepiece: the model',
  },
});

/** The values of `codecOptions`. */
export type CodecOptions = OptionsOf<typeof codecOptions>;

interface Languages {
  readonly sourceLang: string;
  readonly targetLang: string;
}

/** Each scheme of subwords with what it needs; loaded when it is asked for, as the tokenizer is. */
const SUBWORDS: Readonly<Record<NonNullable<CodecOptions['bpe']>, (options: CodecOptions) => Promise<TextCodec>>> = {
  async subword_nmt({ bpeCodes, bpeSeparator }) {
    if (bpeCodes === null) throw new UserError('--bpe subword_nmt needs --bpe-codes', 'name the file with the codes');
    const { createBpeCodec } = await import('../text/bpe/codec.js');
    return createBpeCodec(bpeCodes, bpeSeparator);
  },
  async sentencepiece({ sentencepieceModel }) {
    if (sentencepieceModel === null) {
      throw new UserError('--bpe sentencepiece needs --sentencepiece-model', 'name the SentencePiece model');
    }
    const { loadSentencePieceCodec } = await import('../text/sentencepiece/codec.js');
    return loadSentencePieceCodec(sentencepieceModel);
  },
};

/**
 * The way from text to tokens and back that the options ask for: the tokenizer, then subwords.
 *
 * @throws UserError for a file that is missing or damaged, and options without the one that they belong to
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
