import { dirname } from 'node:path';
import { readingProgress } from '../../data/reading-progress.js';
import { UserError } from '../../errors.js';
import { defineOptions } from '../../options/schema.js';
import { readLines, writeFilesAtomically } from '../../text/lines.js';
import { fillFolder } from '../../text/make-folder.js';
import { type TrainingOptions, trainSentencePiece } from '../../text/sentencepiece/train.js';
import { isDeviceOrPipe } from '../../text/special-file.js';
import { defineCommand } from '../command.js';
import { unsupportedWithUnderscores, withUnderscores } from '../options/spm-options.js';
import { startLog } from '../output/log-sink.js';

/** The library multiplies the size of the vocabulary in 32 bits, and trains without an end where that overflows. */
const MOST_PIECES = 1e9;

const options = withUnderscores(
  defineOptions({
    input: { kind: 'string', default: '-', metavar: 'FILE,…', help: 'texts, one sentence a line; - is stdin' },
    modelPrefix: { kind: 'string', default: null, metavar: 'PATH', help: 'write PATH.model and PATH.vocab' },
    modelType: { kind: 'choice', choices: ['unigram', 'bpe', 'char', 'word'], default: 'unigram', help: 'algorithm' },
    vocabSize: { kind: 'int', default: 8000, min: 1, max: MOST_PIECES, help: 'pieces, special ones included' },
    characterCoverage: {
      kind: 'float',
      default: 0.9995,
      min: 0.98,
      max: 1,
      help: 'share of the characters that get pieces',
    },
    inputSentenceSize: { kind: 'int', default: 0, min: 0, help: 'train on this many sentences; 0: all' },
    shuffleInputSentence: {
      kind: 'boolean',
      default: true,
      takesValue: true,
      help: 'draw these (the same in every run), or take the first',
    },
    maxSentenceLength: { kind: 'int', default: 4192, min: 10, max: 2 ** 30, help: 'leave out sentences of more bytes' },
    maxSentencepieceLength: { kind: 'int', default: 16, min: 1, max: 512, help: 'characters of a piece' },
    seedSentencepieceSize: {
      kind: 'int',
      default: 1_000_000,
      min: 1,
      max: MOST_PIECES,
      help: 'unigram: pieces to start from',
    },
    shrinkingFactor: { kind: 'float', default: 0.75, min: 0.5, max: 0.95, help: 'unigram: pieces kept in each round' },
    numSubIterations: { kind: 'int', default: 2, min: 1, max: 10, help: 'unigram: EM steps in each round' },
    numThreads: { kind: 'int', default: 16, min: 1, max: 128, help: 'threads' },
    splitByUnicodeScript: { kind: 'boolean', default: true, takesValue: true, help: 'no piece of two scripts' },
    splitByNumber: { kind: 'boolean', default: true, takesValue: true, help: 'no piece of digits and letters' },
    splitByWhitespace: { kind: 'boolean', default: true, takesValue: true, help: 'no piece of two words' },
    splitDigits: { kind: 'boolean', default: false, takesValue: true, help: 'every digit is a piece' },
    treatWhitespaceAsSuffix: { kind: 'boolean', default: false, takesValue: true, help: 'put ▁ behind a word' },
    allowWhitespaceOnlyPieces: { kind: 'boolean', default: false, takesValue: true, help: 'pieces of several ▁' },
    controlSymbols: { kind: 'string', default: null, metavar: 'A,B', help: 'pieces that text never gives' },
    userDefinedSymbols: { kind: 'string', default: null, metavar: 'A,B', help: 'pieces that stay whole' },
    requiredChars: { kind: 'string', default: null, metavar: 'CHARS', help: 'characters that get pieces in any case' },
    byteFallback: { kind: 'boolean', default: false, takesValue: true, help: 'unknown characters become bytes' },
    normalizationRuleName: {
      kind: 'choice',
      choices: ['nmt_nfkc', 'nfkc', 'nmt_nfkc_cf', 'nfkc_cf', 'identity'],
      default: 'nmt_nfkc',
      help: 'how text is normalised',
    },
    normalizationRuleTsv: { kind: 'string', default: null, metavar: 'FILE', help: 'rules of your own' },
    addDummyPrefix: { kind: 'boolean', default: true, takesValue: true, help: 'text starts with a space' },
    removeExtraWhitespaces: { kind: 'boolean', default: true, takesValue: true, help: 'trim and join spaces' },
    hardVocabLimit: { kind: 'boolean', default: true, takesValue: true, help: 'fewer pieces than asked are an error' },
    useAllVocab: { kind: 'boolean', default: false, takesValue: true, help: 'char, word: every one is a piece' },
    unkId: { kind: 'int', default: 0, min: 0, help: 'id of <unk>' },
    bosId: { kind: 'int', default: 1, min: -1, help: 'id of <s>; -1: none' },
    eosId: { kind: 'int', default: 2, min: -1, help: 'id of </s>; -1: none' },
    padId: { kind: 'int', default: -1, min: -1, help: 'id of <pad>; -1: none' },
    unkPiece: { kind: 'string', default: '<unk>', help: 'another name of <unk>' },
    bosPiece: { kind: 'string', default: '<s>', help: 'another name of <s>' },
    eosPiece: { kind: 'string', default: '</s>', help: 'another name of </s>' },
    padPiece: { kind: 'string', default: '<pad>', help: 'another name of <pad>' },
    unkSurface: { kind: 'string', default: ' ⁇ ', help: 'what decoding writes for <unk>' },
    trainExtremelyLargeCorpus: { kind: 'boolean', default: false, takesValue: true, help: 'unigram: 64-bit indices' },
    minloglevel: { kind: 'int', default: 0, min: 0, max: 4, help: '0: log the training; 1: warnings; 2: errors' },
  }),
);

