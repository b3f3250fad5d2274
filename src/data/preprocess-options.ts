import { MOST_THREADS } from '../options/most-threads.js';
import { defineOptions, type OptionsOf } from '../options/schema.js';

const LANGUAGES = 'Languages and files';
const DICTIONARIES = 'Dictionaries';

/** Options of `ts-fairseq preprocess`, with fairseq's names and defaults. */
export const preprocessOptions = defineOptions({
  sourceLang: {
    kind: 'string',
    default: null,
    aliases: ['-s'],
    metavar: 'SRC',
    group: LANGUAGES,
    help: 'source language',
  },
  targetLang: {
    kind: 'string',
    default: null,
    aliases: ['-t'],
    metavar: 'TGT',
    group: LANGUAGES,
    help: 'target language',
  },
  trainpref: {
    kind: 'string',
    default: null,
    metavar: 'FP',
    group: LANGUAGES,
    help: 'prefix of the training files FP.SRC and FP.TGT, from which dictionaries are also built',
  },
  validpref: {
    kind: 'string',
    default: null,
    metavar: 'FP,…',
    group: LANGUAGES,
    help: 'comma-separated prefixes of the validation files: valid, valid1 …',
  },
  testpref: {
    kind: 'string',
    default: null,
    metavar: 'FP,…',
    group: LANGUAGES,
    help: 'comma-separated prefixes of the test files: test, test1 …',
  },
  destdir: { kind: 'string', default: 'data-bin', metavar: 'DIR', group: LANGUAGES, help: 'destination folder' },
  onlySource: { kind: 'boolean', default: false, group: LANGUAGES, help: 'process the source language only' },
  alignSuffix: {
    kind: 'string',
    default: null,
    metavar: 'SUFFIX',
    group: LANGUAGES,
    help: 'binarise the word alignments FP.SUFFIX of every split that has such a file',
  },
  alignfile: {
    kind: 'string',
    default: null,
    metavar: 'FILE',
    group: LANGUAGES,
    help: 'word alignments of the training set, to write a dictionary of the most frequent translations (for --replace-unk)',
  },
  datasetImpl: {
    kind: 'choice',
    choices: ['mmap'],
    default: 'mmap',
    group: LANGUAGES,
    help: 'format of the data',
  },
  workers: {
    kind: 'int',
    default: 1,
    min: 1,
    max: MOST_THREADS,
    group: LANGUAGES,
    help: 'number of threads; does not affect the output',
  },
  srcdict: { kind: 'string', default: null, metavar: 'FILE', group: DICTIONARIES, help: 'use this source dictionary' },
  tgtdict: { kind: 'string', default: null, metavar: 'FILE', group: DICTIONARIES, help: 'use this target dictionary' },
  joinedDictionary: {
    kind: 'boolean',
    default: false,
    group: DICTIONARIES,
    help: 'one dictionary for both languages',
  },
  thresholdsrc: {
    kind: 'int',
    default: 0,
    group: DICTIONARIES,
    help: 'source words with a lower count become <unk>',
  },
  thresholdtgt: {
    kind: 'int',
    default: 0,
    group: DICTIONARIES,
    help: 'target words with a lower count become <unk>',
  },
  nwordssrc: {
    kind: 'int',
    default: -1,
    group: DICTIONARIES,
    help: 'maximum size of the source dictionary, including four special symbols; -1: no limit',
  },
  nwordstgt: {
    kind: 'int',
    default: -1,
    group: DICTIONARIES,
    help: 'maximum size of the target dictionary, including four special symbols; -1: no limit',
  },
  paddingFactor: {
    kind: 'int',
    default: 8,
    group: DICTIONARIES,
    help: 'pad the dictionaries to a multiple of N symbols',
  },
  dictOnly: { kind: 'boolean', default: false, group: DICTIONARIES, help: 'only make the dictionaries' },
});

/** The option values of `preprocess`. */
export type PreprocessOptions = OptionsOf<typeof preprocessOptions>;
