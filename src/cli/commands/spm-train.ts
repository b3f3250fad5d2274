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

/** The library multiplies the vocabulary size in 32 bits and never ends if that overflows. */
const MOST_PIECES = 1e9;

const options = withUnderscores(
  defineOptions({
    input: { kind: 'string', default: '-', metavar: 'FILE,…', help: 'texts, one sentence per line; - is stdin' },
    modelPrefix: { kind: 'string', default: null, metavar: 'PATH', help: 'write PATH.model and PATH.vocab' },
    modelType: { kind: 'choice', choices: ['unigram', 'bpe', 'char', 'word'], default: 'unigram', help: 'algorithm' },
    vocabSize: {
      kind: 'int',
      default: 8000,
      min: 1,
      max: MOST_PIECES,
      help: 'number of pieces, including special ones',
    },
    characterCoverage: {
      kind: 'float',
      default: 0.9995,
      min: 0.98,
      max: 1,
      help: 'fraction of the characters that the pieces cover',
    },
    inputSentenceSize: { kind: 'int', default: 0, min: 0, help: 'train on this many sentences; 0: all' },
    shuffleInputSentence: {
      kind: 'boolean',
      default: true,
      takesValue: true,
      help: 'draw these sentences at random (the same in every run) instead of using the first ones',
    },
    maxSentenceLength: {
      kind: 'int',
      default: 4192,
      min: 10,
      max: 2 ** 30,
      help: 'skip sentences longer than N bytes',
    },
    maxSentencepieceLength: {
      kind: 'int',
      default: 16,
      min: 1,
      max: 512,
      help: 'maximum number of characters per piece',
    },
    seedSentencepieceSize: {
      kind: 'int',
      default: 1_000_000,
      min: 1,
      max: MOST_PIECES,
      help: 'unigram: number of initial pieces',
    },
    shrinkingFactor: {
      kind: 'float',
      default: 0.75,
      min: 0.5,
      max: 0.95,
      help: 'unigram: fraction of the pieces kept in each round',
    },
    numSubIterations: { kind: 'int', default: 2, min: 1, max: 10, help: 'unigram: EM steps per round' },
    numThreads: { kind: 'int', default: 16, min: 1, max: 128, help: 'number of threads' },
    splitByUnicodeScript: {
      kind: 'boolean',
      default: true,
      takesValue: true,
      help: 'no piece contains characters of two scripts',
    },
    splitByNumber: {
      kind: 'boolean',
      default: true,
      takesValue: true,
      help: 'no piece contains both digits and letters',
    },
    splitByWhitespace: {
      kind: 'boolean',
      default: true,
      takesValue: true,
      help: 'no piece contains parts of two words',
    },
    splitDigits: { kind: 'boolean', default: false, takesValue: true, help: 'every digit is a piece of its own' },
    treatWhitespaceAsSuffix: {
      kind: 'boolean',
      default: false,
      takesValue: true,
      help: 'put ▁ after a word instead of before it',
    },
    allowWhitespaceOnlyPieces: {
      kind: 'boolean',
      default: false,
      takesValue: true,
      help: 'allow pieces that consist of ▁ only',
    },
    controlSymbols: { kind: 'string', default: null, metavar: 'A,B', help: 'pieces that are never produced from text' },
    userDefinedSymbols: { kind: 'string', default: null, metavar: 'A,B', help: 'pieces that are never split' },
    requiredChars: { kind: 'string', default: null, metavar: 'CHARS', help: 'characters that always become pieces' },
    byteFallback: { kind: 'boolean', default: false, takesValue: true, help: 'split unknown characters into bytes' },
    normalizationRuleName: {
      kind: 'choice',
      choices: ['nmt_nfkc', 'nfkc', 'nmt_nfkc_cf', 'nfkc_cf', 'identity'],
      default: 'nmt_nfkc',
      help: 'normalization of the text',
    },
    normalizationRuleTsv: {
      kind: 'string',
      default: null,
      metavar: 'FILE',
      help: 'file with custom normalization rules',
    },
    addDummyPrefix: { kind: 'boolean', default: true, takesValue: true, help: 'add a space before the text' },
    removeExtraWhitespaces: { kind: 'boolean', default: true, takesValue: true, help: 'remove extra spaces' },
    hardVocabLimit: {
      kind: 'boolean',
      default: true,
      takesValue: true,
      help: 'fail if the text yields fewer pieces than --vocab-size',
    },
    useAllVocab: {
      kind: 'boolean',
      default: false,
      takesValue: true,
      help: 'char, word: use every character or word as a piece',
    },
    unkId: { kind: 'int', default: 0, min: 0, help: 'id of <unk>' },
    bosId: { kind: 'int', default: 1, min: -1, help: 'id of <s>; -1: none' },
    eosId: { kind: 'int', default: 2, min: -1, help: 'id of </s>; -1: none' },
    padId: { kind: 'int', default: -1, min: -1, help: 'id of <pad>; -1: none' },
    unkPiece: { kind: 'string', default: '<unk>', help: 'text of the piece <unk>' },
    bosPiece: { kind: 'string', default: '<s>', help: 'text of the piece <s>' },
    eosPiece: { kind: 'string', default: '</s>', help: 'text of the piece </s>' },
    padPiece: { kind: 'string', default: '<pad>', help: 'text of the piece <pad>' },
    unkSurface: { kind: 'string', default: ' ⁇ ', help: 'text for <unk> in decoded text' },
    trainExtremelyLargeCorpus: {
      kind: 'boolean',
      default: false,
      takesValue: true,
      help: 'unigram: use 64-bit indices',
    },
    minloglevel: { kind: 'int', default: 0, min: 0, max: 4, help: '0: log training progress; 1: warnings; 2: errors' },
  }),
);

