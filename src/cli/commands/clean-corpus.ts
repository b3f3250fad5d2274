import { UserError } from '../../errors.js';
import { log } from '../../log.js';
import { parseOptionValue } from '../../options/parse.js';
import { defineOptions } from '../../options/schema.js';
import { readParallelLines, writeParallelLinesAtomically } from '../../text/lines.js';
import { cleanCorpus } from '../../text/moses/clean-corpus.js';
import { defineCommand } from '../command.js';
import { startLog } from '../output/log-sink.js';

const options = defineOptions({
  ratio: { kind: 'float', default: 9, min: 1, help: 'most tokens of the longer side for each of the shorter' },
});

const limit = { kind: 'int', default: null, min: 1, help: 'a number of tokens' } as const;

const LOWERCASE = 'run lowercase on both texts before';

export const cleanCorpusCommand = defineCommand({
  name: 'clean-corpus',
  description: 'Keeps the sentence pairs that the Moses script clean-corpus-n.perl keeps: by length and ratio.',
  arguments: [
    { name: 'source', help: 'tokenized source text' },
    { name: 'target', help: 'tokenized target text' },
    { name: 'source-out', help: 'file for the source side of the pairs kept' },
    { name: 'target-out', help: 'file for the target side' },
    { name: 'min', help: 'fewest tokens of a side' },
    { name: 'max', help: 'most tokens of a side' },
  ],
  options,
  unsupported: {
    '-ratio': 'write --ratio N',
    '-lc': LOWERCASE,
    '--lowercase': LOWERCASE,
    '--encoding': 'texts are UTF-8; convert others first, e.g. with iconv',
    '--ignore-ratio': 'give a ratio that no pair has, e.g. --ratio 1000000',
    '--ignore-xml': 'tags count as words; remove them before',
    '--max-word-length': 'pairs with a word of more than 1,000 characters are left out; leave the option out',
  },
  examples: ['ts-fairseq clean-corpus train.tok.de train.tok.en train.clean.de train.clean.en 1 175 --ratio 1.5'],
  async run({ args, options }) {
    const [source, target, sourceOut, targetOut, minText, maxText] = args as [string, string, string, string, string, string]; // biome-ignore format: six words
    const min = parseOptionValue('min', limit, minText) as number;
    const max = parseOptionValue('max', limit, maxText) as number;
    if (min > max) throw new UserError(`min ${min} is more than max ${max}`, 'give the least number of words first');
    const read = { pairs: 0 };
    const kept = { pairs: 0 };
    const pairs = counted(readParallelLines(source, target), read);
    const clean = cleanCorpus(pairs, { min, max, ratio: options.ratio });
    const stopLog = startLog();
    try {
      writeParallelLinesAtomically([sourceOut, targetOut], counted(clean, kept));
      log.message(`kept ${kept.pairs} of ${read.pairs} sentence pairs`);
    } finally {
      stopLog();
    }
  },
});

function* counted<T>(pairs: Iterable<T>, tally: { pairs: number }): Generator<T, void, undefined> {
  for (const pair of pairs) {
    tally.pairs += 1;
    yield pair;
  }
}
