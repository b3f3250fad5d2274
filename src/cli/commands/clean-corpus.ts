import { UserError } from '../../errors.js';
import { log } from '../../log.js';
import { parseOptionValue } from '../../options/parse.js';
import { defineOptions } from '../../options/schema.js';
import { readParallelLines, writeParallelLinesAtomically } from '../../text/lines.js';
import { cleanCorpus } from '../../text/moses/clean-corpus.js';
import { defineCommand } from '../command.js';
import { startLog } from '../output/log-sink.js';

const options = defineOptions({
  ratio: { kind: 'float', default: 9, min: 1, help: 'maximum ratio of the lengths of the two sides' },
});

const limit = { kind: 'int', default: null, min: 1, help: 'a number of tokens' } as const;

const LOWERCASE = 'run lowercase on both texts first';

export const cleanCorpusCommand = defineCommand({
  name: 'clean-corpus',
  description: 'Removes sentence pairs by length and length ratio, as the Moses script clean-corpus-n.perl does.',
  arguments: [
    { name: 'source', help: 'tokenized source text' },
    { name: 'target', help: 'tokenized target text' },
    { name: 'source-out', help: 'file for the source side of the remaining pairs' },
    { name: 'target-out', help: 'file for their target side' },
    { name: 'min', help: 'minimum number of tokens per side' },
    { name: 'max', help: 'maximum number of tokens per side' },
  ],
  options,
  unsupported: {
    '-ratio': 'write it with two dashes: --ratio N',
    '-lc': LOWERCASE,
    '--lowercase': LOWERCASE,
    '--encoding': 'texts are UTF-8; convert others first, e.g. with iconv',
    '--ignore-ratio': 'set a ratio that no pair exceeds, e.g. --ratio 1000000',
    '--ignore-xml': 'tags count as words; remove them first',
    '--max-word-length': 'the limit is always 1,000 characters; remove the flag',
  },
  examples: ['ts-fairseq clean-corpus train.tok.de train.tok.en train.clean.de train.clean.en 1 175 --ratio 1.5'],
  async run({ args, options }) {
    const [source, target, sourceOut, targetOut, minText, maxText] = args as [string, string, string, string, string, string]; // biome-ignore format: six words
    const min = parseOptionValue('min', limit, minText) as number;
    const max = parseOptionValue('max', limit, maxText) as number;
    if (min > max) throw new UserError(`min ${min} is more than max ${max}`, 'swap them');
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