const NO_PRIVACY = 'models are trained without differential privacy; leave it out';

/** Options of `spm_train` that there are on purpose not. */
const UNSUPPORTED = {
  '--input-format': 'texts are lines of sentences; write word counts out as text',
  '--accept-language': 'it changes no piece, the library only records it; leave it out',
  '--self-test-sample-size': 'it changes no piece; leave it out',
  '--seed-sentencepieces-file': 'the pieces to start from are those of the text; leave it out',
  '--pretokenization-delimiter': 'words end at spaces; put spaces where a piece has to end',
  '--control-symbols-file': 'name the symbols: --control-symbols A,B',
  '--user-defined-symbols-file': 'name the symbols: --user-defined-symbols A,B',
  '--required-chars-file': 'name the characters: --required-chars CHARS',
  '--vocabulary-output-piece-score': 'the .vocab file has every score; cut -f 1 takes the pieces alone',
  '--denormalization-rule-tsv': 'decoded text stays as it is; leave it out',
  '--random-seed': 'training draws the same sentences in every run; leave it out',
  '--enable-differential-privacy': NO_PRIVACY,
  '--differential-privacy-noise-level': NO_PRIVACY,
  '--differential-privacy-clipping-threshold': NO_PRIVACY,
} as const;

export const spmTrainCommand = defineCommand({
  name: 'spm-train',
  description: 'Trains a SentencePiece model as spm_train does, on the system’s SentencePiece library.',
  options,
  unsupported: unsupportedWithUnderscores(UNSUPPORTED),
  examples: [
    'ts-fairseq spm-train --input train.fr,train.en --model-prefix spm --model-type bpe --vocab-size 16000 \\\n' +
      '      --character-coverage 1.0',
  ],
  async run({ options }) {
    const { input, modelPrefix, ...training } = options;
    if (modelPrefix === null) throw new UserError('--model-prefix is missing', 'name the model to write');
    if (isDeviceOrPipe(modelPrefix)) {
      throw new UserError(`--model-prefix ${modelPrefix} is a device or a pipe`, 'name files: a model is two');
    }
    checkIds(options);
    checkSymbols(options);
    const trainAndWrite = async (): Promise<void> => {
      const { model, vocabulary } = trainSentencePiece(sentencesOf(input.split(',')), trainingOptions(training));
      writeFilesAtomically([
        { path: `${modelPrefix}.model`, content: model },
        { path: `${modelPrefix}.vocab`, content: vocabulary },
      ]);
    };
    const endLog = startLog();
    try {
      await fillFolder(dirname(modelPrefix), trainAndWrite, modelPrefix);
    } finally {
      endLog();
    }
  },
});

/** Lines between two reports of progress. */
const REPORT_LINES = 1000;

/** The lines of the texts; reports how much of them is read. What the library does then is in its own log. */
function* sentencesOf(paths: readonly string[]): Generator<string> {
  const report = readingProgress('reading, MB', paths);
  let lines = 0;
  let bytes = 0;
  for (const path of paths) {
    for (const line of readLines(path)) {
      yield line;
      lines += 1;
      bytes += Buffer.byteLength(line) + 1;
      if (lines % REPORT_LINES > 0) continue;
      report(bytes);
      bytes = 0;
    }
  }
  report(bytes);
}

/** Our keys in the library's spelling, without what is not given. */
function trainingOptions(values: Readonly<Record<string, string | number | boolean | null>>): TrainingOptions {
  const entries = Object.entries(values).flatMap(([key, value]): [string, string | number | boolean][] =>
    value === null ? [] : [[key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]],
  );
  return Object.fromEntries(entries);
}

/** The library names neither of two special pieces with one id. */
function checkIds({
  unkId,
  bosId,
  eosId,
  padId,
  vocabSize,
}: Record<`${'unk' | 'bos' | 'eos' | 'pad'}Id` | 'vocabSize', number>): void {
  const owners = new Map<number, string>();
  for (const [flag, id] of Object.entries({
    '--unk-id': unkId,
    '--bos-id': bosId,
    '--eos-id': eosId,
    '--pad-id': padId,
  })) {
    if (id < 0) continue;
    const owner = owners.get(id);
    if (owner !== undefined) throw new UserError(`${owner} and ${flag} are both ${id}`, 'give each an id of its own');
    if (id >= vocabSize) throw new UserError(`${flag}: ${id} is too large`, `--vocab-size is ${vocabSize}`);
    owners.set(id, flag);
  }
}

/** Of a symbol that stands twice the library only says so in its log. */
function checkSymbols(options: { controlSymbols: string | null; userDefinedSymbols: string | null }): void {
  const symbols = [options.controlSymbols, options.userDefinedSymbols].flatMap((list) => list?.split(',') ?? []);
  const repeated = symbols.find((symbol, index) => symbols.indexOf(symbol) < index);
  if (repeated === undefined) return;
  throw new UserError(
    `the symbol '${repeated}' stands twice`,
    'name it once, in --control-symbols or --user-defined-symbols',
  );
}
