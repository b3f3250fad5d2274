import { resolve } from 'node:path';
import { averageCheckpoints } from '../../checkpoint/average.js';
import { selectForAverage } from '../../checkpoint/average-selection.js';
import { describeCheckpoint } from '../../checkpoint/checkpoint.js';
import { checkpointFile } from '../../checkpoint/checkpoint-path.js';
import { checkRecordedModel } from '../../checkpoint/recorded-model.js';
import { builtInComponents } from '../../components.js';
import { UserError } from '../../errors.js';
import { defineOptions } from '../../options/schema.js';
import { defineCommand } from '../command.js';

const options = defineOptions({
  inputs: {
    kind: 'strings',
    default: [],
    metavar: 'PATH',
    help: 'checkpoint stems or fairseq .pt files, or the folder to choose from',
  },
  output: { kind: 'string', default: null, metavar: 'STEM', help: 'checkpoint to write' },
  numEpochCheckpoints: { kind: 'int', default: null, help: 'average the last N epoch checkpoints (checkpointE)' },
  numUpdateCheckpoints: { kind: 'int', default: null, help: 'average the last N update checkpoints (checkpoint_E_U)' },
  numBestCheckpoints: { kind: 'int', default: null, help: 'average the best N checkpoints of --keep-best-checkpoints' },
  checkpointUpperBound: { kind: 'int', default: null, help: 'ignore checkpoints after this epoch or update' },
});

export const averageCheckpointsCommand = defineCommand({
  name: 'average-checkpoints',
  description: 'Averages the weights of checkpoints. The average has no optimizer state.',
  options,
  examples: [
    'ts-fairseq average-checkpoints --inputs checkpoints --num-epoch-checkpoints 10 --output checkpoints/averaged',
    'ts-fairseq average-checkpoints --inputs checkpoints/checkpoint9 checkpoints/checkpoint10 --output averaged',
  ],
  async run({ options }) {
    if (options.output === null) throw new UserError('--output is missing', 'name the checkpoint to write');
    const stems = selectForAverage(options);
    const file = checkpointFile(options.output);
    const overwritten = stems.find((stem) => resolve(checkpointFile(stem)) === resolve(file));
    if (overwritten !== undefined) {
      throw new UserError(
        `--output ${options.output} is one of the inputs, whose training state would be lost`,
        'choose another name',
      );
    }
    const { architectures } = builtInComponents();
    for (const stem of stems) checkRecordedModel(stem, describeCheckpoint(stem), architectures);
    averageCheckpoints(stems, options.output);
    process.stderr.write(`averaged ${stems.join(', ')} into ${file}\n`);
  },
});
