import { defineOptions } from '../../options/schema.js';
import { defineCommand } from '../command.js';
import { filterInThreads, threadsOption } from '../filters/filter-in-threads.js';
import { filterArguments } from '../filters/filter-lines.js';
import { MOSES_FLAGS } from '../options/moses-flags.js';
import { startLog } from '../output/log-sink.js';

const options = defineOptions({
  language: {
    kind: 'string',
    default: 'en',
    aliases: ['-l'],
    metavar: 'LANG',
    help: 'language code, e.g. de; for a language unknown to Moses, English abbreviations are used with a warning',
  },
  aggressive: {
    kind: 'boolean',
    default: false,
    aliases: ['-a'],
    help: 'also split words at hyphens, which become the token @-@',
  },
  skipXml: {
    kind: 'boolean',
    default: false,
    aliases: ['-x'],
    help: 'leave lines that consist of one tag, <…>, unchanged',
  },
  noEscape: { kind: 'boolean', default: false, help: 'do not escape & | < > \' " [ ]' },
  protected: {
    kind: 'string',
    default: null,
    metavar: 'FILE',
    help: 'regular expressions, one per line; matching text is not split',
  },
  threads: threadsOption,
});

export const tokenizeCommand = defineCommand({
  name: 'tokenize',
  description: 'Splits text into tokens, as the Moses script tokenizer.perl does.',
  arguments: filterArguments,
  options,
  unsupported: {
    ...MOSES_FLAGS,
    '-no-escape': 'write it with two dashes: --no-escape',
    '-protected': 'write it with two dashes: --protected FILE',
    '-threads': 'write it with two dashes: --threads N',
    '-time': "use the shell's time instead",
    '-penn': 'Penn Treebank tokenization is not supported; remove the flag',
  },
  examples: ['ts-fairseq tokenize -l de -a --no-escape < train.raw.de > train.tok.de'],
  async run({ args, options }) {
    const stopLog = startLog();
    try {
      await filterInThreads(args, options.threads, { command: 'tokenize', options });
    } finally {
      stopLog();
    }
  },
});
