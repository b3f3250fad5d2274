import { POST_PROCESSES } from '../data/post-process.js';
import { defineOptions, type OptionsOf } from '../options/schema.js';
import { seedSpec } from '../options/seed.js';
import { SCORINGS } from '../scoring/scorings.js';

/** fairseq's search options. */
export const searchOptions = defineOptions({
  beam: { kind: 'int', default: 5, min: 1, group: 'Search', help: 'hypotheses kept at each step' },
  nbest: { kind: 'int', default: 1, min: 1, group: 'Search', help: 'hypotheses to print for each sentence' },
  maxLenA: {
    kind: 'float',
    default: 0,
    min: 0,
    group: 'Search',
    help: 'a in the maximum output length, a·source + b tokens',
  },
  maxLenB: {
    kind: 'int',
    default: 200,
    min: 0,
    group: 'Search',
    help: 'b in the maximum output length, a·source + b tokens',
  },
  minLen: { kind: 'int', default: 1, min: 0, group: 'Search', help: 'minimum output length in tokens, excluding </s>' },
  matchSourceLen: {
    kind: 'boolean',
    default: false,
    group: 'Search',
    help: 'make outputs as long as their source including its </s>',
  },
  lenpen: {
    kind: 'float',
    default: 1,
    group: 'Search',
    help: 'divide scores by length^lenpen; larger values favour longer outputs',
  },
  unnormalized: { kind: 'boolean', default: false, group: 'Search', help: 'do not divide scores by length' },
  unkpen: { kind: 'float', default: 0, group: 'Search', help: 'subtract this from the score of every <unk>' },
  temperature: { kind: 'float', default: 1, min: 1e-6, group: 'Search', help: 'divide logits by this' },
  prefixSize: { kind: 'int', default: 0, min: 0, group: 'Search', help: 'force the first N reference tokens' },
  noRepeatNgramSize: {
    kind: 'int',
    default: 0,
    min: 0,
    group: 'Search',
    help: 'never repeat an n-gram of this size in an output; 0: off',
  },
  noEarlyStop: {
    kind: 'boolean',
    default: false,
    group: 'Search',
    help: 'no effect: the search never stops early based on scores',
  },
  diverseBeamGroups: {
    kind: 'int',
    default: -1,
    group: 'Search',
    help: 'diverse beam search: number of groups, a divisor of the beam size; enabled above 0',
  },
  diverseBeamStrength: {
    kind: 'float',
    default: 0.5,
    min: 0,
    group: 'Search',
    help: 'diverse beam search: subtract this from the score of a token for each earlier group that chose it',
  },
  sampling: {
    kind: 'boolean',
    default: false,
    group: 'Search',
    help: 'sample tokens in proportion to their probability',
  },
  samplingTopk: {
    kind: 'int',
    default: -1,
    group: 'Search',
    help: 'sample from the N most likely tokens; enabled above 0',
  },
  samplingTopp: {
    kind: 'float',
    default: -1,
    max: 1,
    group: 'Search',
    help: 'sample from the smallest set of tokens with this total probability; enabled above 0',
  },
  seed: {
    ...seedSpec,
    group: 'Search',
    help: 'seed for sampling and for the batch order',
  },
  constraints: {
    kind: 'choice',
    choices: ['ordered', 'unordered'],
    bare: 'ordered',
    default: null,
    group: 'Search',
    help: 'make outputs contain the phrases that follow the source on its line, separated by tabs (interactive)',
  },
  diversityRate: {
    kind: 'float',
    default: -1,
    group: 'Search',
    help: 'diverse siblings: subtract this times the rank among the continuations of the same hypothesis; enabled above -1',
  },
});

/** The values of `searchOptions`. */
export type SearchOptions = OptionsOf<typeof searchOptions>;

/** Options for printing and scoring. */
export const outputOptions = defineOptions({
  postProcess: {
    kind: 'choice',
    choices: POST_PROCESSES,
    bare: 'subword_nmt',
    default: null,
    aliases: ['--remove-bpe'],
    group: 'Output',
    metavar: 'SCHEME',
    help: 'join subwords: subword_nmt, sentencepiece …',
  },
  printAlignment: {
    kind: 'choice',
    choices: ['hard', 'soft'],
    bare: 'hard',
    default: null,
    group: 'Output',
    help: 'print A- lines: for each output token, the source token with the most attention in the last layer (hard), or all attention weights (soft)',
  },
  replaceUnk: {
    kind: 'string',
    bare: '',
    default: null,
    metavar: 'FILE',
    group: 'Output',
    help: 'replace <unk> with the source word with the most attention, or with its translation in FILE (lines "source target")',
  },
  scoreReference: {
    kind: 'boolean',
    default: false,
    group: 'Output',
    help: 'score the references instead of searching',
  },
  scoring: {
    kind: 'choice',
    choices: SCORINGS,
    default: 'bleu',
    group: 'Output',
    help: 'metric of the Generate line; a sacreBLEU line with its signature always follows',
  },
  sacrebleu: { kind: 'boolean', default: false, group: 'Output', help: 'the same as --scoring sacrebleu' },
});

/** The values of `outputOptions`. */
export type OutputOptions = OptionsOf<typeof outputOptions>;
