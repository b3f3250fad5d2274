import { POST_PROCESSES } from '../data/post-process.js';
import { defineOptions, type OptionsOf } from '../options/schema.js';
import { seedSpec } from '../options/seed.js';
import { SCORINGS } from '../scoring/scorings.js';

/** fairseq's options of the search. */
export const searchOptions = defineOptions({
  beam: { kind: 'int', default: 5, min: 1, group: 'Search', help: 'hypotheses kept at each step' },
  nbest: { kind: 'int', default: 1, min: 1, group: 'Search', help: 'hypotheses to print for each sentence' },
  maxLenA: { kind: 'float', default: 0, min: 0, group: 'Search', help: 'longest output: a·source + b tokens; a' },
  maxLenB: { kind: 'int', default: 200, min: 0, group: 'Search', help: 'longest output: a·source + b tokens; b' },
  minLen: { kind: 'int', default: 1, min: 0, group: 'Search', help: 'shortest output in tokens, without </s>' },
  matchSourceLen: {
    kind: 'boolean',
    default: false,
    group: 'Search',
    help: 'outputs as long as their source, its </s> included',
  },
  lenpen: {
    kind: 'float',
    default: 1,
    group: 'Search',
    help: 'scores are divided by length^lenpen; more favours length',
  },
  unnormalized: { kind: 'boolean', default: false, group: 'Search', help: 'do not divide scores by length' },
  unkpen: { kind: 'float', default: 0, group: 'Search', help: 'subtracted from the score of every <unk>' },
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
    help: 'changes nothing: no search stops early by scores',
  },
  diverseBeamGroups: {
    kind: 'int',
    default: -1,
    group: 'Search',
    help: 'diverse beam search: groups of the beam, which has to be a multiple; above 0 turns it on',
  },
  diverseBeamStrength: {
    kind: 'float',
    default: 0.5,
    min: 0,
    group: 'Search',
    help: 'diverse beam search: taken off a token for every time that an earlier group chose it',
  },
  sampling: { kind: 'boolean', default: false, group: 'Search', help: 'sample tokens by probability' },
  samplingTopk: {
    kind: 'int',
    default: -1,
    group: 'Search',
    help: 'sample from the N most likely tokens; above 0 turns it on',
  },
  samplingTopp: {
    kind: 'float',
    default: -1,
    max: 1,
    group: 'Search',
    help: 'sample from the smallest set of tokens with this total probability; above 0 turns it on',
  },
  seed: {
    ...seedSpec,
    group: 'Search',
    help: 'seed of sampling and of the batch order',
  },
  constraints: {
    kind: 'choice',
    choices: ['ordered', 'unordered'],
    bare: 'ordered',
    default: null,
    group: 'Search',
    help: 'outputs hold the phrases that follow a source line behind tabs (interactive)',
  },
  diversityRate: {
    kind: 'float',
    default: -1,
    group: 'Search',
    help: 'diverse siblings: taken off per rank among the continuations of one hypothesis; above -1 turns it on',
  },
});

/** The values of `searchOptions`. */
export type SearchOptions = OptionsOf<typeof searchOptions>;

/** What is printed, and how it is scored. */
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
    help: "A- lines: each token's source token by the last layer's attention, or the attention itself",
  },
  replaceUnk: {
    kind: 'string',
    bare: '',
    default: null,
    metavar: 'FILE',
    group: 'Output',
    help: 'write the source word with the most attention for <unk>, by the lines "source target" of FILE where it has it',
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
    help: 'the score that the Generate line names; sacreBLEU with its signature follows in any case',
  },
  sacrebleu: { kind: 'boolean', default: false, group: 'Output', help: 'the same as --scoring sacrebleu' },
});

/** The values of `outputOptions`. */
export type OutputOptions = OptionsOf<typeof outputOptions>;
