import { resolve } from 'node:path';
import { describeCheckpoint, loadCheckpoint, saveCheckpoint } from '../../checkpoint/checkpoint.js';
import { checkpointFile, isFairseqFile } from '../../checkpoint/checkpoint-path.js';
import { compactWeights } from '../../checkpoint/compact-weights.js';
import { checkRecordedModel } from '../../checkpoint/recorded-model.js';
import { builtInComponents } from '../../components.js';
import { UserError } from '../../errors.js';
import { openModelPaths } from '../../model-folder/model-paths.js';
import { defineOptions } from '../../options/schema.js';
import { defineCommand } from '../command.js';

export const convertCommand = defineCommand({
  name: 'convert',
  description:
    "Converts a checkpoint. A name that ends in .pt means fairseq's format; any other name means ts-fairseq's own. Weights, optimizer state and training state are kept. Nothing in a .pt file is executed.",
  arguments: [
    { name: 'in', help: 'checkpoint to read: a stem, a .pt file or a model folder' },
    { name: 'out', help: 'checkpoint to write: a stem or a .pt file' },
  ],
  options: defineOptions({
    int8: {
      kind: 'boolean',
      default: false,
      help: 'store matrices as int8 with one scale per row: a quarter of the size, for translation only; not for .pt files',
    },
  }),
  examples: [
    'ts-fairseq convert model.pt checkpoints/model',
    'ts-fairseq convert checkpoints/checkpoint_best checkpoint_best.pt',
    'ts-fairseq convert --int8 checkpoints/averaged checkpoints/averaged-int8',
  ],
  async run({ args, options }) {
    const [from, to] = [modelOf(args[0]!), args[1]!];
    if (options.int8 && isFairseqFile(to)) {
      throw new UserError(
        `--int8: fairseq has no int8 checkpoints (${to})`,
        'choose an output name that does not end in .pt',
      );
    }
    if (resolve(checkpointFile(from)) === resolve(checkpointFile(to))) {
      throw new UserError(`${from} is both the input and the output`, 'choose another output name');
    }
    checkRecordedModel(from, describeCheckpoint(from), builtInComponents().architectures);
    const checkpoint = loadCheckpoint(from, { optimizer: !options.int8, ema: !options.int8 });
    saveCheckpoint(to, {
      ...checkpoint,
      weights: compactWeights(checkpoint.weights, options.int8 ? 'int8' : 'float32'),
    });
    process.stderr.write(`converted ${checkpointFile(from)} to ${checkpointFile(to)}\n`);
  },
});

/** The checkpoint of a model folder; another name unchanged. @throws UserError for an ensemble */
function modelOf(name: string): string {
  const { stems } = openModelPaths([name]);
  const [stem] = stems;
  if (stems.length === 1) return stem!;
  throw new UserError(`${name} has ${stems.length} models`, `convert them one by one: ${stems.join(', ')}`);
}
