import { defineOptions, type OptionsOf } from '../options/schema.js';

/** fairseq's options of the search. */
export const searchOptions = defineOptions({
  beam: { kind: 'int', default: 5, min: 1, group: 'Search', help: 'hypotheses kept at each step' },
  nbest: { kind: 'int', default: 1, min: 1, group: 'Search', help: 'hypotheses to print for each sentence' },
  maxLenA: { kind: 'float', default: 0, min: 0, group: 'Search', help: 'longest output: a·source + b tokens; a' },
  maxLenB: { kind: 'int', default: 200, min: 1, group: 'Search', help: 'longest output: a·source + b tokens; b' },
  minLen: { kind: 'int', default: 1, min: 0, group: 'Search', help: 'shortest output in tokens, without </s>' },
  matchSourceLen: { kind: 'boolean', default: false, group: 'Search', help: 'no output longer than its source' },
  lenpen: {
    kind: 'float',
    default: 1,
    group: 'Search',
    help: 'scores are divided by length^lenpen; more favours length',
  },
  unnormalized: { kind: 'boolean', default: false, group: 'Search', help: 'do not divide scores by length' },
  unkpen: { kind: 'float', default: 0, group: 'Search', help: 'taken off the score of every <unk>' },
  temperature: { kind: 'float', default: 1, min: 1e-6, group: 'Search', help: 'logits are divided by it' },
  prefixSize: { kind: 'int', default: 0, min: 0, group: 'Search', help: 'begin with so many tokens of the reference' },
  noRepeatNgramSize: {
    kind: 'int',
    default: 0,
    min: 0,
    group: 'Search',
    help: 'no n-gram of this size twice in an output; 0 = off',
  },
});

export type SearchOptions = OptionsOf<typeof searchOptions>;
