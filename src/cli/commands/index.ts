import type { CommandDefinition } from '../command.js';

interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Loads the command when it runs, so that `--help` and the text tools do not wait for the tensor library. */
  readonly load: () => Promise<CommandDefinition>;
}

// The type of a definition depends on its options; the table has them under a common type.
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
  entry(
    'validate',
    'compute the loss of a checkpoint on a split',
    async () => (await import('./validate.js')).validateCommand,
  ),
  entry(
    'average-checkpoints',
    'average the weights of several checkpoints',
    async () => (await import('./average-checkpoints.js')).averageCheckpointsCommand,
  ),
  entry(
    'convert',
    "convert a checkpoint from or to fairseq's format",
    async () => (await import('./convert.js')).convertCommand,
  ),
  entry('generate', 'translate a split and report BLEU', async () => (await import('./generate.js')).generateCommand),
  entry(
    'interactive',
    'translate lines of text as they arrive',
    async () => (await import('./interactive.js')).interactiveCommand,
  ),
  entry('export', 'write a folder for translation', async () => (await import('./export.js')).exportCommand),
  entry('translate', 'translate plain text', async () => (await import('./translate.js')).translateCommand),
  entry('serve', 'serve models over HTTP', async () => (await import('./serve.js')).serveCommand),
  entry('devices', 'list the devices that can compute', async () => (await import('./devices.js')).devicesCommand),
  entry('score', 'compute BLEU, chrF or TER of translations', async () => (await import('./score.js')).scoreCommand),
  entry('sweep', 'train and compare a grid of options', async () => (await import('./sweep.js')).sweepCommand),
  entry(
    'analyze',
    'measure energies, margins and calibration',
    async () => (await import('./analyze.js')).analyzeCommand,
  ),
  entry(
    'report',
    'write an HTML report of a sweep or of single runs',
    async () => (await import('./report.js')).reportCommand,
  ),
  entry(
    'extract-iwslt',
    'extract the sentences of IWSLT files',
    async () => (await import('./extract-iwslt.js')).extractIwsltCommand,
  ),
  entry('tokenize', 'tokenize text as Moses does', async () => (await import('./tokenize.js')).tokenizeCommand),
  entry('detokenize', 'detokenize text as Moses does', async () => (await import('./detokenize.js')).detokenizeCommand),
  entry(
    'normalize-punctuation',
    'normalize quotes, dashes and spaces as Moses does',
    async () => (await import('./normalize-punctuation.js')).normalizePunctuationCommand,
  ),
  entry('lowercase', 'lowercase text', async () => (await import('./lowercase.js')).lowercaseCommand),
  entry(
    'train-truecaser',
    'train a Moses truecaser',
    async () => (await import('./train-truecaser.js')).trainTruecaserCommand,
  ),
  entry('truecase', 'truecase text as Moses does', async () => (await import('./truecase.js')).truecaseCommand),
  entry(
    'detruecase',
    'capitalize sentences as Moses does',
    async () => (await import('./detruecase.js')).detruecaseCommand,
  ),
  entry(
    'clean-corpus',
    'remove sentence pairs by length and length ratio',
    async () => (await import('./clean-corpus.js')).cleanCorpusCommand,
  ),
  entry('learn-bpe', 'learn BPE codes from a text', async () => (await import('./learn-bpe.js')).learnBpeCommand),
  entry(
    'learn-joint-bpe-and-vocab',
    'learn joint BPE codes and vocabularies',
    async () => (await import('./learn-joint-bpe-and-vocab.js')).learnJointBpeAndVocabCommand,
  ),
  entry('get-vocab', 'count the subwords of a text', async () => (await import('./get-vocab.js')).getVocabCommand),
  entry(
    'apply-bpe',
    'split words into subwords with BPE codes',
    async () => (await import('./apply-bpe.js')).applyBpeCommand,
  ),
  entry(
    'spm-encode',
    'split text with a SentencePiece model',
    async () => (await import('./spm-encode.js')).spmEncodeCommand,
  ),
  entry(
    'spm-decode',
    'join the pieces of a SentencePiece model into text',
    async () => (await import('./spm-decode.js')).spmDecodeCommand,
  ),
  entry('spm-train', 'train a SentencePiece model', async () => (await import('./spm-train.js')).spmTrainCommand),
];
