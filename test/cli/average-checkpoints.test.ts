import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadCheckpoint, saveCheckpoint } from '../../src/checkpoint/checkpoint.js';
import { runCommand } from '../../src/cli/command.js';
import { averageCheckpointsCommand } from '../../src/cli/commands/average-checkpoints.js';
import { plugInMetadata, sampleCheckpoint } from '../checkpoint/sample.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = temporaryFolder();
afterEach(() => vi.restoreAllMocks());

describe('average-checkpoints', () => {
  it('writes the mean of the last epochs of a folder', async () => {
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    for (const epoch of [1, 2, 3]) {
      const checkpoint = { ...sampleCheckpoint(epoch), metadata: plugInMetadata };
      saveCheckpoint(join(folder, `checkpoint${epoch}`), checkpoint);
    }
    const output = join(folder, 'averaged');
    await runCommand(averageCheckpointsCommand, [
      '--inputs',
      folder,
      '--num-epoch-checkpoints',
      '2',
      '--output',
      output,
    ]);
    const { weights } = loadCheckpoint(output, { optimizer: false });
    expect([...weights.get('encoder.embed_tokens.weight')!.data]).toEqual([2.5]);
  });

  it('does not overwrite an input, whose training state would be lost', async () => {
    const path = join(folder, 'checkpoint1');
    const argv = ['--inputs', path, join(folder, 'checkpoint2'), '--output', `${path}.safetensors`];
    await expect(runCommand(averageCheckpointsCommand, argv)).rejects.toThrow(
      `--output ${path}.safetensors is one of the inputs`,
    );
  });

  it('asks for the output when it is missing', async () => {
    await expect(runCommand(averageCheckpointsCommand, ['--inputs', folder])).rejects.toThrow(/--output is missing/);
  });
});
