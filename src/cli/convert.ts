import { loadCheckpoint, saveCheckpoint } from '../checkpoint/checkpoint.js';
import { checkpointFile } from '../checkpoint/checkpoint-path.js';
import { defineOptions } from '../options/schema.js';
import { defineCommand } from './command.js';

export const convertCommand = defineCommand({
  name: 'convert',
  description:
    "Writes a checkpoint in another format: a name that ends in .pt is a file of fairseq's, any other a checkpoint of ours. Weights, optimizer and the state of training are kept; a file of fairseq's is read without executing anything in it.",
  arguments: [
    { name: 'in', help: 'the checkpoint: a stem, or a .pt' },
    { name: 'out', help: 'where it is written: a stem, or a .pt' },
  ],
  options: defineOptions({}),
  examples: [
    'ts-fairseq convert model.pt checkpoints/model',
    'ts-fairseq convert checkpoints/checkpoint_best checkpoint_best.pt',
  ],
  async run({ args }) {
    const [from, to] = args as [string, string];
    saveCheckpoint(to, loadCheckpoint(from, { optimizer: true, ema: true }));
    process.stderr.write(`converted ${checkpointFile(from)} to ${checkpointFile(to)}\n`);
  },
});