const NO_PRIVACY = 'differential privacy is not supported; remove the flag';

/** Options of `spm_train` that are not supported, with what to do instead. */
const UNSUPPORTED = {
  '--input-format': 'the input is text; repeat each word as often as it was counted',
  '--accept-language': 'it does not change the pieces; remove the flag',
  '--self-test-sample-size': 'it does not change the pieces; remove the flag',
  '--seed-sentencepieces-file': 'the initial pieces are always taken from the text; remove the flag',
  '--pretokenization-delimiter': 'words end at spaces; insert spaces where a piece must end',
  '--control-symbols-file': 'list the symbols: --control-symbols A,B',
  '--user-defined-symbols-file': 'list the symbols: --user-defined-symbols A,B',
  '--required-chars-file': 'list the characters: --required-chars CHARS',
  '--vocabulary-output-piece-score': 'the .vocab file always has the scores; cut -f 1 removes them',
  '--denormalization-rule-tsv': 'decoded text is not normalized; remove the flag',
  '--random-seed': 'training draws the same sentences in every run; remove the flag',
  '--enable-differential-privacy': NO_PRIVACY,
  '--differential-privacy-noise-level': NO_PRIVACY,
  '--differential-privacy-clipping-threshold': NO_PRIVACY,
} as const;

export const spmTrainCommand = defineCommand({
  name: 'spm-train',
  description: 'Trains a SentencePiece model with the SentencePiece library, as spm_train does.',
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
      throw new UserError(
        `--model-prefix ${modelPrefix} is a device or a pipe`,
        'name a path for the two files of a model',
      );
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

/** Lines between two progress reports. */
const REPORT_LINES = 1000;

/** The lines of the texts; reports the progress of reading. The library logs the training itself. */
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

/** The options with the library's names, without those that are null. */
function trainingOptions(values: Readonly<Record<string, string | number | boolean | null>>): TrainingOptions {
  const entries = Object.entries(values).flatMap(([key, value]): [string, string | number | boolean][] =>
    value === null ? [] : [[key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]],
  );
  return Object.fromEntries(entries);
}

/** Checks the ids of special pieces. The library's own error does not name the options. */
function checkIds({
  unkId,
  bosId,
  eosId,
  padId,
  vocabSize,
}: Record<`${'unk' | 'bos' | 'eos' | 'pad'}Id` | 'vocabSize', number>): void {
  const flags = new Map<number, string>();
  for (const [flag, id] of Object.entries({
    '--unk-id': unkId,
    '--bos-id': bosId,
    '--eos-id': eosId,
    '--pad-id': padId,
  })) {
    if (id < 0) continue;
    const other = flags.get(id);
    if (other !== undefined) throw new UserError(`${other} and ${flag} are both ${id}`, 'use different ids');
    if (id >= vocabSize)
      throw new UserError(`${flag}: ${id} is too large`, `use an id below --vocab-size ${vocabSize}`);
    flags.set(id, flag);
  }
}

/** Refuses a symbol that occurs twice. The library only mentions it in its log. */
function checkSymbols(options: { controlSymbols: string | null; userDefinedSymbols: string | null }): void {
  const symbols = [options.controlSymbols, options.userDefinedSymbols].flatMap((list) => list?.split(',') ?? []);
  const repeated = symbols.find((symbol, index) => symbols.indexOf(symbol) < index);
  if (repeated === undefined) return;
  throw new UserError(
    `the symbol '${repeated}' occurs twice`,
    'list it once, in --control-symbols or --user-defined-symbols',
  );
}
