import { resolve } from 'node:path';
import { describeCheckpoint, loadCheckpoint, saveCheckpoint } from '../../checkpoint/checkpoint.js';
import { checkpointFile, isFairseqFile } from '../../checkpoint/checkpoint-path.js';
import { quantizeWeights } from '../../checkpoint/int8-weights.js';
import { checkRecordedModel } from '../../checkpoint/recorded-model.js';
import { builtInComponents } from '../../components.js';
import { UserError } from '../../errors.js';
import { defineOptions } from '../../options/schema.js';
import { defineCommand } from '../command.js';

export const convertCommand = defineCommand({
  name: 'convert',
  description:
    "Writes a checkpoint in another format: a name that ends in .pt is a file of fairseq's, any other a checkpoint of ours. Weights, optimizer and the state of training are kept; a file of fairseq's is read without executing anything in it.",
  arguments: [
    { name: 'in', help: 'the checkpoint: a stem, or a .pt' },
    { name: 'out', help: 'where it is written: a stem, or a .pt' },
  ],
  options: defineOptions({
    int8: {
      kind: 'boolean',
      default: false,
      help: 'store matrices as int8 with a scale a row: a quarter of the size, for translating only; not for .pt',
    },
  }),
  examples: [
    'ts-fairseq convert model.pt checkpoints/model',
    'ts-fairseq convert checkpoints/checkpoint_best checkpoint_best.pt',
    'ts-fairseq convert --int8 checkpoints/averaged checkpoints/averaged-int8',
  ],
  async run({ args, options }) {
    const [from, to] = args as [string, string];
    if (options.int8 && isFairseqFile(to)) {
      throw new UserError(`--int8: fairseq has no int8 checkpoints (${to})`, 'name an output that does not end in .pt');
    }
    if (resolve(checkpointFile(from)) === resolve(checkpointFile(to))) {
      throw new UserError(`${from} is the input and the output`, 'name another output');
    }
    checkRecordedModel(from, describeCheckpoint(from), builtInComponents().architectures);
    const checkpoint = loadCheckpoint(from, { optimizer: !options.int8, ema: !options.int8 });
    saveCheckpoint(to, options.int8 ? { ...checkpoint, weights: quantizeWeights(checkpoint.weights) } : checkpoint);
    process.stderr.write(`converted ${checkpointFile(from)} to ${checkpointFile(to)}\n`);
  },
});
