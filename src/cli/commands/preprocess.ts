import { preprocess } from '../../data/preprocess.js';
import { preprocessOptions } from '../../data/preprocess-options.js';
import { selectOptions } from '../../options/select.js';
import { defineCommand } from '../command.js';
import { taskOption } from '../options/task-option.js';
import { unsupportedPreprocessFlags } from '../options/unsupported-preprocess-flags.js';
import { logOptions, startLog } from '../output/log-sink.js';

export const preprocessCommand = defineCommand({
  name: 'preprocess',
  description:
    "Builds dictionaries from the training text and writes every split in fairseq's binary format (dict.LANG.txt, SPLIT.SRC-TGT.LANG.bin and .idx).",
  options: { ...preprocessOptions, ...taskOption, ...logOptions },
  unsupported: unsupportedPreprocessFlags,
  examples: [
    'ts-fairseq preprocess -s de -t en --trainpref train --validpref valid --testpref test --destdir data-bin/de-en',
    'ts-fairseq preprocess -s de -t en --trainpref train --joined-dictionary --dict-only --destdir data-bin/de-en',
  ],
  async run({ options }) {
    const stopLog = startLog(options);
    try {
      await preprocess(selectOptions(preprocessOptions, options));
    } finally {
      stopLog();
    }
  },
});
