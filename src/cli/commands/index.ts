import type { CommandDefinition } from '../command.js';

interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Loaded when the command runs, so that `--help` and the text tools never wait for the tensor library. */
  readonly load: () => Promise<CommandDefinition>;
}

// A definition's methods take its own options; the table holds them without that type.
const entry = (name: string, summary: string, load: () => Promise<unknown>): CommandEntry => ({
  name,
  summary,
  load: load as () => Promise<CommandDefinition>,
});

/** Every command of `ts-fairseq`, in the order of `--help`. */
export const commands: readonly CommandEntry[] = [
  entry(
    'preprocess',
    'build dictionaries and binarise parallel text',
    async () => (await import('./preprocess.js')).preprocessCommand,
  ),
  entry(
    'train',
    'train a model with the criterion of your choice',
    async () => (await import('./train.js')).trainCommand,
  ),
  entry('validate', 'the loss of a checkpoint on a split', async () => (await import('./validate.js')).validateCommand),
  entry(
    'average-checkpoints',
    'the mean of several checkpoints',
    async () => (await import('./average-checkpoints.js')).averageCheckpointsCommand,
  ),
  entry(
    'convert',
    "a checkpoint from fairseq's format to ours and back",
    async () => (await import('./convert.js')).convertCommand,
  ),
  entry('generate', 'translate a split and report BLEU', async () => (await import('./generate.js')).generateCommand),
  entry(
    'interactive',
    'translate lines as they come',
    async () => (await import('./interactive.js')).interactiveCommand,
  ),
  entry('score', 'BLEU of a file of translations', async () => (await import('./score.js')).scoreCommand),
  entry(
    'sweep',
    'train and compare every combination of a grid of options',
    async () => (await import('./sweep.js')).sweepCommand,
  ),
  entry('report', 'report a sweep or runs in one HTML file', async () => (await import('./report.js')).reportCommand),
  entry(
    'extract-iwslt',
    'the sentences of IWSLT files: XML and train.tags',
    async () => (await import('./extract-iwslt.js')).extractIwsltCommand,
  ),
  entry('tokenize', 'Moses tokenizer', async () => (await import('./tokenize.js')).tokenizeCommand),
  entry('detokenize', 'Moses detokenizer', async () => (await import('./detokenize.js')).detokenizeCommand),
  entry(
    'normalize-punctuation',
    'Moses normalizer of quotes, dashes and spaces',
    async () => (await import('./normalize-punctuation.js')).normalizePunctuationCommand,
  ),
  entry('lowercase', 'lowercase text', async () => (await import('./lowercase.js')).lowercaseCommand),
  entry(
    'train-truecaser',
    'learn how words are cased',
    async () => (await import('./train-truecaser.js')).trainTruecaserCommand,
  ),
  entry('truecase', 'Moses truecaser', async () => (await import('./truecase.js')).truecaseCommand),
  entry(
    'clean-corpus',
    'drop sentence pairs by length and ratio',
    async () => (await import('./clean-corpus.js')).cleanCorpusCommand,
  ),
  entry('learn-bpe', 'learn BPE codes on a text', async () => (await import('./learn-bpe.js')).learnBpeCommand),
  entry(
    'learn-joint-bpe-and-vocab',
    'learn BPE codes on several files',
    async () => (await import('./learn-joint-bpe-and-vocab.js')).learnJointBpeAndVocabCommand,
  ),
  entry('get-vocab', 'count the subwords of a text', async () => (await import('./get-vocab.js')).getVocabCommand),
  entry('apply-bpe', 'segment text with BPE codes', async () => (await import('./apply-bpe.js')).applyBpeCommand),
  entry(
    'spm-encode',
    'split text with a SentencePiece model',
    async () => (await import('./spm-encode.js')).spmEncodeCommand,
  ),
  entry(
    'spm-decode',
    'join the pieces of a SentencePiece model',
    async () => (await import('./spm-decode.js')).spmDecodeCommand,
  ),
  entry('spm-train', 'train a SentencePiece model', async () => (await import('./spm-train.js')).spmTrainCommand),
];
